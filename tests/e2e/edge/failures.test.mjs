// An address that fails too often is told to wait. Whoever has a key is not, and what can't be told from its text costs
// no storage meanwhile.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { sleep, startRig } from "../../support/rig.mjs";

const MIB = 1024 * 1024;
const MAX_FAILURES = 300;
const NOTHING = { kv: 0, feed: 0, cache: "hit" };

let rig;
let key;
before(async () => {
  const settings = {
    'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]',
    // The smallest memory for records and for keys that don't exist, so that the flood below fills it.
    "[edge]": "[edge]\ncache_bytes = 1048576",
  };
  rig = await startRig({ name: "failures", edges: { edge1: { handles: true } }, settings });
  key = (await rig.create()).key;
});
after(() => rig.close());

/** Presents a credential from an address. */
const from = (address, credential, target = "/api/leads", { method, headers, body } = {}) =>
  rig.edge("edge1", target, { key: credential, method, body, headers: { "CF-Connecting-IP": address, ...headers } });

const forged = () => `knq_live_${randomBytes(40).toString("hex").slice(0, 38)}`;
const unknownImported = () => `sk_live_${randomBytes(12).toString("hex")}`;

/** Fails so often from an address that its next failure is one too many. */
async function failed(address, credential = forged) {
  const answers = [];
  for (let index = 0; index < MAX_FAILURES; index += 1) answers.push(await from(address, credential()));
  for (const answer of answers) assert.equal(answer.status, 401, answer.text);
}

function toldToWait(answer) {
  assert.equal(answer.code, "TOO_MANY_FAILURES", answer.text);
  assert.equal(answer.status, 429);
  const seconds = Number(answer.headers.get("retry-after"));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
  if (answer.storage) assert.deepEqual(answer.storage, NOTHING);
}

test("the failure after the three hundredth is told to wait, wherever and however it fails", async () => {
  const address = "192.0.2.1";
  await failed(address);
  const verify = { method: "POST", body: JSON.stringify({ key: "k" }) };
  toldToWait(await from(address, forged()));
  toldToWait(await from(address, undefined));
  toldToWait(await from(address, undefined, `/api/leads?api_key=${key}`));
  toldToWait(await from(address, undefined, "/api/leads", { headers: { Authorization: `Bearer ${key}`, "X-Api-Key": forged() } }));
  toldToWait(await from(address, forged(), "/keystile/v1/me"));
  toldToWait(await from(address, forged(), "/keystile/v1/me/revoke", { method: "POST" }));
  toldToWait(await from(address, forged(), "/keystile/v1/verify", verify));
});

test("a key with a valid tag is never delayed, whatever is wrong with it", async () => {
  const address = "192.0.2.1";
  toldToWait(await from(address, forged()));
  assert.equal((await from(address, key)).status, 200);
  assert.equal((await from(address, key, "/keystile/v1/me")).status, 200);
  const revoked = await rig.create();
  assert.equal((await rig.manage("POST", `/v1/tenants/acme/keys/${revoked.id}/revoke`)).status, 200);
  assert.equal((await from(address, revoked.key)).code, "REVOKED");
  const narrow = await rig.create("acme", { allowed_ips: ["198.51.100.7"] });
  assert.equal((await from(address, narrow.key)).code, "IP_NOT_ALLOWED");
});

test("another address fails as before", async () => {
  assert.equal((await from("192.0.2.2", forged())).code, "MALFORMED");
});

test("imported forms without a record are failures, and wait before storage", async () => {
  const address = "192.0.2.3";
  await failed(address, unknownImported);
  const known = unknownImported();
  const digest = createHash("sha256").update(known).digest("hex");
  const line = { digest, display: known.slice(0, 12), name: "of before", scopes: ["read:leads"] };
  const imported = await rig.manage("POST", "/v1/tenants/acme/keys/import", { keys: [line] });
  assert.equal(imported.status, 200, imported.text);
  toldToWait(await from(address, unknownImported()));
  // This one has a record. The isolate doesn't know it yet, so that its text is like any other's.
  toldToWait(await from(address, known));
  assert.equal((await from("192.0.2.4", known)).status, 200);
  assert.equal((await from(address, known)).status, 200, "a record in memory is judged as always");
  // Now the view of the feed is too old to judge by, so the feed is asked.
  await sleep(1_500);
  const asked = await from(address, known);
  assert.equal(asked.status, 200, "and so it is when the feed has to be asked");
  assert.ok(asked.storage.feed > 0, JSON.stringify(asked.storage));
});

test("100,000 distinct forged keys from as many addresses leave the memory in its bound", async () => {
  const memory = async () => (await rig.edge("edge1", "/__memory")).body / MIB;
  const flood = async (from, to) => {
    for (let at = from; at < to; at += 500) {
      const { body } = await rig.edge("edge1", "/__flood", { method: "POST", body: JSON.stringify({ from: at, count: 500 }) });
      assert.deepEqual(body, { 401: 500 });
    }
  };
  const before = await memory();
  await flood(0, 60_000);
  const full = await memory();
  await flood(60_000, 100_000);
  const after = await memory();
  console.log(`WebAssembly memory: ${before} MiB, ${full} MiB after 60,000 forged keys, ${after} MiB after 100,000`);
  assert.ok(after - before < 5 && after - full < 0.5, "the memory grows");
});
