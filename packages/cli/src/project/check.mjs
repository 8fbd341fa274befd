// `keystile check`: every mistake of keystile.toml with its line and what to write.

import path from "node:path";

import { Mistaken, readConfiguration } from "./configuration.mjs";
import { whatCannotWork } from "./deploy.mjs";
import { CONFIG, projectOf } from "./project.mjs";
import { findServices } from "./services.mjs";

export const check = {
  name: "check",
  summary: "check keystile.toml: each mistake with its line and what to write",
  options: { config: CONFIG, json: { type: "boolean", summary: "mistakes, warnings and facts as JSON" } },
  async run({ values, io }) {
    const place = projectOf(values, io);
    const shown = path.relative(place.home, place.file);
    let read;
    try {
      read = await readConfiguration(place.file, place.home);
    } catch (error) {
      if (!(error instanceof Mistaken)) throw error;
      if (values.json) io.out(JSON.stringify({ ok: false, mistakes: error.mistakes, warnings: [] }));
      else error.mistakes.forEach((mistake) => io.say(`✗ ${mistake}`));
      return 1;
    }
    const found = await findServices(read.summary, place.home);
    const local = whatCannotWork(read.summary, found).map((each) => `${shown}: it runs on this machine, and can't be deployed so. ${each}`);
    const warnings = [...read.warnings, ...local];
    if (values.json) {
      io.out(JSON.stringify({ ok: true, mistakes: [], warnings, summary: read.summary }));
      return 0;
    }
    warnings.forEach((warning) => io.say(`! ${warning}`));
    io.say(`✓ ${shown} is good.`);
    return 0;
  },
};
