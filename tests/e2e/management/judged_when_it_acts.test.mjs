// Who may act is judged when they act. A request whose caller loses their key while
// the body is still on its way does nothing and learns nothing, whatever it asks.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { EDGE_WITH_BODY, OPERATIONS_WITH_BODY } from "../../support/bodies.mjs";
import { effective, importable, ROOT_KEY, startRig, WITH_SOURCE } from "../../support/rig.mjs";

const SCOPES = [
  ...["keys:read", "keys:write", "audit:read", "operators:write", "tenants:delete", "verify"],
  ...["webhooks:read", "webhooks:write", "metrics:read", "events:read", "events:write", "tenants:export"],
];

let rig;
let edge;
before(async () => {
  const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', ...WITH_SOURCE };
  rig = await startRig({ name: "judged", edges: {}, handles: true, settings, hooks: {} });
  edge = await startRig({ name: "judged-edge", edges: { edge1: {} }, hooks: {}, settings: WITH_SOURCE });
});
after(() => Promise.all([rig.close(), edge.close()]));

const revoke = (where, operator) =>
  where.manage("POST", `/v1/operators/${operator.id}/revoke`, undefined, { headers: { Prefer: "wait=5" } });

/** Bodies that would do something; of other operations an empty object does. */
const BODIES = {
  importKeys: () => ({ keys: [importable()] }),
  createKey: () => ({ name: "planted", scopes: ["read:leads"] }),
  updateKey: () => ({ name: "planted" }),
  createOperator: () => ({ name: "planted", scopes: SCOPES, tenant: "*" }),
  revokeKeys: () => ({ all: true }),
  eraseTenant: () => ({ confirm: "acme" }),
  updateTenant: () => ({ max_active_keys: 7 }),
  reportExposures: async () => [{ token: (await rig.create()).key }],
  createEventEndpoint: () => ({ url: "https://planted.example.org/" }),
  createTenantEventEndpoint: () => ({ url: "https://planted.example.org/" }),
  updateEventEndpoint: () => ({ status: "paused" }),
  updateTenantEventEndpoint: () => ({ status: "paused" }),
  createPortalSession: () => ({ actor: { id: "u_7", name: "Ann" }, may: ["keys:read"], scopes: [] }),
};

/** The subject of an operation below these parts of a path: each makes one, and returns its id. */
const SUBJECTS = {
  "/keys/{id}": async () => (await rig.create()).id,
  "/operators/{id}": async () => (await rig.operator("acme", ["verify"])).id,
  "/dead-letters/{id}": () => rig.bury("queued"),
  "/deliveries/{id}": () => rig.remember("queued", { kept: true }),
  "/handshakes/{id}": () => rig.tell("queued"),
};

/** An endpoint for events of the operation's scope, one for all operations. */
const endpoints = {};
async function endpointOf(path) {
  const list = path.slice(0, path.indexOf("/{endpoint}")).replace("{tenant}", "acme");
  const make = () => rig.manage("POST", list, { url: "https://hooks.example.org/" });
  return (endpoints[list] ??= (await make()).body.id);
}

/** A request for which there is something to do. */
async function prepared({ operationId, path }) {
  const [, make] = Object.entries(SUBJECTS).find(([part]) => path.includes(part)) ?? [];
  const id = await make?.();
  const endpoint = path.includes("{endpoint}") ? await endpointOf(path) : undefined;
  const values = { tenant: "acme", source: "queued", id, endpoint, event: `evt_${"0".repeat(20)}` };
  const target = path.replace(/\{(\w+)\}/g, (parameter, name) => values[name] ?? parameter);
  if (target.endsWith("/rotate/cancel")) await rig.manage("POST", target.replace("/cancel", ""), { overlap_seconds: 60 });
  if (target.endsWith("/enable")) await rig.manage("POST", target.replace("enable", "disable"));
  if (operationId === "eraseTenant") await rig.manage("POST", `${target}/suspend`);
  if (target.endsWith("/resume")) await rig.manage("POST", target.replace("resume", "suspend"));
  return { target, body: JSON.stringify((await BODIES[operationId]?.()) ?? {}) };
}

/** All that the deployment holds, as far as the API shows it. */
async function everything() {
  const of = async (path) => (await rig.manage("GET", path)).body;
  const [tenant, audit, operators] = [
    await of("/v1/tenants/acme"),
    await of("/v1/tenants/acme/audit?limit=1"),
    await of("/v1/audit?limit=1"),
  ];
  return JSON.stringify([tenant, audit.entries[0]?.id, operators.entries[0]?.id]);
}

