// Uses for billing: each use in one line of one closed hour, whatever is lost, late or killed on the way.

import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { eventually, ROOT_KEY, SECRET, startRig } from "../../support/rig.mjs";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let rig;
before(async () => (rig = await startRig({ name: "usage-export", edges: {}, handles: true })));
after(() => rig?.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
});

const hourOf = (millis) => Math.floor(millis / HOUR);
/** The beginning of an hour, counted from the present one. */
const hour = (ahead) => new Date((hourOf(Date.now()) + ahead) * HOUR).toISOString();
const path = (tenant) => (tenant ? `/v1/tenants/${tenant}/usage/export` : "/v1/usage/export");
const ask = (tenant, query, options) => rig.manage("GET", `${path(tenant)}?${new URLSearchParams(query)}`, undefined, options);
let isolates = 0;
/** Sends a ledger uses, as an edge would whose clock is `ahead` hours from the real one. */
const use = (tenant, key, count, ahead, { code = "VALID", isolate = `isolate${(isolates += 1)}`, sequence = 1 } = {}) => {
  const at = Date.now() + ahead * HOUR;
  const uses = [{ key_id: key.id, hour: hourOf(at), code, count, last_at: at }];
  return rig.object("LEDGER", tenant, "usage", { isolate, sequence, uses });
};
/** Sets the clock to so many hours from the real one. */
const clock = (ahead) => rig.clock(ahead * HOUR);

/** One answer: its lines, and its end, whose signature is right. */
async function exported(tenant, query, options) {
  const { status, text, headers } = await ask(tenant, query, options);
  assert.equal(status, 200, text);
  assert.equal(headers.get("content-type"), "application/x-ndjson");
  const entries = text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const { end, signature } = entries.pop();
  assert.equal(signature, signatureOf(text));
  assert.deepEqual([end.lines, end.uses], [entries.length, entries.reduce((sum, { uses }) => sum + uses, 0)]);
  assert.deepEqual([Date.parse(end.from), Date.parse(end.to)], [Date.parse(query.from), Date.parse(query.to)]);
  assert.deepEqual([end.tenant, end.after], [tenant ?? null, query.after ?? null], "which question it answers");
  return { lines: entries, end };
}

function signatureOf(text) {
  const key = Buffer.from(hkdfSync("sha256", Buffer.from(SECRET, "base64"), "", "keystile/v1/usage-export", 32));
  return createHmac("sha256", key).update(text.slice(0, text.lastIndexOf(',"signature"'))).digest("base64url");
}

/** All lines, over as many answers as it takes. */
async function all(tenant, query) {
  const lines = [];
  let answers = 0;
  for (let after; ; answers += 1) {
    const answer = await exported(tenant, after ? { ...query, after } : query);
    lines.push(...answer.lines);
    if (answer.end.next === null) return { lines, answers: answers + 1 };
    after = answer.end.next;
  }
}

test("a line has the uses of one key in one hour with one outcome, and an id that stays", async () => {
  await clock(-10);
  const key = await rig.create("lines");
  await use("lines", key, 3, -10);
  await use("lines", key, 4, -10);
  await use("lines", key, 1, -10, { code: "EXPIRED" });
  await clock(-8);
  await use("lines", key, 2, -8);
  await clock(0);
  const query = { from: hour(-10), to: hour(-7) };
  const { lines, end } = await exported("lines", query);
  const line = (ahead, code, uses) => ({
    id: `lines/${hourOf(Date.now()) + ahead}/${key.id}/${code}`,
    tenant: "lines", key_id: key.id, hour: hour(ahead), code, uses, late: 0,
  });
  assert.deepEqual(lines, [line(-10, "EXPIRED", 1), line(-10, "VALID", 7), line(-8, "VALID", 2)]);
  assert.equal(end.next, null);
  assert.deepEqual(await exported("lines", query), { lines, end }, "the same another time");
  assert.deepEqual((await exported("lines", { from: hour(-9), to: hour(-8) })).lines, []);
  const rest = await exported("lines", { ...query, after: lines[1].id });
  assert.deepEqual(rest.lines, [lines[2]]);
});

