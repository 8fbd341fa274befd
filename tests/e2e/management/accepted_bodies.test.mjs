// A body is understood in one way or refused: nothing that is accepted comes back as another value, and
// nothing that is stored keeps a reader from its answer.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { EDGE_WITH_BODY, OPERATIONS_WITH_BODY, targetOf } from "../../support/bodies.mjs";
import { exactly, metadataText, randomBy } from "../../support/json_samples.mjs";
import { eventually, importable, ROOT_KEY, startRig, WITH_SOURCE } from "../../support/rig.mjs";

const JSON_TYPE = { "Content-Type": "application/json" };
/** Samples of metadata; `BODIES_SEED` and `BODIES_SAMPLES` choose others and more. */
const SEED = Number(process.env.BODIES_SEED ?? 1);
const SAMPLES = Number(process.env.BODIES_SAMPLES ?? 25);

let rig;
let edge;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', ...WITH_SOURCE };
  rig = await startRig({ name: "accepted", edges: {}, handles: true, settings, hooks: {} });
  edge = await startRig({ name: "accepted-edge", edges: { edge1: {} }, settings: WITH_SOURCE, hooks: {} });
});
after(() => Promise.all([rig.close(), edge.close()]));

const send = ({ method, ...operation }, raw, headers = {}) =>
  rig.manage(method, targetOf(operation), undefined, { raw, headers: { ...JSON_TYPE, "Sec-Fetch-Site": "same-origin", ...headers } });
const sendEdge = (path, body, headers = {}) => edge.edge("edge1", path, { key: ROOT_KEY, method: "POST", body, headers: { ...JSON_TYPE, ...headers } });

describe("a member that is there twice is refused by name:", () => {
  for (const operation of OPERATIONS_WITH_BODY) {
    test(operation.operationId, async () => {
      for (const [raw, member] of [
        ['{"name":"x","name":"y"}', "name"],
        ['{"scopes":["read:leads"],"\\u0073copes":["admin"]}', "scopes"],
        ['{"metadata":{"plan":[{"a":1,"a":2}]}}', "metadata.plan.0.a"],
      ]) {
        const answer = await send(operation, raw);
        assert.deepEqual([answer.status, answer.code], [400, "MALFORMED_JSON"], answer.text);
        assert.ok(answer.body.detail.includes(`\`${member}\``), answer.body.detail);
      }
    });
  }
  for (const path of EDGE_WITH_BODY) {
    test(path, async () => {
      const member = path.includes("webhooks") ? "source" : "key";
      const named = { [`{"${member}":"a","${member}":"b"}`]: member };
      // No member of `verify` takes an object.
      if (path.includes("webhooks")) named['{"headers":{"x":"1","x":"2"}}'] = "headers.x";
      for (const [raw, member] of Object.entries(named)) {
        const answer = await sendEdge(path, raw);
        assert.deepEqual([answer.status, answer.code], [400, "MALFORMED_JSON"], answer.text);
        assert.ok(answer.body.detail.includes(`\`${member}\``), answer.body.detail);
      }
    });
  }
});

describe("a compressed body is refused, and it is said which is not:", () => {
  const refused = (answer) => {
    assert.deepEqual([answer.status, answer.code], [415, "UNSUPPORTED_MEDIA_TYPE"], answer.text);
    assert.equal(answer.headers.get("accept-encoding"), "identity");
  };
  for (const operation of OPERATIONS_WITH_BODY) {
    test(operation.operationId, async () => {
      for (const encoding of ["gzip", "BR", "identity, gzip"]) refused(await send(operation, "{}", { "Content-Encoding": encoding }));
      assert.notEqual((await send(operation, "{}", { "Content-Encoding": "Identity" })).status, 415);
    });
  }
  for (const path of EDGE_WITH_BODY) {
    test(path, async () => refused(await sendEdge(path, "{}", { "Content-Encoding": "gzip" })));
  }
  test("a webhook comes as its sender encoded it", async () => {
    const answer = await edge.edge("edge1", "/hooks/queued", { method: "POST", body: "x", headers: { "Content-Encoding": "gzip" } });
    assert.notEqual(answer.status, 415);
  });
});

