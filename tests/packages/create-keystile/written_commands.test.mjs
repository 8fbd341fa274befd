// The commands that a new project's README and package.json write are ones that there are.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { callsOf, wrongOf } from "../../documents/keystile_calls.mjs";
import { project } from "../installed.mjs";

let installed;
before(() => (installed = project("create-keystile")));
after(() => installed.remove());

for (const template of ["api", "webhooks"]) {
  test(`the README and the scripts of the template ${template}`, async () => {
    const create = installed.file("node_modules", "create-keystile", "bin", "create-keystile.js");
    execFileSync(process.execPath, [create, template, "--yes", "--template", template], { cwd: installed.directory });
    const read = (name) => readFileSync(installed.file(template, name), "utf8");
    const [, commands] = /```sh\n([^]*?)```/.exec(read("README.md"));
    const { scripts } = JSON.parse(read("package.json"));
    // It is the program itself, for what the caller adds.
    const { keystile, ...whole } = scripts;
    assert.equal(keystile, "keystile");
    const calls = [commands, ...Object.values(whole)].flatMap((text) => callsOf({ at: template, text }));
    assert.ok(calls.length >= 3, JSON.stringify(calls));
    assert.deepEqual(await wrongOf(calls, { lenient: true }), []);
    for (const [, script] of commands.matchAll(/^npm run ([\w-]+)/gm)) assert.ok(scripts[script], `npm run ${script}`);
  });
}