test("an hour is to be had two hours after its end, and for 90 days", async () => {
  await rig.create("closed");
  assert.equal((await ask("closed", { from: hour(-4), to: hour(-2) })).status, 200);
  const open = await ask("closed", { from: hour(-4), to: hour(-1) });
  assert.equal(open.status, 422);
  assert.equal(open.body.errors[0].field, "to");
  assert.ok(open.body.errors[0].detail.includes(hour(-2)), open.text);
  assert.equal((await ask("closed", { from: hour(-89 * 24), to: hour(-2) })).status, 200);
  const gone = await ask("closed", { from: hour(-92 * 24), to: hour(-2) });
  assert.deepEqual([gone.status, gone.body.errors[0].field], [422, "from"]);
  for (const query of [{}, { from: hour(-4) }, { from: "yesterday", to: hour(-2) }, { from: hour(-4), to: hour(-4) }, { from: hour(-4), to: hour(-2), after: "other" }]) {
    assert.equal((await ask("closed", query)).status, 422, JSON.stringify(query));
  }
});

test("a use that comes after its hour was closed counts in the hour in which it comes, and is marked", async () => {
  await clock(-10);
  const key = await rig.create("late");
  await use("late", key, 5, -10);
  await clock(-6);
  const first = { from: hour(-10), to: hour(-9) };
  const { lines: before } = await exported("late", first);
  await use("late", key, 2, -10);
  await use("late", key, 1, -6);
  await clock(0);
  assert.deepEqual((await exported("late", first)).lines, before, "what was exported stays");
  const { lines } = await exported("late", { from: hour(-9), to: hour(-4) });
  assert.deepEqual(lines.map(({ hour: at, uses, late }) => [at, uses, late]), [[hour(-6), 3, 2]]);
  const shown = (await rig.manage("GET", `/v1/tenants/late/keys/${key.id}/usage`)).body;
  assert.equal(shown.all.allowed, 8);
});

test("what was exported stays closed when a clock that was ahead is set back", async () => {
  await clock(-20);
  const key = await rig.create("clocks");
  await use("clocks", key, 1, -20);
  await clock(-5);
  const query = { from: hour(-20), to: hour(-8) };
  const { lines } = await exported("clocks", query);
  await clock(-19);
  await use("clocks", key, 4, -19);
  await use("clocks", key, 8, -20);
  await clock(0);
  assert.deepEqual((await exported("clocks", query)).lines, lines);
  const { lines: later } = await exported("clocks", { from: hour(-8), to: hour(-2) });
  assert.deepEqual(later.map(({ uses, late }) => [uses, late]), [[12, 12]]);
});