test("metadata of any depth is refused by name, wherever it comes in", async () => {
  const key = await rig.create();
  const nested = (depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  for (const depth of [33, 64, 123, 126, 127, 128, 1_000, 10_000]) {
    const metadata = nested(depth);
    const places = [
      ["POST", "/v1/tenants/acme/keys", `{"name":"x","scopes":["read:leads"],"metadata":${metadata}}`],
      ["PATCH", `/v1/tenants/acme/keys/${key.id}`, `{"metadata":${metadata}}`],
      ["POST", "/v1/tenants/acme/keys/import", `{"keys":[${JSON.stringify(importable()).slice(0, -1)},"metadata":${metadata}}]}`],
    ];
    for (const [method, path, raw] of places) {
      const answer = await rig.manage(method, path, undefined, { raw, headers: JSON_TYPE });
      assert.equal(answer.status, 422, `${path} ${depth}: ${answer.text}`);
      const errors = answer.body.errors ?? answer.body.results[0].errors;
      assert.match(errors[0].field, /metadata/);
      assert.match(errors[0].detail, /nested .*(32|64)/);
    }
  }
});

test("numbers that no double holds, and names that the parser keeps for itself, are refused by name", async () => {
  const create = (metadata) =>
    rig.manage("POST", "/v1/tenants/acme/keys", undefined, {
      raw: `{"name":"x","scopes":["read:leads"],"metadata":${metadata}}`,
      headers: JSON_TYPE,
    });
  for (const [metadata, field] of [
    ['{"n":1e309}', "metadata.n"],
    ['{"n":[-1e400]}', "metadata.n.0"],
    ['{"n":{"\\u0024serde_json::private::RawValue":"[1"}}', "metadata.n.$serde_json::private::RawValue"],
  ]) {
    const answer = await create(metadata);
    assert.equal(answer.code, "INVALID_REQUEST", answer.text);
    assert.equal(answer.body.errors[0].field, field);
  }
});

test("what is accepted comes back with the same values, wherever it is read", async () => {
  const random = randomBy(SEED);
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    const sent = metadataText(random);
    const why = `BODIES_SEED=${SEED}, sample ${sample}: ${sent}`;
    const raw = `{"name":"sample ${sample}","scopes":["read:leads"],"metadata":${sent}}`;
    const tenant = `sample-${sample}`;
    const created = await edge.manage("POST", `/v1/tenants/${tenant}/keys`, undefined, { raw, headers: JSON_TYPE });
    assert.equal(created.status, 201, `${why}\n${created.text}`);
    const { id, key } = created.body;
    const meant = exactly(sent);
    const same = (text, metadata) => assert.deepEqual(metadata(exactly(text)), meant, why);
    const read = async (path) => (await edge.manage("GET", `/v1/tenants/${tenant}${path}`)).text;
    same(created.text, (body) => body.metadata);
    same(await read(`/keys/${id}`), (body) => body.metadata);
    same(await read("/keys"), (body) => body.keys[0].metadata);
    const to = (entry) => entry.detail.metadata?.to ?? {};
    same(await read("/audit"), (body) => to(body.entries[0]));
    same((await read("/audit/export")).split("\n")[0], to);
    const verified = await sendEdge("/keystile/v1/verify", JSON.stringify({ key }));
    same(verified.text, (body) => body.metadata);
    // A patch that names a member sets it to the same value again, and leaves the others.
    const patched = await edge.manage("PATCH", `/v1/tenants/${tenant}/keys/${id}`, undefined, {
      raw: `{"metadata":{"added by the patch":1}}`,
      headers: JSON_TYPE,
    });
    const { "added by the patch": added, ...rest } = exactly(patched.text).metadata;
    assert.deepEqual([added, rest], [{ number: "1e0" }, meant], why);
    const me = await edge.edge("edge1", "/keystile/v1/me", { key });
    assert.deepEqual([me.status, me.body.name], [200, `sample ${sample}`], me.text);
  }
});

describe("names, reasons and the like show what they have, and hold no key:", () => {
  const actor = (id, name) => ({ actor: { id, name }, may: ["keys:read"], scopes: [] });
  const places = {
    "a key's name": (text) => ["POST", "/v1/tenants/acme/keys", { name: text, scopes: ["read:leads"] }, "name"],
    "a new name": (text) => ["PATCH", `/v1/tenants/acme/keys/${key.id}`, { name: text }, "name"],
    "an operator's name": (text) => ["POST", "/v1/operators", { name: text, scopes: ["verify"], tenant: "*" }, "name"],
    "a reason": (text) => ["POST", `/v1/tenants/acme/keys/${key.id}/revoke`, { reason: text }, "reason"],
    "a person's id": (text) => ["POST", "/v1/tenants/acme/portal-sessions", actor(text, "Ann"), "actor.id"],
    "a person's name": (text) => ["POST", "/v1/tenants/acme/portal-sessions", actor("u_7", text), "actor.name"],
    "an imported key's name": (text) => ["POST", "/v1/tenants/acme/keys/import", { keys: [{ ...importable(), name: text }] }, "name"],
  };
  let key;
  let secrets;
  before(async () => {
    key = await rig.create();
    const session = (await rig.manage("POST", "/v1/tenants/acme/portal-sessions", actor("u_7", "Ann"))).body;
    secrets = [key.key, (await rig.operator("acme", ["verify"])).key, ROOT_KEY, session.token, `sk_live_${randomBytes(12).toString("hex")}`];
  });
  const mistakes = ({ body }) => body.errors ?? body.results[0].errors;
  for (const [place, request] of Object.entries(places)) {
    test(place, async () => {
      for (const hidden of ["\u200b", "a\u202eb", "\ufeffx", "a\u2066b", "\u3164", "\u200d"]) {
        const [method, path, body, field] = request(hidden);
        const answer = await rig.manage(method, path, body);
        assert.equal(answer.status, 422, answer.text);
        assert.equal(mistakes(answer)[0].field, field.split(".")[0]);
        assert.match(mistakes(answer)[0].detail, /seen/);
      }
      for (const secret of secrets) {
        for (const text of [secret, `it is ${secret}.`]) {
          const [method, path, body, field] = request(text);
          const answer = await rig.manage(method, path, body);
          assert.equal(answer.status, 422, answer.text);
          assert.equal(mistakes(answer)[0].field, field);
          assert.ok(!answer.text.includes(secret), "the answer repeats the key");
        }
      }
    });
  }
  test("metadata, its names too, and a tenant's name", async () => {
    for (const secret of secrets) {
      const create = (metadata) => rig.manage("POST", "/v1/tenants/acme/keys", { name: "x", scopes: ["read:leads"], metadata });
      assert.equal((await create({ old: [secret] })).body.errors[0].field, "metadata.old.0");
      assert.equal((await create({ [secret]: 1 })).body.errors[0].field, "metadata");
    }
    for (const secret of [key.key, secrets[1]]) {
      const answer = await rig.manage("GET", `/v1/tenants/${secret}/keys`);
      assert.ok([400, 422].includes(answer.status), answer.text);
      assert.ok(!answer.text.includes(secret));
    }
  });
});

