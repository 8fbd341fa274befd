// `keystile/webhooks` in Deno and Bun, as a project of theirs imports it. Deno gives it no permission at all.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { project } from "../installed.mjs";
import { checks } from "./webhooks_checks.mjs";
import { program } from "./webhooks_program.mjs";

const { directory, file, remove } = project("keystile");
after(remove);
writeFileSync(file("package.json"), '{ "type": "module" }');
for (const entry of ["webhooks", "webhooks/inline"]) writeFileSync(file(nameOf(entry)), program(`keystile/${entry}`));

const RUNTIMES = {
  deno: ["run", "--no-prompt", "--node-modules-dir=manual"],
  bun: ["run"],
};

for (const [runtime, options] of Object.entries(RUNTIMES)) {
  for (const entry of ["webhooks", "webhooks/inline"]) {
    test(`keystile/${entry} in ${runtime}`, () => {
      const said = execFileSync(programOf(runtime), [...options, nameOf(entry)], { cwd: directory, maxBuffer: 1 << 24 });
      assert.deepEqual(JSON.parse(said), Object.fromEntries(Object.keys(checks).map((name) => [name, "ok"])));
    });
  }
}

function nameOf(entry) {
  return `${entry.replace("/", "_")}.mjs`;
}

/** The program itself: npm's own script would link it, and scripts are not run. */
function programOf(runtime) {
  const scope = inRoot("tests", "packages", "runtimes", "node_modules", runtime === "deno" ? "@deno" : "@oven");
  const within = (name) => [path.join(scope, name, runtime), path.join(scope, name, "bin", runtime)];
  return readdirSync(scope).flatMap(within).find(existsSync);
}
