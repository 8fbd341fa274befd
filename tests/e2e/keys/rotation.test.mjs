// Keys replaced while they are in use: nobody is cut off, and no old key is forgotten.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, eventually, startRig } from "../../support/rig.mjs";

const LEADS = "/api/leads/1";
/** Limits that no list names: they hold for a key that has a value of its own. */
const LIMITS = `
[[rate_limits]]
name = "per-second"
limit = 20
window_seconds = 1
[[quotas]]
name = "daily"
limit = 100
period = "day"

[edge]`;

let rig;
before(async () => (rig = await startRig({ name: "rotation", edges: { edge1: {} }, handles: true, settings: { "\n[edge]": LIMITS } })));
after(() => rig.close());

const act = (key, action, body) => rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/${action}`, body);
const shown = async (key) => (await rig.manage("GET", `/v1/tenants/acme/keys/${key.id}`)).body;
const use = (key) => rig.edge("edge1", LEADS, { key: key.key });
const secondsFromNow = (time) => (Date.parse(time) - Date.now()) / 1000;

test("a successor has the same name, scopes, addresses, metadata and limits, and both are linked", async () => {
  const same = {
    name: "n8n",
    metadata: { plan: "pro" },
    allowed_ips: ["192.0.2.0/24"],
    rate_limits: { "per-second": { limit: 7 } },
    quotas: { daily: { limit: 9 } },
  };
  const old = await rig.create("acme", same);
  const { body: successor } = await act(old, "rotate", { overlap_seconds: 60 });
  for (const field of [...Object.keys(same), "scopes", "environment", "tenant"]) {
    if (same[field]) assert.deepEqual(old[field], same[field], field);
    assert.deepEqual(successor[field], old[field], field);
  }
  assert.equal(successor.rotated_from, old.id);
  assert.equal((await shown(old)).rotated_to, successor.id);
  const dated = await act(successor, "rotate", { expires_at: "2098-01-01T00:00:00Z" });
  assert.equal(dated.body.expires_at, "2098-01-01T00:00:00.000Z");
});

/** The milliseconds from a key's creation to its expiry. */
const lifetime = ({ created_at, expires_at }) => Date.parse(expires_at) - Date.parse(created_at);
const HOUR = 3_600_000;
const soon = (millis) => new Date(Date.now() + millis).toISOString();

test("a key that is about to end gets a successor that lives as long as it was meant to itself", async () => {
  const old = await rig.create("acme", { expires_at: soon(HOUR) });
  await rig.clock(HOUR - 60_000);
  try {
    const rotated = await act(old, "rotate", { overlap_seconds: 600 });
    assert.equal(rotated.status, 201, rotated.text);
    assert.equal(lifetime(rotated.body), lifetime(old), "the answer shows it");
    assert.equal((await shown(rotated.body)).expires_at, rotated.body.expires_at);
    assert.equal((await shown(old)).expires_at, old.expires_at, "the old one lives no longer than it would have");
    const said = await act(rotated.body, "rotate", { expires_at: soon(3 * HOUR) });
    assert.ok(Math.abs(Date.parse(said.body.expires_at) - Date.now() - 3 * HOUR) < 60_000, "or as the body says");
  } finally {
    await rig.clock(0);
  }
});

test("the tenant's limits hold for a successor, and a key without an end has one without an end", async () => {
  const old = await rig.create("limited", { expires_at: soon(90 * 24 * HOUR) });
  await rig.manage("PATCH", "/v1/tenants/limited", { max_expiry_days: 30 });
  const rotated = await rig.manage("POST", `/v1/tenants/limited/keys/${old.id}/rotate`, {});
  assert.equal(lifetime(rotated.body), 30 * 24 * HOUR, rotated.text);
  assert.equal((await act(await rig.create(), "rotate")).body.expires_at, null);
});

test("an operator's successor lives as long, too, but no longer than the operator who rotates", async () => {
  const operator = async (millis, scopes = ["verify", "operators:write"]) =>
    (await rig.manage("POST", "/v1/operators", { name: "x", scopes, tenant: "*", expires_at: soon(millis) })).body;
  const old = await operator(HOUR);
  const rotate = (id, key) => rig.manage("POST", `/v1/operators/${id}/rotate`, { overlap_seconds: 60 }, { key });
  await rig.clock(HOUR - 60_000);
  try {
    const rotated = await rotate(old.id);
    assert.equal(lifetime(rotated.body), lifetime(old), rotated.text);
    const itself = await rotate(rotated.body.id, rotated.body.key);
    assert.deepEqual([itself.status, itself.body.expires_at], [201, rotated.body.expires_at], itself.text);
  } finally {
    await rig.clock(0);
  }
});

test("an old key's page says when it ends, and nothing once it has ended", async () => {
  const old = await rig.create();
  assert.equal(old.pending_end, null);
  await act(old, "rotate", { overlap_seconds: 3600 });
  const { pending_end: end, expires_at } = await shown(old);
  assert.ok(Math.abs(secondsFromNow(end.at) - 3600) < 60, end.at);
  assert.equal(end.at, expires_at);
  assert.deepEqual([end.overlap_seconds, end.awaiting_first_use], [3600, false]);
  await act(old, "revoke");
  assert.equal((await shown(old)).pending_end, null);
});

test("a pending end can be cancelled: the key lives on, and can be rotated again", async () => {
  const old = await rig.create("acme", { expires_at: "2099-01-01T00:00:00.000Z" });
  const { body: first } = await act(old, "rotate", { overlap_seconds: 60 });
  const cancelled = await act(old, "rotate/cancel");
  assert.equal(cancelled.status, 200, cancelled.text);
  assert.deepEqual(
    [cancelled.body.expires_at, cancelled.body.pending_end, cancelled.body.rotated_to],
    ["2099-01-01T00:00:00.000Z", null, null],
  );
  await effective(cancelled);
  assert.equal((await use(old)).status, 200);
  assert.equal((await use(first)).status, 200);
  assert.equal((await act(old, "rotate")).status, 201);
  const { entries } = (await rig.manage("GET", "/v1/tenants/acme/audit?limit=4")).body;
  assert.deepEqual(entries.map(({ action }) => action), ["rotated", "created", "rotation_cancelled", "rotated"]);
});

test("the overlap begins with the successor's first use, so a slow roll-out cuts nobody off", async () => {
  const old = await rig.create();
  const rotated = await act(old, "rotate", { overlap_seconds: 2, after_first_use: true, latest_end_seconds: 3600 });
  assert.equal(rotated.status, 201, rotated.text);
  const waiting = (await shown(old)).pending_end;
  assert.equal(waiting.awaiting_first_use, true);
  assert.ok(Math.abs(secondsFromNow(waiting.at) - 3600) < 60, "until then the latest end holds");
  assert.equal((await use(old)).status, 200);
  await eventually(async () => assert.equal((await shown(old)).pending_end.still_in_use, true));
  assert.equal((await use(rotated.body)).status, 200);
  const begun = await eventually(async () => {
    const { pending_end: end, status } = await shown(old);
    assert.ok(status === "expired" || end?.awaiting_first_use === false);
    return end;
  });
  if (begun) assert.ok(secondsFromNow(begun.at) < 3 && !begun.still_in_use, JSON.stringify(begun));
  await eventually(async () => assert.equal((await use(old)).code, "EXPIRED"));
  assert.equal((await use(rotated.body)).status, 200);
  const { entries } = (await rig.manage("GET", `/v1/tenants/acme/audit?key_id=${old.id}&limit=1`)).body;
  assert.deepEqual([entries[0].action, entries[0].actor.id], ["overlap_begun", "keystile"]);
});

test("a successor that was replaced before anybody used it: its own successor's first use counts", async () => {
  const old = await rig.create();
  const { body: unused } = await act(old, "rotate", { overlap_seconds: 1, after_first_use: true });
  const { body: last } = await act(unused, "rotate");
  assert.equal((await use(old)).status, 200);
  assert.equal((await use(last)).status, 200);
  await eventually(async () => assert.equal((await use(old)).code, "EXPIRED"));
  assert.equal((await use(last)).status, 200);
});

test("a first use after the rotation was cancelled ends nothing", async () => {
  const old = await rig.create();
  const { body: successor } = await act(old, "rotate", { after_first_use: true });
  assert.equal((await act(old, "rotate/cancel")).status, 200);
  assert.equal((await use(successor)).status, 200);
  await eventually(async () => assert.ok((await shown(successor)).last_used_at));
  const { status, expires_at } = await shown(old);
  assert.deepEqual([status, expires_at], ["active", null]);
});

test("what can't be rotated, cancelled or changed says why", async () => {
  const key = await rig.create();
  const refusal = async (answer) => {
    const { status, code } = await answer;
    return [status, code];
  };
  assert.deepEqual(await refusal(act(key, "rotate/cancel")), [409, "NO_PENDING_END"]);
  await act(key, "disable");
  assert.deepEqual(await refusal(act(key, "rotate")), [409, "KEY_DISABLED"]);
  await act(key, "enable");
  assert.equal((await act(key, "rotate", { overlap_seconds: 600 })).status, 201);
  assert.deepEqual(await refusal(act(key, "rotate")), [409, "ALREADY_ROTATED"]);
  const patch = rig.manage("PATCH", `/v1/tenants/acme/keys/${key.id}`, { expires_at: null });
  assert.deepEqual(await refusal(patch), [409, "ROTATION_PENDING"]);
  await act(key, "revoke");
  assert.deepEqual(await refusal(act(key, "rotate")), [409, "KEY_REVOKED"]);
  assert.deepEqual(await refusal(act(key, "rotate/cancel")), [409, "KEY_REVOKED"]);
  const wrong = await act(key, "rotate", { overlap_seconds: -1, after_first_use: "yes", latest_end_seconds: 5, when: 1 });
  assert.deepEqual(wrong.body.errors.map(({ field }) => field), ["overlap_seconds", "after_first_use", "latest_end_seconds", "when"]);
});