/** A cookie of an answer, as a page of this origin sends it. */
const paged = (kind, answer) => ({
  key: null,
  headers: {
    Cookie: answer.headers.get("set-cookie").split(";")[0],
    "Keystile-Session": kind,
    "Sec-Fetch-Site": "same-origin",
  },
});
const portalSession = async (operator) => {
  const scopes = ["read:leads"];
  const fields = { actor: { id: "u_7", name: "Ann" }, may: ["keys:read", "keys:write", "audit:read"], scopes };
  return (await rig.manage("POST", "/v1/tenants/acme/portal-sessions", fields, { key: operator.key })).body;
};
const exchanged = ({ url }) => {
  const [, code] = url.split("#code=");
  const headers = { "Sec-Fetch-Site": "same-origin" };
  return rig.manage("POST", "/v1/portal-session", { code }, { key: null, headers });
};
const signedIn = (operator) => rig.manage("POST", "/v1/session", undefined, { key: operator.key });

/**
 * Whoever may call an operation: how they present themselves, and what takes that right away.
 *   may    whether the document lets them call the operation
 *   begin  for a new operator: `{options, end}`
 *   code   of the refusal
 */
/** Of anybody else these are refused before their body is read. */
const ofRootAlone = ({ operationId }) => ["restoreTenant", "restoreOperators"].includes(operationId);
const byOperator = (operation) => operation.security.some(({ operatorKey }) => operatorKey) && !ofRootAlone(operation);
// A session is begun with a key, which the operation itself looks at.
const byKey = (operation) => byOperator(operation) || operation.operationId === "beginSession";
const byPortal = ({ security }) => security.some(({ portalToken }) => portalToken);
const CALLERS = {
  "an operator's key that is revoked": {
    may: byKey,
    begin: async (operator) => ({ options: { key: operator.key }, end: () => revoke(rig, operator) }),
    code: "REVOKED",
  },
  "a session whose operator is revoked": {
    may: byOperator,
    begin: async (operator) => ({ options: paged("operator", await signedIn(operator)), end: () => revoke(rig, operator) }),
    code: "REVOKED",
  },
  "a session that is ended": {
    may: byOperator,
    begin: async (operator) => {
      const options = paged("operator", await signedIn(operator));
      return { options, end: () => rig.manage("DELETE", "/v1/session", undefined, options) };
    },
    code: "SESSION_ENDED",
  },
  "a session of the root key that is ended": {
    may: ofRootAlone,
    begin: async () => {
      const options = paged("operator", await signedIn({ key: ROOT_KEY }));
      return { options, end: () => rig.manage("DELETE", "/v1/session", undefined, options) };
    },
    code: "SESSION_ENDED",
  },
  "a portal's token whose operator is revoked": {
    may: byPortal,
    begin: async (operator) => ({
      options: { key: (await portalSession(operator)).token },
      end: () => revoke(rig, operator),
    }),
    code: "REVOKED",
  },
  "a portal's session that is ended": {
    may: byPortal,
    begin: async (operator) => {
      const options = paged("portal", await exchanged(await portalSession(operator)));
      return { options, end: () => rig.manage("DELETE", "/v1/portal-session", undefined, options) };
    },
    code: "SESSION_ENDED",
  },
};

// Every operation of the document that takes a body is tried, so a new one can't escape.
for (const [caller, { may, begin, code }] of Object.entries(CALLERS)) {
  describe(`${caller} between header and body:`, () => {
    for (const operation of OPERATIONS_WITH_BODY.filter(may)) {
      test(`${operation.operationId} does nothing`, async () => {
        const { target, body } = await prepared(operation);
        const { options, end } = await begin(await rig.operator("*", SCOPES));
        const request = rig.slowly(operation.method, target, options);
        await request.write(body.slice(0, 1));
        // Judged for the first time by now: it waits for the rest.
        await rig.manage("GET", "/v1/scopes", undefined, options);
        await end();
        const before = await everything();
        const answer = await request.end(body.slice(1));
        assert.equal(answer.status, 401, answer.text);
        assert.equal(answer.code, code);
        assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
        assert.equal(await everything(), before);
      });
    }
  });
}

test("every operation that takes a body is tried by somebody, but for those that bring their right in it", () => {
  const tried = (operation) => Object.values(CALLERS).some(({ may }) => may(operation));
  const untried = OPERATIONS_WITH_BODY.filter((operation) => !tried(operation));
  assert.deepEqual(untried.map(({ operationId }) => operationId), ["exchangePortalCode"]);
});

test("the code of a link whose operator is revoked between header and body opens no session", async () => {
  const operator = await rig.operator("*", SCOPES);
  const body = JSON.stringify({ code: (await portalSession(operator)).url.split("#code=")[1] });
  const request = rig.slowly("POST", "/v1/portal-session", { key: null, headers: { "Sec-Fetch-Site": "same-origin" } });
  await request.write(body.slice(0, 1));
  await rig.manage("GET", "/v1/scopes");
  await revoke(rig, operator);
  const answer = await request.end(body.slice(1));
  assert.equal(answer.status, 401, answer.text);
  assert.equal(answer.headers.get("set-cookie"), null);
});