test("an import of which every line fails is a problem, with the report of each", async () => {
  const lines = [{ ...importable(), scopes: ["no:such"] }, 7];
  const answer = await rig.manage("POST", "/v1/tenants/acme/keys/import", { keys: lines });
  assert.deepEqual([answer.status, answer.code], [422, "IMPORT_FAILED"], answer.text);
  const { imported, existing, failed, results } = answer.body;
  assert.deepEqual([imported, existing, failed, results.length], [0, 0, 2, 2]);
  const some = await rig.manage("POST", "/v1/tenants/acme/keys/import", { keys: [...lines, importable()] });
  assert.deepEqual([some.status, some.body.failed, some.body.imported], [200, 2, 1], some.text);
});

test("no stored row, however it came there, takes a list, the log or an export down", async () => {
  const tenant = "odd-rows";
  const good = await rig.create(tenant, { metadata: { plan: "pro" } });
  const records = [
    `json_set(record, '$.metadata', json('${"[".repeat(900)}${"]".repeat(900)}'))`,
    `json_set(record, '$.metadata', json('{"$serde_json::private::RawValue":"[1"}'))`,
    `json_set(record, '$.metadata', json('{"$serde_json::private::Number":"x"}'))`,
    `json_set(record, '$.metadata', json('[1]'))`,
    `replace(record, '"metadata":{', '"metadata":{"twice":1,"twice":2,')`,
    `json_set(record, '$.display', 7)`,
    `json_set(record, '$.subject', json('{}'))`,
  ];
  for (const record of records) {
    const odd = await rig.create(tenant, { metadata: { plan: "free" } });
    await rig.sql(tenant, `UPDATE keys SET record = ${record} WHERE id = '${odd.id}'`);
  }
  for (const detail of [`'{"metadata":{"to":${"[".repeat(900)}${"]".repeat(900)}}}'`, "'{'", `'{"$serde_json::private::RawValue":"[1"}'`]) {
    await rig.sql(
      tenant,
      `INSERT INTO audit (id, at, actor_id, actor_name, action, request_id, detail)
       VALUES ('aud_${randomBytes(10).toString("hex")}', 1, 'root', 'x', 'changed', 'req_00000000000000000000', ${detail})`,
    );
  }
  const raw = async (path) => {
    const response = await rig.server.getWorker("manage").fetch(`http://manage.example/v1/tenants/${tenant}${path}`, {
      headers: { Authorization: `Bearer ${ROOT_KEY}` },
    });
    return { status: response.status, text: await response.text() };
  };
  for (const path of ["/keys", "/keys?status=active", "/keys?q=key", "/audit", ""]) {
    const { status, text } = await raw(path);
    assert.equal(status, 200, `${path}: ${text}`);
    if (path.startsWith("/keys")) assert.ok(text.includes(good.id), path);
  }
  const exported = await raw("/audit/export");
  assert.equal(exported.status, 200);
  assert.equal(exported.text.trim().split("\n").length, 1 + records.length + 3);
});

test("a command that a ledger can't read is a fault of ours, under the id of its request", async () => {
  const answer = await rig.object("LEDGER", "acme", "create", { origin: { request_id: "req_abc" }, new: 7 });
  assert.deepEqual([answer.status, answer.code, answer.body.request_id], [500, "INTERNAL", "req_abc"], answer.text);
  await eventually(async () => assert.match(JSON.stringify(rig.server.getLogs()), /can't read the command/));
});
