// What an export costs page by page, and what it says while its ledger changes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { exported } from "../../support/exporting.mjs";
import { startRig } from "../../support/rig.mjs";

const HOUR = 3_600_000;
const ROWS = 1_500;

let old;
before(async () => {
  old = await startRig({ name: "backup-pages-old", edges: {}, handles: true });
});
after(() => old?.close());

const outOf = (tenant) => `/v1/tenants/${tenant}/export`;

/** What makes the row number n of each table that an export has row by row, but for the one that has one row at most. */
const rowOf = (hour) => ({
  quota_additions: "'add_' || n, 'monthly', NULL, 1, 9007199254740991, n, NULL, NULL",
  usage: `printf('key_%020d', n / 100), ${hour} + n % 100, 'VALID', 1`,
  usage_late: `printf('key_%020d', n / 100), ${hour} + n % 100, 'VALID', 1`,
  usage_folded: "printf('key_%020d', n), 'VALID', 1",
  tenant_usage: `${hour} + n % 100, 'CODE_' || (n / 100), 1, 1`,
  tenant_usage_folded: "'CODE_' || n, 1",
  exposures: "printf('key_%020d', n), 'operator', n, 'commit', '', n",
  reminders: "'reminder_' || n, 1, NULL",
  unused_keys: "printf('key_%020d', n), 1, 9007199254740991, 0",
});

test("a page of an export reads the rows that are on it, whichever table they are of", async () => {
  await old.create("long");
  const rows = rowOf(Math.floor(Date.now() / HOUR) - 200);
  for (const [table, row] of Object.entries(rows)) {
    await old.sql("long", `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${ROWS})
      INSERT INTO ${table} SELECT ${row} FROM numbers`);
  }
  await old.statements("long");
  const text = await exported(old, outOf("long"));
  const cost = {};
  for (const [query, read] of await old.statements("long")) {
    const table = /^SELECT json_object\(.*? AS key FROM \(?.*?\b(usage_folded|\w+)/s.exec(query)?.[1];
    if (table && table in { ...rows, usage_closing: 1 }) cost[table] = (cost[table] ?? 0) + read;
  }
  assert.deepEqual(Object.keys(cost).toSorted(), [...Object.keys(rows), "usage_closing"].toSorted());
  for (const table of Object.keys(rows)) {
    assert.ok(text.split(`\n{"${table}":`).length > ROWS, table);
    // A row of a table that is not its own index is read in both.
    assert.ok(cost[table] <= 2 * ROWS + 50, `${cost[table]} rows of ${table}`);
  }
});
