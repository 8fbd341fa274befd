// Endpoints for events: their settings, and who may see and change them. A change is recorded whether or not the worker
// can be reached that sends.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, startRig } from "../../support/rig.mjs";

const DEPLOYMENT = "/v1/event-endpoints";
const of = (tenant) => `/v1/tenants/${tenant}/event-endpoints`;
const URL = "https://hooks.example.org/in?token=t0p";
const NOWHERE = `ep_${"0".repeat(20)}`;
const EVENT = `evt_${"0".repeat(20)}`;

let rig;
before(async () => {
  rig = await startRig({ name: "event-endpoints", edges: {}, handles: true });
});
after(() => rig.close());

const create = async (list, fields = {}, options) => {
  const made = await rig.manage("POST", list, { url: URL, ...fields }, options);
  assert.equal(made.status, 201, made.text);
  return made;
};
/** The endpoint after a change that is recorded, be it in effect or not. */
const changed = async (method, path, body, options) => {
  const answer = await rig.manage(method, path, body, options);
  if (answer.status !== 200) assert.deepEqual([answer.status, answer.code], [503, "CHANGE_PENDING"], answer.text);
  return (await rig.manage("GET", path)).body;
};
const audit = async (tenant) => {
  const { body } = await rig.manage("GET", tenant ? `/v1/tenants/${tenant}/audit` : "/v1/audit");
  return body.entries;
};

