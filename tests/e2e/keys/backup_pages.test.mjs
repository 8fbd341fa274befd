// The cost of an export page by page, and its content while its ledger changes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { exported, partsOf } from "../../support/exporting.mjs";
import { ALLOW_IMPORTED, importing, line, oldKey } from "../../support/importing.mjs";
import { startRig } from "../../support/rig.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ROWS = 1_500;
/** The rows on a page. */
const PAGE = 500;
const CODES = 20;

let old;
before(async () => {
  old = await startRig({ name: "backup-pages-old", edges: {}, handles: true, settings: ALLOW_IMPORTED });
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
  await old.sql("long", `DELETE FROM tenant_usage_folded WHERE code NOT IN (SELECT code FROM tenant_usage_folded LIMIT ${CODES})`);
  await old.statements("long");
  const text = await exported(old, outOf("long"));
  const most = {};
  // Totals are read from two tables: the longer name is that of the lines.
  const names = [...Object.keys(rows), "usage_closing"].toSorted((one, other) => other.length - one.length);
  for (const [query, read] of await old.statements("long")) {
    const [, source] = /^SELECT json_object\(.*? AS key FROM (.*)/s.exec(query) ?? [];
    const table = source && names.find((name) => new RegExp(`\\b${name}\\b`).test(source));
    if (table) most[table] = Math.max(most[table] ?? 0, read);
  }
  assert.deepEqual(Object.keys(most).toSorted(), names.toSorted());
  for (const table of Object.keys(rows)) {
    assert.ok(text.split(`\n{"${table}":`).length > (table === "tenant_usage_folded" ? CODES : ROWS), table);
    // For totals SQLite finds the keys, sums up and sorts, and counts each as reading the row again.
    const times = table === "usage_folded" ? 8 : 1;
    assert.ok(most[table] <= times * PAGE + 20, `${most[table]} rows of ${table} for one page`);
  }
});

/** The offset of a clock that shows this much after the next midnight, UTC. */
const afterMidnight = (ms) => DAY - (Date.now() % DAY) + ms;

test("uses that are folded between two pages of an export are in it once", async () => {
  await old.clock(afterMidnight(-HOUR));
  const texts = Array.from({ length: 600 }, () => oldKey());
  for (const some of [texts.slice(0, 300), texts.slice(300)]) await importing(old).imported("folding", some.map((text) => line(text)));
  const now = Math.floor((Date.now() + afterMidnight(-HOUR)) / HOUR);
  const oldest = Math.floor(now / 24) * 24 - 90 * 24;
  const fill = async () => {
    for (const table of ["usage", "usage_folded", "tenant_usage", "tenant_usage_folded"]) await old.sql("folding", `DELETE FROM ${table}`);
    for (const hour of [oldest, now - 3]) await old.sql("folding", `INSERT INTO usage SELECT id, ${hour}, 'VALID', 1 FROM keys`);
    await old.sql("folding", "INSERT INTO usage_folded SELECT id, 'EXPIRED', 1 FROM keys");
    await old.sql("folding", `WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 719)
      INSERT INTO tenant_usage SELECT ${oldest} + n % 24, 'CODE_' || (n / 24), 1, 1 FROM numbers`);
    await old.sql("folding", `INSERT INTO tenant_usage VALUES (${now - 3}, 'CODE_1', 1, 1)`);
  };
  let pages;
  for (let cut = 1; cut < (pages?.length ?? 2); cut += 1) {
    await old.clock(afterMidnight(-HOUR));
    await fill();
    ({ pages } = partsOf(await exported(old, outOf("folding"))));
    await old.clock(afterMidnight(HOUR));
    await old.object("LEDGER", "folding", "__alarm");
    assert.deepEqual(await old.sql("folding", `SELECT * FROM usage WHERE hour < ${oldest + 24}`), [], "they are folded");
    const { mark } = JSON.parse(pages[cut - 1].trimEnd().split("\n").at(-1)).page;
    const text = pages.slice(0, cut).join("") + (await exported(old, `${outOf("folding")}?after=${mark}`));
    const sums = { usage: 0, usage_folded: 0, tenant_usage: 0, tenant_usage_folded: 0 };
    for (const each of text.trimEnd().split("\n")) {
      const [[table, row]] = Object.entries(JSON.parse(each));
      if (table in sums) sums[table] += row.count;
    }
    const { usage, usage_folded, tenant_usage, tenant_usage_folded } = sums;
    assert.deepEqual([usage + usage_folded, tenant_usage + tenant_usage_folded], [1_800, 721], `page ${cut}: ${JSON.stringify(sums)}`);
  }
  assert.ok(pages.length >= 5, `${pages.length} pages`);
  // One that began long before midnight doesn't go on after it.
  await old.clock(afterMidnight(-12 * HOUR));
  await fill();
  ({ pages } = partsOf(await exported(old, outOf("folding"))));
  const { mark } = JSON.parse(pages[0].trimEnd().split("\n").at(-1)).page;
  await old.clock(afterMidnight(HOUR));
  const late = await old.manage("GET", `${outOf("folding")}?after=${mark}`);
  await old.clock(0);
  assert.deepEqual([late.status, late.body.errors?.[0].field], [422, "after"], late.text);
});