test("each use is in one line, whatever is lost, late or killed on the way", async () => {
  await clock(-30);
  const keys = [await rig.create("chaos"), await rig.create("chaos")];
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = (below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
  const billed = new Map();
  let used = 0;
  let exportedTo = -31;
  /** Takes an export as a billing system does: a line counts once, by its id, and never says something else. */
  const bill = async (to) => {
    const { lines } = await all("chaos", { from: hour(exportedTo), to: hour(to) });
    for (const line of lines) {
      assert.deepEqual(billed.get(line.id) ?? line, line, `seed ${seed}`);
      billed.set(line.id, line);
    }
    // Sometimes it forgets that it had these.
    if (random(3) > 0) exportedTo = to;
  };
  for (let now = -30; now < -4; now += 1) {
    await clock(now);
    for (let batch = 0; batch < 4; batch += 1) {
      const [key, count, ago] = [keys[random(2)], 1 + random(9), random(4) === 0 ? random(12) : 0];
      const sent = { isolate: `chaos${now}-${batch}`, sequence: 1 };
      const send = () => use("chaos", key, count, Math.max(now - ago, -30), sent);
      used += count;
      const way = random(4);
      if (way === 0) {
        await rig.failing("INTO usage ");
        assert.equal((await send()).status, 500);
        await rig.failing(null);
      }
      if (way === 1) {
        await send();
        await rig.object("LEDGER", "chaos", "__kill").catch(() => {});
      }
      await eventually(async () => assert.equal((await send()).status, 200));
      if (way === 2) await send();
    }
    if (random(2) === 0 && now - 2 > exportedTo) await bill(now - 2);
  }
  await clock(0);
  await bill(-2);
  const sum = [...billed.values()].reduce((total, { uses }) => total + uses, 0);
  assert.equal(sum, used, `seed ${seed}`);
  assert.ok([...billed.values()].some(({ late }) => late > 0), "some were late");
});

test("of all tenants it goes by name, and on in further answers", async () => {
  await clock(-10);
  const names = Array.from({ length: 50 }, (_, index) => `many${String(index).padStart(2, "0")}`);
  await Promise.all(names.map(async (name, index) => use(name, await rig.create(name), 1 + index, -10)));
  await clock(0);
  const query = { from: hour(-10), to: hour(-9) };
  const { lines, answers } = await all(undefined, query);
  assert.ok(answers > 1, "an answer may make 40 calls");
  assert.deepEqual([...new Set(lines.map(({ tenant }) => tenant))].filter((name) => name.startsWith("many")), names);
  for (const name of names) {
    assert.deepEqual(lines.filter(({ tenant }) => tenant === name), (await exported(name, query)).lines);
  }
  const from = lines.findIndex(({ tenant }) => tenant === "many20");
  assert.deepEqual((await all(undefined, { ...query, after: "many19" })).lines, lines.slice(from));
  assert.deepEqual((await all(undefined, { ...query, after: lines[from].id })).lines, lines.slice(from + 1));
});

test("thousands of lines come in pages, none twice", async () => {
  await clock(-10);
  const key = await rig.create("large");
  await clock(0);
  const first = hourOf(Date.now()) - 10;
  await rig.sql(
    "large",
    `WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 4999)
     INSERT INTO usage (key_id, hour, code, count)
     SELECT 'key_' || printf('%020d', n / 5), ${first} + n % 5, 'VALID', 1 FROM numbers`,
  );
  const { lines, end } = await exported("large", { from: hour(-10), to: hour(-5) });
  assert.equal(new Set(lines.map(({ id }) => id)).size, 5000);
  assert.equal(end.next, null);
  assert.ok(key.id);
});

test("a page reads its own lines alone, however far the export has come and however much is kept beside it", async () => {
  await clock(-10);
  await rig.create("far");
  await clock(0);
  const first = hourOf(Date.now()) - 20;
  // 20,000 lines of the hours that are asked for, as many of hours before and after, and late ones.
  await rig.sql(
    "far",
    `WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 59999)
     INSERT INTO usage (key_id, hour, code, count)
     SELECT 'key_' || printf('%020d', n / 15), ${first} + n % 15, 'VALID', 2 FROM numbers`,
  );
  await rig.sql("far", "INSERT INTO usage_late (key_id, hour, code, count) SELECT key_id, hour, code, 1 FROM usage WHERE hour % 3 = 0");
  await rig.statements("far");
  const query = { from: hour(-15), to: hour(-10) };
  const { lines, end } = await exported("far", query);
  assert.deepEqual([lines.length, end.next], [20_000, null]);
  const pages = (await rig.statements("far")).filter(([text]) => text.includes("LEFT JOIN usage_late"));
  assert.equal(pages.length, 10, "of 2,000 lines each");
  // A row of a line, one of its late uses, and one more that tells whether there are more.
  for (const [, read] of pages) assert.ok(read <= 2 * 2_001 + 10, `${read} rows`);
  const [sum] = [pages.reduce((all, [, read]) => all + read, 0)];
  console.log(`# ${sum} rows read for 20,000 lines: ${pages.map(([, read]) => read)}`);
});

test("what fails is answered with a problem, and an export that breaks off has no end", async () => {
  await rig.create("failing");
  const query = { from: hour(-10), to: hour(-9) };
  await rig.failing("usage_closing");
  assert.equal((await ask("failing", query)).status, 500);
  await rig.failing(null);
  assert.deepEqual((await exported("failing", query)).lines, []);
});

test("an export that breaks off in the middle has lines and no end, and none of them is lost or counted twice", async () => {
  await clock(-10);
  const [whole, broken] = [await rig.create("cut1"), await rig.create("cut2")];
  await use("cut1", whole, 3, -10);
  await use("cut2", broken, 4, -10);
  await clock(0);
  const query = { from: hour(-10), to: hour(-9), after: "cut" };
  await rig.sql("cut2", "ALTER TABLE usage_closing RENAME TO usage_closing_away");
  const response = await rig.server.getWorker("manage").fetch(`http://manage.example${path()}?${new URLSearchParams(query)}`, {
    headers: { Authorization: `Bearer ${ROOT_KEY}` },
  });
  assert.equal(response.status, 200, "the first lines were there");
  const reader = response.body.getReader();
  let text = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += Buffer.from(part.value).toString();
  } catch {
    // As it may: a transfer that ends before its end.
  }
  assert.match(text, /"tenant":"cut1"/);
  assert.doesNotMatch(text, /"end"|"cut2"/);
  assert.match(JSON.stringify(rig.server.getLogs()), /export_broken_off/);
  await rig.sql("cut2", "ALTER TABLE usage_closing_away RENAME TO usage_closing");
  const { lines } = await all(undefined, query);
  assert.deepEqual(lines.filter(({ tenant }) => tenant.startsWith("cut")).map(({ tenant, uses }) => [tenant, uses]), [["cut1", 3], ["cut2", 4]]);
});

