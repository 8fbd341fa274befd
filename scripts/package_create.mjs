// Fills `dist` of the package `create-keystile`: the program in one file, and a configuration for each template. Those of
// the five products are the repository's examples, whose tests they pass.

import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { EXAMPLES } from "../packages/create-keystile/src/templates.mjs";
import { Failed } from "./run.mjs";
import { inRoot, root } from "./tools.mjs";

export async function buildCreate(directory) {
  const { build } = await import("esbuild");
  // Made beside it and moved into place when complete.
  const staging = path.join(directory, `.dist.${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  try {
    await build({
      absWorkingDir: root,
      entryPoints: [path.join(directory, "src", "main.mjs")],
      outfile: path.join(staging, "main.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node22.12",
      legalComments: "none",
      logLevel: "silent",
    });
    writeTemplates(directory, path.join(staging, "templates"));
    for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) cpSync(inRoot(license), path.join(directory, license));
    rmSync(path.join(directory, "dist"), { recursive: true, force: true });
    renameSync(staging, path.join(directory, "dist"));
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function writeTemplates(directory, into) {
  mkdirSync(into, { recursive: true });
  const own = path.join(directory, "templates");
  for (const file of readdirSync(own)) cpSync(path.join(own, file), path.join(into, file));
  for (const [template, example] of Object.entries(EXAMPLES)) {
    writeFileSync(path.join(into, `${template}.toml`), fromExample(example));
  }
}

/** The example with places for a name and a prefix, and without the comment that introduces it here. */
function fromExample(example) {
  const text = readFileSync(inRoot("examples", example, "keystile.toml"), "utf8").replace(/^(#.*\n)+\n*/, "");
  return [
    [/^name = ".*"$/m, 'name = "NAME"'],
    [/^prefix = ".*"$/m, 'prefix = "PREFIX"'],
  ].reduce((changed, [line, place]) => {
    if (!line.test(changed)) throw new Failed(`examples/${example}/keystile.toml has no line like ${line}.`);
    return changed.replace(line, place);
  }, text);
}
