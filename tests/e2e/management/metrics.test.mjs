// GET /metrics: what the objects know, as Prometheus reads it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { readOpenMetrics, readPlain } from "../../support/openmetrics.mjs";
import { ALLOW_LOOPBACK, startReceiver } from "../../support/receiver.mjs";
import { eventually, startRig, WITH_SOURCE } from "../../support/rig.mjs";

const HOUR = 3_600_000;

let rig, receiver;
before(async () => {
  [rig, receiver] = await Promise.all([
    startRig({ name: "metrics", edges: {}, handles: true, settings: { ...WITH_SOURCE, ...ALLOW_LOOPBACK }, hooks: {} }),
    startReceiver(),
  ]);
});
after(async () => {
  await rig?.close();
  await receiver?.close();
});
afterEach(async () => {
  await rig.clock(0);
  await rig.overview("ok");
  await rig.feed("ledgers", "ok");
  await rig.hooksHandle("__dead_letters", "ok");
});

const scrape = async (options) => {
  const answer = await rig.manage("GET", "/metrics", undefined, options);
  assert.equal(answer.status, 200, answer.text);
  return answer;
};
const families = async () => readOpenMetrics((await scrape()).text);
/** The number of the one sample with these labels. */
const number = (all, name, labels = {}) => {
  const is = (sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
  return all[name]?.samples.find(is)?.value;
};
const report = async (tenant) => {
  await rig.sql(tenant, "UPDATE reporting SET due_at = 0");
  await rig.object("LEDGER", tenant, "__alarm");
};

test("it is OpenMetrics, and the older text format for readers that take nothing else", async () => {
  await rig.create("formats");
  const open = await scrape();
  assert.equal(open.headers.get("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.match(open.headers.get("cache-control"), /no-store/);
  const prometheus =
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
  readOpenMetrics((await scrape({ headers: { Accept: prometheus } })).text);
  const plain = await scrape({ headers: { Accept: "text/plain;version=0.0.4;q=0.5,*/*;q=0.1" } });
  assert.equal(plain.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const names = (all) => Object.values(all).flatMap(({ samples }) => samples.map(({ name }) => name));
  assert.deepEqual(new Set(names(readPlain(plain.text))), new Set(names(readOpenMetrics(open.text))));
});

test("the numbers are those of the feed, the overview and the dead letters", async () => {
  const before = await families();
  const [one, other] = [await rig.create("numbers"), await rig.create("numbers")];
  await rig.manage("POST", `/v1/tenants/numbers/keys/${one.id}/disable`);
  await rig.manage("POST", "/v1/tenants/numbers/suspend");
  const uses = [["VALID", 5], ["SUSPENDED", 2]].map(([code, count]) => {
    return { key_id: other.id, hour: Math.floor(Date.now() / HOUR), code, count, last_at: Date.now() };
  });
  await rig.object("LEDGER", "numbers", "usage", { isolate: "a", sequence: 1, uses });
  await rig.bury("queued");
  const started = Date.now() / 1000;
  const after = await eventually(async () => {
    await report("numbers");
    const all = await families();
    const grew = (name, labels) => number(all, name, labels) - (number(before, name, labels) ?? 0);
    assert.equal(grew("keystile_keys", { status: "active" }), 1);
    assert.equal(grew("keystile_keys", { status: "disabled" }), 1);
    assert.equal(grew("keystile_tenants"), 1);
    assert.equal(grew("keystile_suspended_tenants"), 1);
    assert.equal(grew("keystile_uses", { code: "VALID" }), 5);
    assert.equal(grew("keystile_uses", { code: "SUSPENDED" }), 2);
    assert.equal(grew("keystile_feed_keys"), 2);
    assert.equal(grew("keystile_feed_tenants"), 1);
    assert.equal(grew("keystile_feed_suspended_tenants"), 1);
    assert.equal(grew("keystile_webhook_dead_letters", { source: "queued" }), 1);
    return all;
  });
  // One entry of the key, which was disabled, and one of the tenant. The first version of a key has none.
  assert.equal(number(after, "keystile_feed_log_entries") - number(before, "keystile_feed_log_entries"), 2);
  assert.ok(number(after, "keystile_feed_version") > number(before, "keystile_feed_version"));
  assert.ok(number(after, "keystile_last_report_timestamp_seconds") >= started - 1);
  for (const object of ["feed", "overview", "event_router", "dead_letters"]) assert.equal(number(after, "keystile_object_up", { object }), 1);
});

test("endpoints tell what waits, dead letters and attempts, and keep telling of attempts once they are gone", async () => {
  const before = await families();
  const list = "/v1/tenants/sending/event-endpoints";
  const grew = (all, name, labels) => number(all, name, labels) - number(before, name, labels);
  const { body: endpoint } = await rig.manage("POST", list, { url: receiver.url("/metrics") });
  // Two alarms at once, as only this test has them, may send an event twice.
  const answered = { delivered: 0, refused: 0 };
  receiver.answer = () => ((answered.refused += 1), 503);
  await rig.create("sending");
  const state = async (expected) => {
    const all = await families();
    const endpoints = ["active", "paused", "disabled"].map((status) => grew(all, "keystile_event_endpoints", { status }));
    const attempts = ["delivered", "refused"].map((outcome) => grew(all, "keystile_event_attempts", { outcome }));
    const waiting = ["keystile_events_waiting", "keystile_event_dead_letters"].map((name) => grew(all, name));
    assert.deepEqual({ endpoints, attempts, waiting }, { ...expected, attempts: [answered.delivered, answered.refused] });
  };
  // The first report goes at once, the next a minute later.
  const told = async (expected) => {
    await eventually(async () => {
      await rig.senderHandle("__clock", (later += 61_000));
      await rig.senderHandle(`__object/EVENT_ENDPOINT/${endpoint.id}/__alarm`);
      await state(expected);
    }, { within: 20_000 });
  };
  let later = 0;
  await eventually(() => assert.equal(receiver.at("/metrics").length, 1));
  await rig.manage("PATCH", `${list}/${endpoint.id}`, { status: "paused" });
  await told({ endpoints: [0, 1, 0], waiting: [1, 0] });
  receiver.answer = () => ((answered.delivered += 1), 204);
  await rig.manage("PATCH", `${list}/${endpoint.id}`, { status: "active" });
  await told({ endpoints: [1, 0, 0], waiting: [0, 0] });
  assert.ok(answered.delivered > 0 && answered.refused > 0);
  await rig.manage("DELETE", `${list}/${endpoint.id}`);
  await told({ endpoints: [0, 0, 0], waiting: [0, 0] });
  await rig.senderHandle("__clock", 0);
});

test("the dashboard of Grafana and the guide have each metric, and no other", async () => {
  await report("numbers");
  // An isolate has stated its staleness.
  await rig.object("FEED", "feed", "poll", { epoch: null, cursor: 0, max_staleness_ms: 2000 });
  const all = await families();
  const names = new Set(Object.values(all).flatMap(({ samples }) => samples.map(({ name }) => name)));
  const named = (file) => new Set(readFileSync(inRoot(file), "utf8").match(/(?<![\w-])keystile_[a-z_]+/g));
  assert.deepEqual(named("examples/grafana/dashboard.json"), names);
  assert.deepEqual(named("docs/guide/monitoring.md"), names);
});

test("no tenant is named", async () => {
  await rig.create("nobody-shall-read-this");
  await eventually(() => report("nobody-shall-read-this"));
  assert.ok(!(await scrape()).text.includes("nobody-shall-read-this"));
});

test("what ledgers have yet to do shows, and that it is done shows soon after", async () => {
  const waiting = async () => {
    const { samples } = (await families()).keystile_outbox_entries;
    return Object.fromEntries(samples.map(({ labels, value }) => [labels.stage, value]));
  };
  await rig.create("waiting");
  // A minute passes before KV is written once more.
  await eventually(async () => {
    await report("waiting");
    assert.ok((await waiting()).confirm >= 1);
  });
  const reporting = async () => (await rig.sql("waiting", "SELECT due_at, made_at, waits FROM reporting"))[0];
  // Reports without news are made less and less often.
  for (const [waits, minutes] of [[0, 2], [1, 4], [2, 8], [3, 16], [4, 32], [5, 60], [6, 60]]) {
    await rig.sql("waiting", `UPDATE reporting SET waits = ${Math.max(waits - 1, 0)}, changed = ${waits === 0 ? 1 : 0}`);
    await report("waiting");
    const { due_at, made_at, waits: counted } = await reporting();
    assert.deepEqual([counted, due_at - made_at], [waits, minutes * 60_000], "it reports again by itself");
  }
  await rig.clock(125_000);
  // It rests for an hour now, and yet soon tells that nothing waits any more.
  await rig.object("LEDGER", "waiting", "__alarm");
  await rig.object("LEDGER", "waiting", "__alarm");
  await eventually(async () => assert.deepEqual(await rig.sql("waiting", "SELECT * FROM outbox"), []));
  await eventually(async () => {
    await rig.object("LEDGER", "waiting", "__alarm");
    const { due_at, waits } = await reporting();
    assert.ok(waits === 0 || due_at <= Date.now() + 125_000 + 60_000, `${due_at - Date.now()} ms`);
  });
  const others = ["formats", "numbers", "sending", "nobody-shall-read-this", "waiting"];
  // A value that was written to KV just now waits a minute more.
  for (const later of [125_000, 250_000]) {
    await rig.clock(later);
    for (const tenant of others) await rig.object("LEDGER", tenant, "__alarm");
  }
  for (const tenant of others) {
    await rig.object("LEDGER", tenant, "__alarm");
    await eventually(async () => assert.deepEqual(await rig.sql(tenant, "SELECT * FROM outbox"), []));
    await report(tenant);
  }
  await eventually(async () => assert.deepEqual(await waiting(), { publish: 0, put: 0, confirm: 0, acknowledge: 0, tell: 0, record: 0 }));
  const [{ due_at: next }] = await rig.sql("waiting", "SELECT due_at FROM reporting");
  assert.equal(next, null, "then it rests");
});

test("an object that doesn't answer is down, its families are missing, and the others are there", async () => {
  const downs = {
    feed: [() => rig.feed("ledgers", "down"), () => rig.feed("ledgers", "ok"), "keystile_feed_keys"],
    overview: [() => rig.overview("down"), () => rig.overview("ok"), "keystile_tenants"],
    event_router: [() => rig.router("down"), () => rig.router("ok"), "keystile_events_waiting"],
    dead_letters: [() => rig.hooksHandle("__dead_letters", "down"), () => rig.hooksHandle("__dead_letters", "ok"), "keystile_webhook_dead_letters"],
  };
  for (const [object, [down, up]] of Object.entries(downs)) {
    await down();
    const all = await families();
    await up();
    for (const [other, [, , family]] of Object.entries(downs)) {
      assert.equal(number(all, "keystile_object_up", { object: other }), other === object ? 0 : 1, `${object} is down: ${other}`);
      assert.equal(family in all, other !== object, `${object} is down: ${family}`);
    }
  }
});

test("a scrape reads a row for each change in the log and for each tenant, once", async () => {
  const rows = { log: 3_000, tenants: 2_000 };
  const sql = async (binding, name, text) => assert.equal((await rig.object(binding, name, "__sql", text)).body.error, null, text);
  const numbers = (many) => `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${many})`;
  const before = await families();
  await sql("FEED", "feed", `${numbers(rows.log)} INSERT INTO log (digest, version, acknowledged_at) SELECT printf('%064d', n), 1, iif(n % 3 = 0, NULL, n) FROM numbers`);
  await sql(
    "OVERVIEW", "overview",
    `${numbers(rows.tenants)} INSERT INTO tenants (tenant, number, reported_at, suspended, active, disabled, expired, revoked, active_keys, outbox_known)
     SELECT 'counted' || n, 1, 1, 0, 1, 0, 0, 0, 1, 1 FROM numbers`,
  );
  const read = async (binding, name) => (await rig.object(binding, name, "__rows_read")).body;
  await read("FEED", "feed");
  await read("OVERVIEW", "overview");
  const after = await families();
  assert.equal(number(after, "keystile_feed_log_entries") - number(before, "keystile_feed_log_entries"), rows.log);
  const unacknowledged = "keystile_feed_log_unacknowledged_entries";
  assert.equal(number(after, unacknowledged) - number(before, unacknowledged), rows.log / 3);
  const cost = { feed: await read("FEED", "feed"), overview: await read("OVERVIEW", "overview") };
  assert.ok(cost.feed >= rows.log && cost.feed <= rows.log + 100, `${cost.feed} rows of the feed`);
  assert.ok(cost.overview >= rows.tenants && cost.overview <= rows.tenants + 100, `${cost.overview} rows of the overview`);
  await sql("FEED", "feed", "DELETE FROM log WHERE digest GLOB '000000*'");
  await sql("OVERVIEW", "overview", "DELETE FROM tenants WHERE tenant GLOB 'counted*'");
});

test("it takes metrics:read for all tenants", async () => {
  const read = async (tenant, scopes) => {
    const { key } = await rig.operator(tenant, scopes);
    return (await rig.manage("GET", "/metrics", undefined, { key })).code;
  };
  assert.equal(await read("*", ["metrics:read"]), undefined);
  assert.equal(await read("*", ["keys:read", "audit:read"]), "INSUFFICIENT_SCOPE");
  assert.equal(await read("acme", ["metrics:read"]), "TENANT_NOT_ALLOWED");
  assert.equal((await rig.manage("GET", "/metrics", undefined, { key: null })).code, "MISSING_CREDENTIAL");
});
