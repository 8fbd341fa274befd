// After a trap the WebAssembly's memory can't be trusted. The request in which it
// happened fails; the next finds a new instance, and objects made anew from their state.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { startRig } from "../../support/rig.mjs";

let rig;
let key;
before(async () => {
  rig = await startRig({ name: "recovery", edges: {}, handles: true });
});
after(() => rig.close());
beforeEach(async () => {
  key = await rig.create("acme");
});

/** A tenant's keys are in its ledger, which an older instance made. */
async function listsItsKeys() {
  const { status, body } = await rig.manage("GET", "/v1/tenants/acme/keys?limit=100");
  assert.equal(status, 200);
  assert.ok(body.keys.some(({ id }) => id === key.id));
}

/** A trap must leave another instance behind, and everything as it was. */
async function recoversFrom(trap) {
  const before = await rig.instance();
  await trap();
  await listsItsKeys();
  assert.ok((await rig.instance()) > before, "the next request found a new instance");
  const created = await rig.create("acme");
  assert.ok(created.id);
}

describe("a trap", () => {
  test("of a handler fails its request alone", () =>
    recoversFrom(() => assert.rejects(rig.trap(), /out of bounds/)));

  test("of an object fails what asked it alone", () =>
    recoversFrom(() => assert.rejects(rig.object("LEDGER", "acme", "__trap"), /out of bounds/)));

  test("is behind an object whose method is the first call after it", async () => {
    const before = await rig.instance();
    await assert.rejects(rig.trap(), /out of bounds/);
    const { status, body } = await rig.object("LEDGER", "acme", "__alarm");
    assert.deepEqual([status, body], [200, null]);
    assert.ok((await rig.instance()) > before);
    await listsItsKeys();
  });

  test("in a microtask, which no caller sees, is noticed", () =>
    recoversFrom(() => rig.trap("__trap_later")));

  test("keeps what was in flight out of the new instance", async () => {
    const waiting = rig.slowly("POST", "/v1/tenants/acme/keys");
    await waiting.write('{"name":');
    await sleep(100);
    const before = await rig.instance();
    await assert.rejects(rig.trap(), /out of bounds/);
    // The rest of the body is what Rust waits for: the first call after the trap.
    waiting.end('"of the old instance"}');
    await sleep(100);
    assert.equal(await rig.instance(), before, "its callback began no new instance to run in");
    await listsItsKeys();
    assert.equal(await rig.instance(), before + 1);
    // The platform ends it: nothing is left that could answer.
    await assert.rejects(waiting.answer, /answered 500/);
  });

  test("again and again is recovered from each time", async () => {
    for (let times = 0; times < 5; times += 1) await recoversFrom(() => assert.rejects(rig.trap()));
  });

  test("fails requests in flight at most, none that begins after it", async () => {
    const lists = () => rig.manage("GET", "/v1/tenants/acme/keys").then(({ status }) => status, () => "failed");
    const inFlight = Array.from({ length: 20 }, lists);
    await assert.rejects(rig.trap());
    const begunAfter = await Promise.all(Array.from({ length: 20 }, lists));
    assert.deepEqual([...new Set(begunAfter)], [200]);
    // The platform ends what the old instance can't; this only waits for none of them.
    void Promise.allSettled(inFlight);
  });
});
