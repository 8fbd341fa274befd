// The events of a ledger: each change records its own in its transaction, and the drain gives them to the tenant's router
// in order. Reminders are events that time makes.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { eventually, importable, startRig } from "../../support/rig.mjs";

const DAY = 24 * 3_600_000;
const REMINDERS = `prefix = "knq"
allow_imported = ["sk_live_"]
rotate_after_days = 90
unused_after_days = 60
disable_unused_after_days = 70`;

let rig;
before(async () => {
  rig = await startRig({ name: "ledger-events", edges: {}, handles: true, settings: { 'prefix = "knq"': REMINDERS } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.clock(0);
  await rig.router("ok");
});

const path = (tenant, key, action = "") => `/v1/tenants/${tenant}/keys/${key.id}${action && `/${action}`}`;
const post = (tenant, key, action, body) => rig.manage("POST", path(tenant, key, action), body);
/** The events that the router has, each id once, in order. */
async function events(tenant) {
  const all = (await rig.routed(tenant)).flat();
  return [...new Map(all.map((event) => [event.id, event])).values()];
}
const types = async (tenant) => (await events(tenant)).map(({ type }) => type);
const sent = (tenant, expected) => eventually(async () => assert.deepEqual(await types(tenant), expected));
/** Moves the clock, and has the alarm do what is due. */
async function later(tenant, ms) {
  await rig.clock(ms);
  for (let round = 0; round < 3; round += 1) await rig.object("LEDGER", tenant, "__alarm");
}

test("every change is told once, with the key as it is shown, who acted and by which request", async () => {
  const key = await rig.create("acme", { metadata: { plan: "pro" } });
  await rig.manage("PATCH", path("acme", key), { name: "another" });
  await rig.manage("PATCH", path("acme", key), { name: "another" });
  await post("acme", key, "disable");
  await post("acme", key, "enable");
  const rotated = await post("acme", key, "rotate", { overlap_seconds: 3_600 });
  await post("acme", key, "rotate/cancel");
  await rig.manage("DELETE", path("acme", key, "metadata"));
  await post("acme", key, "revoke", { reason: "leaked" });
  await rig.manage("POST", "/v1/tenants/acme/suspend", {});
  await rig.manage("POST", "/v1/tenants/acme/resume", {});
  const imported = await rig.manage("POST", "/v1/tenants/acme/keys/import", { keys: [importable()] });
  assert.equal(imported.body.results[0].status, "imported", imported.text);
  await sent("acme", [
    ...["key.created", "key.updated", "key.disabled", "key.enabled", "key.created", "key.rotated", "key.updated"],
    ...["key.updated", "key.revoked", "tenant.suspended", "tenant.resumed", "key.created"],
  ]);
  const [created, updated, , , successor, old, , , revoked, suspended, , taken] = await events("acme");
  assert.deepEqual(created.data.key.metadata, { plan: "pro" });
  assert.deepEqual([created.key, created.data.actor.id], [key.id, "root"]);
  assert.match(created.data.request_id, /^req_/);
  assert.equal(created.data.key.key, undefined, "the text of a key is nowhere");
  assert.equal(JSON.stringify(await events("acme")).includes(key.key), false);
  assert.deepEqual(updated.data.changed, ["name"]);
  assert.deepEqual([successor.key, old.data.key.rotated_to], [rotated.body.id, rotated.body.id]);
  assert.equal(revoked.data.key.revoke_reason, "leaked");
  assert.deepEqual([suspended.key, suspended.data.key], [undefined, undefined]);
  assert.equal(taken.data.imported, true);
  // No version of a key came without an event.
  const rows = await rig.sql("acme", "SELECT id, version FROM keys");
  for (const { id, version } of rows) assert.equal((await events("acme")).filter((event) => event.key === id).length, version);
  await eventually(async () => assert.deepEqual(await rig.sql("acme", "SELECT id FROM events"), []));
});

test("operators' keys make no events", async () => {
  await rig.operator("*", ["keys:read"]);
  assert.deepEqual(await rig.sql("_operators", "SELECT id FROM events"), []);
});

test("what fails to be recorded isn't changed", async () => {
  const key = await rig.create("whole");
  await rig.failing("INSERT INTO events");
  assert.equal((await post("whole", key, "revoke")).status, 500);
  await rig.failing(null);
  assert.equal((await rig.manage("GET", path("whole", key))).body.status, "active");
});

test("a router that is down or whose answers are lost gets every event under one id, also from a ledger that was killed", async () => {
  await rig.router("down");
  const key = await rig.create("patient");
  for (const name of ["a", "b", "c"]) await rig.manage("PATCH", path("patient", key), { name });
  await eventually(async () => assert.equal((await rig.sql("patient", "SELECT attempts FROM event_sending")).length, 1));
  await rig.evictLedger("patient");
  await rig.router("silent");
  await later("patient", 10 * 60_000);
  assert.equal((await rig.sql("patient", "SELECT id FROM events")).length, 4);
  await rig.router("ok");
  await later("patient", 20 * 60_000);
  await sent("patient", ["key.created", "key.updated", "key.updated", "key.updated"]);
  const waiting = await rig.sql("patient", "SELECT id FROM events UNION ALL SELECT due_at FROM event_sending");
  assert.deepEqual(waiting, []);
});

test("erased metadata leaves the events that wait", async () => {
  await rig.router("down");
  const key = await rig.create("erased", { metadata: { secret: "of theirs" } });
  await rig.manage("DELETE", path("erased", key, "metadata"));
  const waiting = await rig.sql("erased", "SELECT data FROM events");
  assert.equal(waiting.length, 2);
  assert.equal(JSON.stringify(waiting).includes("of theirs"), false);
});

test("a key is told to expire a week and a day before, then that it has, each once", async () => {
  const expires_at = new Date(Date.now() + 30 * DAY).toISOString();
  const key = await rig.create("expiring", { expires_at });
  const short = await rig.create("expiring", { expires_at: new Date(Date.now() + 5 * DAY).toISOString() });
  const told = async () => (await events("expiring")).slice(2).map(({ type, key: of, data }) => [of === key.id ? "long" : "short", type, data.notice_days].join(" ").trim());
  await later("expiring", 4.5 * DAY);
  await eventually(async () => assert.deepEqual(await told(), ["short key.expiring 1"]));
  await later("expiring", 23.5 * DAY);
  await rig.evictLedger("expiring");
  await later("expiring", 23.6 * DAY);
  await later("expiring", 29.5 * DAY);
  await later("expiring", 31 * DAY);
  await eventually(async () => assert.deepEqual(await told(), ["short key.expiring 1", "long key.expiring 7", "short key.expired", "long key.expiring 1", "long key.expired"]));
  const expired = (await events("expiring")).at(-1);
  assert.equal(new Date(expired.at).toISOString(), expires_at);
  assert.equal(expired.data.key.status, "expired");
  assert.ok(short.id);
});

test("a key that grows too old is listed and told of once", async () => {
  const key = await rig.create("old");
  const due = () => rig.manage("GET", "/v1/tenants/old/keys?rotation_due=true");
  assert.deepEqual((await due()).body.keys, []);
  await later("old", 91 * DAY);
  await rig.object("LEDGER", "old", "__alarm");
  assert.deepEqual((await due()).body.keys.map(({ id }) => id), [key.id]);
  await later("old", 95 * DAY);
  await eventually(async () => assert.equal((await types("old")).filter((type) => type === "key.rotation_due").length, 1));
});

test("an unused key is told of, and disabled no earlier than it was told", async () => {
  const key = await rig.create("unused");
  await later("unused", 61 * DAY);
  await sent("unused", ["key.created", "key.unused"]);
  const { data } = (await events("unused"))[1];
  assert.ok(Date.parse(data.disables_at) >= Date.now() + 70 * DAY);
  await later("unused", 70 * DAY);
  assert.equal((await rig.manage("GET", path("unused", key))).body.status, "active");
  await later("unused", Date.parse(data.disables_at) - Date.now() + 60_000);
  await sent("unused", ["key.created", "key.unused", "key.disabled"]);
  assert.equal((await rig.manage("GET", path("unused", key))).body.status, "disabled");
  const [{ action, actor }] = (await rig.manage("GET", "/v1/tenants/unused/audit")).body.entries;
  assert.deepEqual([action, actor.id], ["disabled", "keystile"]);
});
