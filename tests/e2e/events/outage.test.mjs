// Many keys change while the receiver is down and objects are killed: once it is up, each event has come under one id,
// and those of a key in order.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { ALLOW_IMPORTED, line, oldKey } from "../../support/importing.mjs";
import { ALLOW_LOOPBACK, senderOf, signers, startReceiver } from "../../support/receiver.mjs";
import { eventually, sleep, startRig } from "../../support/rig.mjs";

const MINUTE = 60_000;
/** KEYSTILE_OUTAGE_CHANGES says how many changes there are: a fifth of them revoke keys that the others made. */
const CHANGES = Number(process.env.KEYSTILE_OUTAGE_CHANGES ?? 1_000);
const [KEYS, REVOKED] = [CHANGES * 0.8, CHANGES * 0.2];
/** 2,000 took 155 seconds on a machine with 2 cores that did ten times as much as it could. */
const MANY = CHANGES * 180;
/** The keys of one import, and of one revocation. */
const PART = 1_000;

let rig, receiver, sender;
afterEach(() => receiver.open());
before(async () => {
  [rig, receiver] = await Promise.all([
    startRig({ name: "event-outage", edges: {}, handles: true, settings: { ...ALLOW_LOOPBACK, ...ALLOW_IMPORTED } }),
    startReceiver(),
  ]);
  sender = senderOf(rig);
});
after(async () => {
  await rig.close();
  await receiver.close();
});

const endpoint = async (tenant, path = `/${tenant}`) => {
  const { body, text } = await rig.manage("POST", `/v1/tenants/${tenant}/event-endpoints`, { url: receiver.url(path) });
  assert.ok(body.id, text);
  return { ...body, path: `/v1/tenants/${tenant}/event-endpoints/${body.id}` };
};
const state = async ({ path }) => (await rig.manage("GET", path)).body.state;
const kill = (binding, name) => rig.senderHandle(`__object/${binding}/${name}/__kill`).catch(() => {});

/** The events of each key as they first came, and whether an event came under two ids. */
function checked(arrived, at) {
  const [firsts, ids] = [new Map(), new Map()];
  for (const arrival of arrived) {
    if (ids.has(arrival.id)) {
      assert.equal(ids.get(arrival.id), arrival.text, "a repeat is the same event");
      continue;
    }
    ids.set(arrival.id, arrival.text);
    assert.deepEqual(signers(arrival, [at.secret]), [0]);
    const { key, sequence } = arrival.body.data;
    firsts.set(key.id, [...(firsts.get(key.id) ?? []), sequence]);
  }
  assert.equal(new Set(ids.values()).size, ids.size, "no event has two ids");
  for (const [key, sequences] of firsts) assert.deepEqual(sequences, sequences.map((_, place) => place + 1), key);
  return { events: ids.size, keys: firsts.size };
}

test(`${CHANGES} changes while the receiver is down`, { timeout: 2 * MANY + MINUTE }, async (t) => {
  const at = await endpoint("many");
  await receiver.close();
  const begun = Date.now();
  const said = (what) => t.diagnostic(`${what} after ${((Date.now() - begun) / 1_000).toFixed(1)} s`);
  const keys = Array.from({ length: KEYS }, () => line(oldKey()));
  const ids = [];
  while (keys.length) {
    const part = keys.splice(0, PART);
    const imported = await rig.manage("POST", "/v1/tenants/many/keys/import", { keys: part });
    assert.equal(imported.body.imported, part.length, imported.text);
    ids.push(...imported.body.results.map(({ id }) => id));
  }
  let revoked = 0;
  while (revoked < REVOKED) {
    const part = ids.slice(revoked, Math.min(revoked + PART, REVOKED));
    const { status, body, text } = await rig.manage("POST", "/v1/tenants/many/keys/revoke", { ids: part });
    assert.equal(status, 200, text);
    revoked += body.revoked;
  }
  said("the changes");
  await eventually(async () => assert.equal((await state(at)).waiting, KEYS + REVOKED), { within: MANY, every: 1_000 });
  said("all wait at the endpoint");
  await rig.evictLedger("many");
  await kill("EVENT_ROUTER", "many");
  await kill("EVENT_ENDPOINT", at.id);
  await receiver.open();
  // All that has failed is due.
  await sender.later(40 * MINUTE, at.id);
  await eventually(async () => {
    assert.equal((await state(at)).waiting, 0);
  }, { within: MANY, every: 1_000 });
  said("all are delivered");
  assert.deepEqual(checked(receiver.at(new URL(at.url).pathname), at), { events: KEYS + REVOKED, keys: KEYS });
  const { dead_letters } = await state(at);
  assert.equal(dead_letters, 0);
});

test("objects that are killed amid deliveries lose no event", async () => {
  await sender.later(0);
  const at = await endpoint("killed");
  receiver.answer = async () => (await sleep(20), Math.random() < 0.1 ? 500 : 204);
  const keys = await Promise.all(Array.from({ length: 20 }, () => rig.create("killed")));
  const rename = (name) => (key) => rig.manage("PATCH", `/v1/tenants/killed/keys/${key.id}`, { name });
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(keys.map(rename(`round ${round}`)));
    await kill("EVENT_ENDPOINT", at.id);
    await kill("EVENT_ROUTER", "killed");
    if (round % 2) await rig.evictLedger("killed");
  }
  receiver.answer = () => 204;
  // What was to be tried again is due: each event has failed twice at most.
  await sender.later(10 * MINUTE, at.id);
  await eventually(() => assert.equal(checked(receiver.at(new URL(at.url).pathname), at).events, 20 * 6), { within: 30_000, every: 500 });
});
