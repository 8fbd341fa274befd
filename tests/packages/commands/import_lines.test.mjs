// Mistakes in files of keys to import: their place is told, and no part of a key.

import assert from "node:assert/strict";
import { test } from "node:test";

import { importLines } from "../../../packages/cli/src/commands/import_lines.mjs";

const GOOD = '{"keys": [{"key": "gk_live_\\u0041\\n\\"x", "n": -1.5e+10, "t": true, "z": null}, [], {}]}';

for (const [text, place] of [
  ['{"keys": [gk_live_secret]}', "line 1, column 11"],
  ['{"keys": [\n  {"key": "gk_live_secret"} {"key": "gk_live_other"}\n]}', "line 2, column 29"],
  ["gk_live_secret", "line 1, column 1"],
  ['[{"key": "gk_live_secret"},]', "line 1, column 28"],
  ['[{"key": "gk_live_secret\n"}]', "line 1, column 25"],
]) {
  test(`${JSON.stringify(text)} isn't JSON`, () => refusedAt(text, place));
}

test("a file that is cut off anywhere lacks its end", () => {
  for (let length = 0; length < GOOD.length; length += 1) refusedAt(GOOD.slice(0, length), "its end, which is missing");
});

function refusedAt(text, place) {
  assert.throws(() => importLines(text, "json"), {
    message: `The file isn't JSON: see ${place}. If each line is JSON: --format ndjson`,
  });
}
