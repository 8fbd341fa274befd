// docs/reference/logs.md lists the events that the workers log, each with its level and its members, and no other.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { inRoot } from "../../scripts/tools.mjs";
import { loggedEvents } from "./log_events.mjs";

const WORKERS = {
  "The edge": "edge",
  "The management worker": "manage",
  "The receiver of webhooks": "hooks",
  "The limiter": "limiter",
  "The sender": "sender",
  "All workers": "all",
};

/** The rows of the page's tables: {worker, event, levels, fields, meaning, remedy}. */
function documented() {
  const sections = readFileSync(inRoot("docs", "reference", "logs.md"), "utf8").split("\n## ").slice(1);
  return sections.flatMap((section) => {
    const worker = WORKERS[section.slice(0, section.indexOf("\n"))];
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    return rows.map((row) => {
      const [, event, levels, fields, meaning, remedy] = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
      const names = (cell) => [...cell.matchAll(/\w+/g)].map(([name]) => name);
      return { worker, event: event.slice(1, -1), levels: names(levels), fields: names(fields), meaning, remedy };
    });
  });
}

test("each event that a worker logs is on the page, with its level and its members, and no other is", () => {
  const shown = documented().map(({ worker, event, levels, fields }) => ({ worker, event, levels, fields }));
  const order = (one, other) => (`${one.worker} ${one.event}` < `${other.worker} ${other.event}` ? -1 : 1);
  assert.deepEqual(shown.sort(order), loggedEvents(), "change docs/reference/logs.md");
});

test("each event says what it means and what to do", () => {
  for (const { event, meaning, remedy } of documented()) {
    assert.ok(meaning.length > 10, event);
    assert.ok(remedy.length > 3, event);
  }
});
