// An example of examples/, installed as its README says: a project of its own, with the packed package.

import { cpSync, existsSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";

import { unstable_readConfig as readConfig } from "wrangler";

import { inRoot } from "../../../scripts/tools.mjs";
import { project } from "../installed.mjs";

/** Installs it. Returns its `file(...parts)`, and `remove()`. */
export function install(name) {
  const installed = project("keystile");
  const source = inRoot("examples", name);
  cpSync(source, installed.directory, { recursive: true, filter: (file) => isOfTheRepository(path.relative(source, file)) });
  const { dependencies } = JSON.parse(readFileSync(path.join(source, "package.json"), "utf8"));
  // The repository has Hono, too. Next has it not: its route handlers are functions, which need nothing of it.
  for (const other of Object.keys(dependencies).filter((name) => existsSync(inRoot("node_modules", name)))) {
    symlinkSync(inRoot("node_modules", other), installed.file("node_modules", other), "junction");
  }
  return installed;
}

/** Its Worker, for a stack, as its wrangler.toml says; the edge of the stack is "edge1". */
export function workerOf(example) {
  const { name, main, compatibility_date, compatibility_flags, services } = readConfig({ config: example.file("wrangler.toml") });
  const bound = services.map((each) => ({ ...each, service: each.service === "keystile-edge" ? "edge1" : each.service }));
  return { name, main, compatibility_date, compatibility_flags, services: bound };
}

const isOfTheRepository = (file) => !["node_modules", ".keystile", ".wrangler", ".dev.vars", ".next"].includes(file.split(path.sep)[0]);
