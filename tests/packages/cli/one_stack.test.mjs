// `keystile dev`, and `npm start` of a clone, keep their state at the same place. Only one of them runs there at a time.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { claim, release } from "../../../packages/cli/src/project/one_stack.mjs";
import { own } from "../../../packages/cli/src/project/place.mjs";
import { projectOf } from "../../../packages/cli/src/project/project.mjs";
import { place as clone } from "../../../scripts/place.mjs";

let home;
before(() => (home = mkdtempSync(path.join(tmpdir(), "keystile-one-stack-"))));
after(() => rmSync(home, { recursive: true, force: true }));

/** The two places of one directory: a project's, and a clone's. */
const places = () => [projectOf({}, { cwd: home, say: () => {} }), { ...clone, home, say: () => {} }];

test("both keep their record at one place", () => {
  const [project, ofClone] = places();
  assert.equal(own(project, "pid"), own(ofClone, "pid"));
  assert.equal(own(project, "stack.json"), own(ofClone, "stack.json"));
});

for (const [start, args] of [["npm start", ["scripts/start.mjs"]], ["keystile dev", ["node_modules/.bin/keystile", "dev"]]]) {
  test(`where ${start} runs, none of them starts`, async () => {
    for (const place of places()) {
      const running = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)", ...args], { stdio: "ignore" });
      try {
        await claim(place);
        const record = JSON.parse(readFileSync(own(place, "pid"), "utf8"));
        writeFileSync(own(place, "pid"), JSON.stringify({ ...record, pid: running.pid, start }));
        await assert.rejects(claim(place), {
          message: `${start} already runs here, as process ${running.pid}. It shares .keystile/state, so stop it first.`,
        });
      } finally {
        running.kill();
        release(place);
      }
      assert.ok(!existsSync(own(place, "pid")));
    }
  });
}
