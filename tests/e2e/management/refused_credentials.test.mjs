// A credential that is of no use any more has a valid tag, so its text says nothing. Whoever repeats it doesn't reach
// the one ledger that all operators share.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { effective, sleep, startRig } from "../../support/rig.mjs";

const REPEATS = 40;
const MAX_STALENESS_MS = 1_000;

let rig;
before(async () => (rig = await startRig({ name: "refused-credentials", edges: { edge1: {} }, handles: true })));
after(() => rig.close());

const judged = async () => (await rig.ledgerCalls())["/authenticate"] ?? 0;

/** Presents a credential over and over, and holds the calls that this costs to one for each `max_staleness_ms`. */
async function repeated(code, present) {
  await judged();
  const began = Date.now();
  for (let times = 0; times < REPEATS; times += 1) {
    const answer = await present();
    assert.deepEqual([answer.status, answer.code], [401, code], answer.text);
    assert.ok(answer.headers.get("www-authenticate"));
  }
  const [calls, allowed] = [await judged(), 1 + Math.ceil((Date.now() - began) / MAX_STALENESS_MS)];
  assert.ok(calls <= allowed, `${calls} calls for ${REPEATS} requests, where ${allowed} do`);
}

const list = (key) => rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key });
const withCookie = (page, cookie) => rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key: null, headers: { "Keystile-Session": page, Cookie: cookie } });
const revoke = async (operator) => effective(await rig.manage("POST", `/v1/operators/${operator.id}/revoke`));

test("a revoked operator key at the management API", async () => {
  const operator = await rig.operator("*", ["keys:read", "verify"]);
  assert.equal((await list(operator.key)).status, 200);
  await revoke(operator);
  await repeated("REVOKED", () => list(operator.key));
});

test("a revoked operator key at the edge", async () => {
  const operator = await rig.operator("*", ["verify"]);
  const verify = () => rig.edge("edge1", "/keystile/v1/verify", { method: "POST", key: operator.key, body: '{"key": "x"}' });
  assert.equal((await verify()).status, 200);
  await revoke(operator);
  const before = await rig.feedCalls("edges");
  const began = Date.now();
  await repeated("REVOKED", verify);
  const after = await rig.feedCalls("edges");
  const calls = (of) => Object.values(of).reduce((sum, count) => sum + count, 0);
  // An isolate in use polls twice in each `max_staleness_ms`, whatever it is asked.
  const polls = 2 + Math.ceil((2 * (Date.now() - began)) / MAX_STALENESS_MS);
  assert.ok(calls(after) - calls(before) <= polls, JSON.stringify([before, after]));
});

test("an operator key that has expired", async () => {
  const fields = { name: "brief", scopes: ["keys:read"], tenant: "*", expires_at: new Date(Date.now() + 1_000).toISOString() };
  const { body } = await rig.manage("POST", "/v1/operators", fields);
  await sleep(1_100);
  await repeated("EXPIRED", () => list(body.key));
});

test("an operator's session that was ended", async () => {
  const signedIn = await rig.manage("POST", "/v1/session");
  const [cookie] = signedIn.headers.get("set-cookie").split(";");
  const headers = { "Keystile-Session": "operator", Cookie: cookie, "Sec-Fetch-Site": "same-origin" };
  assert.equal((await rig.manage("DELETE", "/v1/session", undefined, { key: null, headers })).status, 204);
  await repeated("SESSION_ENDED", () => withCookie("operator", cookie));
});

test("the token of a portal session whose minter is gone", async () => {
  const operator = await rig.operator("acme", ["keys:read", "keys:write"]);
  const body = { actor: { id: "u_7", name: "Ann" }, may: ["keys:read"], scopes: [] };
  const minted = await rig.manage("POST", "/v1/tenants/acme/portal-sessions", body, { key: operator.key });
  assert.equal((await list(minted.body.token)).status, 200);
  await revoke(operator);
  await repeated("REVOKED", () => list(minted.body.token));
});

test("what was refused is asked about again", async () => {
  const operator = await rig.operator("*", ["keys:read"]);
  await revoke(operator);
  assert.equal((await list(operator.key)).code, "REVOKED");
  await judged();
  await sleep(MAX_STALENESS_MS + 50);
  assert.equal((await list(operator.key)).code, "REVOKED");
  assert.equal(await judged(), 1);
  const others = await Promise.all([1, 2].map(() => rig.operator("acme", ["keys:read"])));
  for (const other of others) assert.equal((await list(other.key)).status, 200, "and nobody else pays for it");
});