test("a ledger acts on no judgement that is too old, whatever held the change up", async () => {
  const operator = await rig.operator("*", SCOPES);
  const judged = async (until) => ({
    origin: { actor_id: operator.id, actor_name: "x", ip: null, request_id: "req_1", claim: null, judged_until: until },
    tenant: "acme",
  });
  const suspend = async (ledger, until) => (await rig.object("LEDGER", ledger, "suspend", await judged(until))).code;
  assert.equal(await suspend("acme", Date.now() - 1), "DEPENDENCY_UNAVAILABLE");
  assert.equal(await suspend("acme", Date.now() + 1000), undefined);
  // The operators' own ledger needs nobody's word.
  assert.equal(await suspend("_operators", Date.now() - 1), undefined);
  await revoke(rig, operator);
  assert.equal(await suspend("_operators", Date.now() + 60_000), "REVOKED");
});

test("a judgement lasts no longer than the key", async () => {
  const fields = { name: "brief", scopes: SCOPES, tenant: "*", expires_at: new Date(Date.now() + 1_000).toISOString() };
  const { key, expires_at } = (await rig.manage("POST", "/v1/operators", fields)).body;
  const digest = createHash("sha256").update(key).digest("hex");
  const { body } = await rig.object("LEDGER", "_operators", "authenticate", { request_id: "req_1", digest });
  assert.equal(body.until, Date.parse(expires_at));
});

test("an operator's key is said to have ended no earlier than the last change that it may have been judged for", async () => {
  const quick = await startRig({ name: "judged-quick", edges: {}, settings: { "max_staleness_ms = 1000": "max_staleness_ms = 250" } });
  try {
    const [operator, key] = [await quick.operator("*", SCOPES), await quick.create()];
    const begun = Date.now();
    const ended = await quick.manage("POST", `/v1/operators/${operator.id}/revoke`);
    assert.ok(Date.parse(ended.body.effective_by) >= begun + 2_500);
    const revoked = await quick.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`);
    assert.ok(Date.parse(revoked.body.effective_by) <= Date.now() + 750, "a customer's key needs no such time");
  } finally {
    await quick.close();
  }
});

test("nobody grants for longer than they hold by the time they grant", async () => {
  const operator = await rig.operator("*", SCOPES);
  const body = JSON.stringify({ name: "for ever", scopes: ["verify"], tenant: "*" });
  const request = rig.slowly("POST", "/v1/operators", { key: operator.key });
  await request.write(body.slice(0, 1));
  await rig.manage("GET", "/v1/scopes", undefined, { key: operator.key });
  await rig.manage("POST", `/v1/operators/${operator.id}/rotate`, { overlap_seconds: 3600 });
  const answer = await request.end(body.slice(1));
  assert.equal(answer.code, "EXCEEDS_OWN_RIGHTS", answer.text);
});

test("an export ends when its reader's key does", async () => {
  await rig.create("exported");
  // Twenty pages, of entries that are as large as they get: far more than the sockets between them hold, since what they
  // hold was sent before the key's end.
  await rig.sql(
    "exported",
    `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
     INSERT INTO audit (id, at, actor_id, actor_name, action, request_id, detail)
     SELECT printf('aud_%020d', n), ${Date.now()}, 'root', 'x', 'changed', 'req_00000000000000000000',
            json_object('metadata', json_object('to', hex(zeroblob(2000)))) FROM numbers`,
  );
  const operator = await rig.operator("*", SCOPES);
  const response = await rig.server.getWorker("manage").fetch("http://manage.example/v1/tenants/exported/audit/export", {
    headers: { Authorization: `Bearer ${operator.key}` },
  });
  assert.equal(response.status, 200);
  const reader = response.body.getReader();
  let bytes = (await reader.read()).value.byteLength;
  await effective(await revoke(rig, operator));
  const rest = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
  };
  await rest().catch(() => {});
  assert.ok(bytes < 36_000_000, `${bytes} bytes of about 42 million came`);
  assert.match(JSON.stringify(rig.server.getLogs()), /export_broken_off/);
});

/** The questions at the edge's own endpoints, by an operator with the scope `verify`. */
const QUESTIONS = {
  "/keystile/v1/verify": async () => [{ key: (await edge.create()).key }, { key: "no key" }],
  "/keystile/v1/webhooks/verify": async () => [{ source: "queued", headers: {}, body: "" }],
};

describe("nobody is answered at the edge whose key has ended since they began to ask:", () => {
  for (const path of EDGE_WITH_BODY) {
    test(path, async () => {
      assert.ok(QUESTIONS[path], `${path} takes a body: give QUESTIONS one that is in order`);
      for (const question of await QUESTIONS[path]()) {
        const text = JSON.stringify(question);
        const operator = await edge.operator("*", ["verify"]);
        const ask = await edge.slowly("POST", path, { key: operator.key }).end(text);
        assert.equal(ask.status, 200, ask.text);
        const request = edge.slowly("POST", path, { key: operator.key });
        await request.write(text.slice(0, 5));
        await effective(await revoke(edge, operator));
        const answer = await request.end(text.slice(5));
        assert.equal(answer.status, 401, answer.text);
        assert.equal(answer.code, "REVOKED");
      }
    });
  }
});