test("thousands of tenants in a row that were erased don't end it", async () => {
  await clock(-10);
  await use("zlast", await rig.create("zlast"), 6, -10);
  await clock(0);
  const tenants = "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 4499) INSERT INTO";
  const inFeed = async (sql) => assert.equal((await rig.object("FEED", "feed", "__sql", sql)).body.error, null);
  await inFeed(`${tenants} tenants (tenant, created_at) SELECT 'yerased' || printf('%05d', n), 0 FROM numbers`);
  await inFeed(`${tenants} erased (tenant, noted_at) SELECT 'yerased' || printf('%05d', n), 0 FROM numbers`);
  const query = { from: hour(-10), to: hour(-9), after: "yerased" };
  const first = await exported(undefined, query);
  assert.deepEqual([first.lines, first.end.next?.startsWith("yerased")], [[], true]);
  assert.deepEqual((await all(undefined, query)).lines.map(({ tenant, uses }) => [tenant, uses]), [["zlast", 6]]);
  await inFeed("DELETE FROM erased WHERE tenant GLOB 'yerased*'");
  await inFeed("DELETE FROM tenants WHERE tenant GLOB 'yerased*'");
});

test("it takes keys:read, of the tenant or for all tenants", async () => {
  await rig.create("rights");
  const query = { from: hour(-10), to: hour(-9) };
  const read = async (tenant, scopes, of) => {
    const { key } = await rig.operator(tenant, scopes);
    return (await ask(of, query, { key })).code;
  };
  assert.equal(await read("rights", ["keys:read"], "rights"), undefined);
  assert.equal(await read("*", ["keys:read"], undefined), undefined);
  assert.equal(await read("rights", ["keys:read"], undefined), "TENANT_NOT_ALLOWED");
  assert.equal(await read("another", ["keys:read"], "rights"), "TENANT_NOT_ALLOWED");
  assert.equal(await read("rights", ["audit:read"], "rights"), "INSUFFICIENT_SCOPE");
});

test("an export of all tenants passes over one that was erased, and its own is gone", async () => {
  await clock(-10);
  const [kept, gone] = [await rig.create("kept"), await rig.create("gone")];
  await use("kept", kept, 2, -10);
  await use("gone", gone, 3, -10);
  await clock(0);
  const query = { from: hour(-10), to: hour(-9) };
  const tenants = async () => (await all(null, query)).lines.map((line) => line.tenant);
  assert.ok((await tenants()).includes("gone"));
  await rig.manage("POST", "/v1/tenants/gone/suspend");
  assert.equal((await rig.manage("DELETE", "/v1/tenants/gone", { confirm: "gone" })).status, 202);
  await eventually(async () => assert.equal((await ask("gone", query)).status, 410));
  const left = await tenants();
  assert.ok(left.includes("kept") && !left.includes("gone"), String(left));
});