test("an endpoint is made, listed, shown, changed and deleted, of the deployment as of a tenant", async () => {
  for (const list of [DEPLOYMENT, of("whole")]) {
    const fields = { types: ["key.revoked", "key.created"], description: "Billing" };
    const { body: made, headers } = await create(list, fields);
    assert.match(made.secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.equal(headers.get("etag"), `"${made.version}"`);
    assert.deepEqual([made.url, made.types, made.status], [URL, ["key.created", "key.revoked"], "active"]);
    assert.equal(made.tenant, list === DEPLOYMENT ? null : "whole");
    const path = `${list}/${made.id}`;
    const { body: shown } = await rig.manage("GET", path);
    assert.deepEqual([shown.id, shown.secret, shown.description], [made.id, undefined, "Billing"]);
    const { body: listed } = await rig.manage("GET", list);
    assert.deepEqual(listed.endpoints.map(({ id }) => id), [made.id]);
    const paused = await changed("PATCH", path, { status: "paused", types: null, description: null });
    assert.deepEqual([paused.status, paused.types, paused.description], ["paused", [], null]);
    assert.ok(paused.version > made.version);
    const again = await changed("PATCH", path, { status: "paused" });
    assert.equal(again.version, paused.version, "nothing has changed");
    const gone = await changed("DELETE", path);
    assert.equal(gone.code, "ENDPOINT_NOT_FOUND");
    assert.deepEqual((await rig.manage("GET", list)).body.endpoints, []);
  }
});

test("a tenant is there once it has an endpoint", async () => {
  await create(of("only-endpoints"));
  assert.equal((await rig.manage("GET", "/v1/tenants/only-endpoints")).status, 200);
});

test("all mistakes of a request are told, with what is allowed", async () => {
  const refused = await rig.manage("POST", of("acme"), { url: "http://10.0.0.1/", types: ["key.stolen"], secret: "x" });
  assert.deepEqual([refused.status, refused.body.errors.map(({ field }) => field)], [422, ["url", "types", "secret"]]);
  assert.match(refused.body.errors[1].detail, /"key.stolen" is no type of event; known are: key.created, /);
  for (const url of ["https://localhost/", "https://10.0.0.1/", "https://user@example.org/", "ftp://example.org/", "https://a.internal/"]) {
    assert.equal((await rig.manage("POST", of("acme"), { url })).code, "INVALID_REQUEST", url);
  }
  const { body } = await create(of("acme"));
  const patch = await rig.manage("PATCH", `${of("acme")}/${body.id}`, { url: "https://127.0.0.1/" });
  assert.equal(patch.code, "INVALID_REQUEST");
});

test("there are so many endpoints at most", async () => {
  for (let made = 0; made < 10; made += 1) await create(of("many"));
  const refused = await rig.manage("POST", of("many"), { url: URL });
  assert.deepEqual([refused.status, refused.code, refused.body.limit], [409, "ENDPOINT_LIMIT_REACHED", 10]);
});

test("a change is made only to the version that its caller has seen", async () => {
  const { body } = await create(of("versions"));
  const path = `${of("versions")}/${body.id}`;
  const headers = { "If-Match": '"1"' };
  for (const [method, target, fields] of [
    ["PATCH", path, { status: "paused" }],
    ["DELETE", path],
    ["POST", `${path}/secret/rotate`, {}],
  ]) {
    const refused = await rig.manage(method, target, fields, { headers });
    assert.deepEqual([refused.status, refused.body.version], [412, body.version], target);
  }
  const present = { headers: { "If-Match": `"${body.version}"` } };
  assert.equal((await changed("PATCH", path, { status: "paused" }, present)).status, "paused");
});

test("a repeated request gets the same secret", async () => {
  const headers = { "Idempotency-Key": "endpoint of a lost answer" };
  const { body: first } = await create(of("repeats"), {}, { headers });
  const { body: again } = await create(of("repeats"), {}, { headers });
  assert.deepEqual([again.id, again.secret, again.replayed], [first.id, first.secret, true]);
  const rotate = () => rig.manage("POST", `${of("repeats")}/${first.id}/secret/rotate`, {}, { headers: { "Idempotency-Key": "r" } });
  const [rotated, repeated] = [(await rotate()).body, (await rotate()).body];
  assert.notEqual(rotated.secret, first.secret);
  assert.equal(repeated.secret, rotated.secret);
});

test("a secret is shown once, and is nowhere at rest", async () => {
  const headers = { "Idempotency-Key": "endpoint at rest" };
  const { body: made } = await create(of("secrets"), {}, { headers });
  const text = made.secret.slice("whsec_".length);
  for (const table of ["event_endpoints", "event_endpoint_list", "idempotency", "audit"]) {
    const rows = JSON.stringify(await rig.sql("secrets", `SELECT * FROM ${table}`));
    assert.ok(rows.length > 2, table);
    assert.ok(!rows.includes(text), table);
  }
  const { body: pair } = await create(of("secrets"), { signature: "v1a" });
  assert.equal(pair.secret, null);
  assert.match(pair.public_key, /^whpk_[A-Za-z0-9+/]{43}=$/);
  const { body: rotated } = await rig.manage("POST", `${of("secrets")}/${pair.id}/secret/rotate`, { overlap_seconds: 60 });
  assert.notEqual(rotated.public_key, pair.public_key);
  const left = Date.parse(rotated.previous_secret_ends_at) - Date.now();
  assert.ok(left > 50_000 && left <= 60_000, `${left} ms`);
  const { body: at_once } = await rig.manage("POST", `${of("secrets")}/${pair.id}/secret/rotate`, { overlap_seconds: 0 });
  assert.equal(at_once.previous_secret_ends_at, null);
});

test("secrets move to the newest secret of the deployment as soon as anything is asked of the tenant", async () => {
  const other = await startRig({ name: "event-endpoints-rotation", edges: {}, handles: true });
  const sealed = async () => {
    const [row] = await other.sql("acme", "SELECT settings FROM event_endpoints");
    return JSON.parse(row.settings).secrets[0].sealed;
  };
  try {
    const { body: made } = await other.manage("POST", of("acme"), { url: URL });
    const before = await sealed();
    await other.restart({ secret: `${Buffer.alloc(32, 2).toString("base64")},${SECRET}` });
    const { body: moved } = await other.manage("GET", `${of("acme")}/${made.id}`);
    const after = await sealed();
    assert.notEqual(after.split(".")[0], before.split(".")[0]);
    assert.ok(moved.version > made.version, "the worker that sends is told");
    await other.restart({ secret: Buffer.alloc(32, 2).toString("base64") });
    assert.equal((await other.manage("GET", of("acme"))).status, 200);
    assert.equal(await sealed(), after);
  } finally {
    await other.close();
  }
});

test("every change is in the audit log, with the host of the address alone", async () => {
  for (const tenant of [undefined, "audited"]) {
    const list = tenant ? of(tenant) : DEPLOYMENT;
    const { body } = await create(list, { description: "Logs" });
    const path = `${list}/${body.id}`;
    await changed("PATCH", path, { url: "https://hooks.example.org/other" });
    await rig.manage("POST", `${path}/secret/rotate`, {});
    await changed("DELETE", path);
    const entries = (await audit(tenant)).slice(0, 4).reverse();
    const actions = ["endpoint_created", "endpoint_changed", "endpoint_secret_rotated", "endpoint_deleted"];
    assert.deepEqual(entries.map(({ action }) => action), actions);
    assert.ok(entries.every(({ detail }) => detail.endpoint.to === body.id));
    assert.deepEqual(entries[1].detail.url, { from: "https://hooks.example.org/…", to: "https://hooks.example.org/…" });
    assert.doesNotMatch(JSON.stringify(entries), /t0p|whsec_/);
  }
});

test("who may see and change endpoints", async () => {
  const [{ body: ours }, { body: all }] = [await create(of("acme")), await create(DEPLOYMENT)];
  const reader = await rig.operator("acme", ["events:read"]);
  const writer = await rig.operator("acme", ["events:write"]);
  const stranger = await rig.operator("other", ["events:read", "events:write"]);
  const keys = await rig.operator("*", ["keys:read", "keys:write", "audit:read"]);
  const codeOf = async (method, path, { key }, body) => (await rig.manage(method, path, body, { key })).code;
  const path = `${of("acme")}/${ours.id}`;
  assert.equal((await rig.manage("GET", path, undefined, { key: reader.key })).status, 200);
  assert.equal(await codeOf("POST", of("acme"), reader, { url: URL }), "INSUFFICIENT_SCOPE");
  assert.equal(await codeOf("GET", path, writer), "INSUFFICIENT_SCOPE");
  assert.equal((await rig.manage("POST", of("acme"), { url: URL }, { key: writer.key })).status, 201);
  assert.equal(await codeOf("GET", path, keys), "INSUFFICIENT_SCOPE");
  assert.equal(await codeOf("GET", path, stranger), "TENANT_NOT_ALLOWED");
  assert.equal(await codeOf("GET", DEPLOYMENT, stranger), "TENANT_NOT_ALLOWED");
  // An id of another scope leads nowhere, whatever is asked of it.
  for (const id of [ours.id, all.id, NOWHERE, "ep_x"]) {
    const at = `${of("other")}/${id}`;
    for (const [method, target] of [
      ["GET", at],
      ["GET", `${at}/attempts`],
      ["GET", `${at}/dead-letters`],
      ["PATCH", at],
      ["DELETE", at],
      ["POST", `${at}/test`],
      ["POST", `${at}/secret/rotate`],
      ["POST", `${at}/dead-letters/redrive`],
      ["POST", `${at}/dead-letters/${EVENT}/redrive`],
      ["POST", `${at}/dead-letters/${EVENT}/discard`],
    ]) {
      assert.equal(await codeOf(method, target, stranger, method === "POST" || method === "PATCH" ? {} : undefined), "ENDPOINT_NOT_FOUND", target);
    }
  }
  const fields = { actor: { id: "u_7", name: "Ann" }, may: ["keys:read", "keys:write", "audit:read"], scopes: [] };
  const { body: portal } = await rig.manage("POST", "/v1/tenants/acme/portal-sessions", fields);
  assert.equal(await codeOf("GET", of("acme"), { key: portal.token }), "PORTAL_NOT_ALLOWED");
});

test("what is asked of an endpoint's object names an event and a page, or says what is wrong", async () => {
  const { body } = await create(of("queries"));
  const path = `${of("queries")}/${body.id}`;
  for (const query of ["attempts?event=evt_1", "attempts?limit=101", "attempts?cursor=x", "dead-letters?limit=0", "dead-letters?event=x"]) {
    assert.equal((await rig.manage("GET", `${path}/${query}`)).code, "INVALID_REQUEST", query);
  }
  assert.equal((await rig.manage("POST", `${path}/dead-letters/evt_x/redrive`)).code, "DEAD_LETTER_NOT_FOUND");
});
