// `npm run bench` and its document: each figure is described with its budget, and a part that fails stops no other.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { all, figure, ratio, table } from "../../bench/figures.mjs";
import { measureParts, wrong } from "../../scripts/bench.mjs";
import { Failed } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";

const page = readFileSync(inRoot("docs", "design", "benchmarks.md"), "utf8");
const list = page.slice(page.indexOf("\n## The figures"), page.indexOf("\n## The guard"));

test("the document's list has every figure and its budget, and no other", () => {
  const rows = [...list.matchAll(/^\| `(\w+)` \| .* \| ([^|]+) \|$/gm)].map(([, name, budget]) => [name, budget]);
  const limit = ({ unit, budget, moreIsBetter }) => {
    if (budget === undefined) return "none";
    return `${moreIsBetter ? "at least" : "at most"} ${budget}${unit === "ratio" ? "" : ` ${unit}`}`;
  };
  assert.deepEqual(rows.toSorted(), all().map((each) => [each.name, limit(each)]).toSorted());
});

test("a figure is judged as it is shown, by the median; without a budget it isn't judged", () => {
  assert.deepEqual(figure("edge_kib", 170.04, [169, 170.04]), {
    name: "edge_kib",
    value: 170,
    unit: "KiB",
    budget: 170,
    met: true,
    spread: [169, 170],
  });
  assert.equal(figure("edge_kib", 170.06).met, false);
  const fast = ratio("webhook_workers_256", [4, 1, 9], [2, 2, 2]);
  assert.deepEqual([fast.value, fast.met, fast.spread], [2, true, [0.5, 4.5]]);
  const polls = figure("polls_per_s", 1000);
  assert.deepEqual([polls.budget, polls.met], [null, null]);
  assert.match(table([polls]), /^\|  \| `polls_per_s` \| 1000 \| 1000 to 1000 \| per s \| none \|$/m);
});

test("a part that fails is named, and the others are measured", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  const parts = {
    broken: () => Promise.reject(new Failed("wrk is not installed")),
    size: async () => [figure("edge_kib", 200), figure("edge_startup_ms", 10)],
  };
  const written = [];
  const measured = await measureParts(parts, ["broken", "size"], (figures) => written.push(figures.length));
  assert.deepEqual(said.mock.calls.map(({ arguments: given }) => given.join(" ")), [
    "✗ broken was not measured: wrk is not installed",
  ]);
  assert.deepEqual(written, [0, 2]);
  assert.deepEqual(measured.figures.map(({ name }) => name), ["edge_kib", "edge_startup_ms"]);
  assert.deepEqual(wrong(measured), ["broken", "edge_kib"], "what --strict refuses");
});

test("an unknown part is answered with those that there are", () => {
  const options = { encoding: "utf8", stdio: "pipe" };
  const ask = () => execFileSync(process.execPath, [inRoot("scripts", "bench.mjs"), "gard"], options);
  assert.throws(ask, ({ stderr }) => /Measure what\? size, guard, .*, not "gard"\./.test(stderr));
});
