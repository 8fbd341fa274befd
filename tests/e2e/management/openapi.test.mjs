// docs/reference/openapi.json is served, is OpenAPI, and documents nothing that does not
// happen: each operation is brought to each of its documented answers. That what
// happens is documented, rig.mjs checks in every test.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";

import { Validator } from "@seriousme/openapi-schema-validator";

import { document, operations, problemsOf, resolved } from "../../support/contract.mjs";
import { ALLOW_LOOPBACK, senderOf, startReceiver } from "../../support/receiver.mjs";
import { eventually, importable, sleep, startRig, WITH_LIMITS, WITH_SOURCE } from "../../support/rig.mjs";

const SCOPES = [
  ...["keys:read", "keys:write", "audit:read", "operators:write", "tenants:delete", "verify"],
  ...["webhooks:read", "webhooks:write", "metrics:read", "events:read", "events:write", "tenants:export"],
];
const DAY = 24 * 3_600_000;

let rig;
let receiver; // Of events.
let stranger; // Another tenant's operator.
let powerless;
before(async () => {
  const settings = {
    'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]',
    "\n[edge]": WITH_LIMITS,
    ...WITH_SOURCE,
    ...ALLOW_LOOPBACK,
  };
  receiver = await startReceiver();
  rig = await startRig({ name: "openapi", edges: {}, handles: true, settings, hooks: {} });
  stranger = await rig.operator("stranger", SCOPES);
  powerless = await rig.operator("*", ["verify"]);
  await rig.create("acme"); // A tenant is there once it has something.
  await suspendedTenant("erased");
  assert.equal((await rig.manage("DELETE", "/v1/tenants/erased", { confirm: "erased" })).status, 202);
});
after(async () => {
  await rig.close();
  await receiver.close();
});
afterEach(async () => {
  await rig.clock(0);
  await rig.failing(null);
  await rig.ledgers("ok");
  await rig.feed("ledgers", "ok");
  await rig.limiter("ok", "ledgers");
});

test("the document is OpenAPI 3.1, and its examples are what its schemas say", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, JSON.stringify(errors, null, 2));
  assert.deepEqual(problemsOf.examples(), []);
});

test("every schema is closed: what is not documented is not answered", () => {
  assert.deepEqual(problemsOf.openSchemas(), []);
});

test("the document is served as it is, to anybody, and again only if it has changed", async () => {
  const served = await rig.manage("GET", "/openapi.json", undefined, { key: null });
  assert.deepEqual(served.body, document);
  const headers = { "If-None-Match": served.headers.get("etag") };
  const again = await rig.manage("GET", "/openapi.json", undefined, { key: null, headers });
  assert.equal(again.status, 304);
  assert.equal((await rig.manage("HEAD", "/openapi.json", undefined, { key: null })).status, 200);
});

test("an operation takes its documented methods, and no other", async () => {
  for (const path of Object.keys(document.paths)) {
    const methods = Object.keys(document.paths[path]).map((method) => method.toUpperCase());
    const allowed = methods.includes("GET") ? [...methods, "HEAD"] : methods;
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "QUERY"]) {
      if (allowed.includes(method)) continue;
      const answer = await rig.manage(method, path.replaceAll(/\{\w+\}/g, "x"));
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.deepEqual(answer.headers.get("allow").split(", ").sort(), allowed.sort(), path);
    }
  }
});

/** Fields of a good request, where a body without any is none. */
const BODIES = {
  get importKeys() {
    return { keys: [importable()] };
  },
  createKey: { name: "a key", scopes: ["read:leads"] },
  updateKey: { name: "another name" },
  addToTenantQuota: { amount: 1 },
  addToKeyQuota: { amount: 1 },
  get restoreLimits() {
    return { to: new Date(Date.now() - 60_000).toISOString() };
  },
  createOperator: { name: "an operator", scopes: ["verify"], tenant: "acme" },
  revokeKeys: { all: true },
  get createEventEndpoint() {
    return { url: receiver.url() };
  },
  get createTenantEventEndpoint() {
    return { url: receiver.url() };
  },
  updateEventEndpoint: { status: "paused" },
  updateTenantEventEndpoint: { status: "paused" },
  createPortalSession: { actor: { id: "u_7", name: "Ann" }, may: ["keys:read"], scopes: [] },
};

const portalSession = async () => (await rig.manage("POST", "/v1/tenants/acme/portal-sessions", BODIES.createPortalSession)).body;
const SAME_ORIGIN = { "Sec-Fetch-Site": "same-origin" };

/** A tenant that may be erased. */
async function suspendedTenant(name = `gone-${(tenants += 1)}`) {
  await rig.create(name);
  await rig.manage("POST", `/v1/tenants/${name}/suspend`);
  return name;
}
let tenants = 0;

/** An endpoint for events of this list, the only one of it, and its one event that could not be sent. */
async function endpointOf(list) {
  for (const { id } of (await rig.manage("GET", list)).body.endpoints) await rig.manage("DELETE", `${list}/${id}`);
  const { id } = (await rig.manage("POST", list, { url: receiver.url() })).body;
  const event = `evt_${String((events += 1)).padStart(20, "0")}`;
  const numbered = JSON.stringify({ id: event, type: "key.created", key: null, tenant: "acme", body: "{}" });
  const columns = "event, lane, numbered, received_at, attempts, reason, buried_at";
  const values = `'${event}', 'acme', '${numbered}', ${Date.now()}, 10, 'attempts_failed', ${Date.now()}`;
  await senderOf(rig).sql("EVENT_ENDPOINT", id, `INSERT INTO dead_letters (${columns}) VALUES (${values})`);
  return { "{endpoint}": id, "{event}": event };
}
let events = 0;

/** The beginning of a restore of a tenant of which there is nothing. */
async function exportedTenant(tenant = `empty-${(tenants += 1)}`) {
  await rig.manage("GET", `/v1/tenants/${tenant}`); // From now on its tables are there.
  await rig.sql(tenant, "INSERT INTO standing VALUES ('empty', 1, 0, NULL)");
  const { text } = await rig.manage("GET", `/v1/tenants/${tenant}/export`);
  await rig.sql(tenant, "DELETE FROM standing");
  return { tenant, ...endsOf(text) };
}

/** The beginning of a restore of the operators, which has begun already: their ledger is never empty here. */
async function exportedOperators() {
  // A ledger that is half restored isn't exported.
  await rig.sql("_operators", "DELETE FROM restoring");
  const begun = endsOf((await rig.manage("GET", "/v1/export")).text);
  const digest = createHash("sha256").update(begun.header).digest("hex");
  await rig.sql("_operators", `INSERT OR REPLACE INTO restoring VALUES (1, '${digest}', 2, 1, 0, '${digest}', 0)`);
  return begun;
}

/** The first line of an export, and the one that ends it. */
function endsOf(text) {
  const lines = text.trimEnd().split("\n");
  return { header: lines[0], end: lines.find((line) => line.startsWith('{"end":')) };
}

/** A request that is in order, to a key, an operator, an event or a handshake of its own. */
async function good(operation) {
  const holder = async () => {
    return operation.path.startsWith("/v1/operators") ? rig.operator("acme", ["verify"]) : rig.create();
  };
  const list = operation.path.slice(0, operation.path.indexOf("/{endpoint}")).replace("{tenant}", "acme");
  const endpoint = operation.path.includes("{endpoint}") ? await endpointOf(list) : undefined;
  const dead = operation.path.includes("/dead-letters/") && !endpoint ? await rig.bury("queued") : undefined;
  const told = operation.path.includes("/handshakes/") ? await rig.tell("queued") : undefined;
  const delivered = operation.path.includes("/deliveries/") ? await rig.remember("queued", { kept: true }) : undefined;
  const id = dead ?? told ?? delivered ?? (operation.path.includes("{id}") ? (await holder()).id : undefined);
  const leaked = operation.operationId === "reportExposures" && [{ token: (await rig.create()).key }];
  const body = operation.requestBody && (leaked || (BODIES[operation.operationId] ?? {}));
  const quota = id ? "daily" : "monthly";
  const parameters = { "{tenant}": "acme", "{source}": "queued", "{id}": id, "{name}": quota, ...endpoint };
  const path = operation.path.replace(/\{\w+\}/g, (parameter) => parameters[parameter]);
  // What leaves something to do.
  if (path.endsWith("/metadata")) await rig.manage("PATCH", path.replace("/metadata", ""), { metadata: { a: 1 } });
  if (path.endsWith("/keys/revoke")) await rig.create();
  if (path.endsWith("/rotate/cancel")) await rig.manage("POST", path.replace("/cancel", ""), { overlap_seconds: 60 });
  if (path.endsWith("/suspend")) await rig.manage("POST", path.replace("suspend", "resume"));
  if (path.endsWith("/resume")) await rig.manage("POST", path.replace("resume", "suspend"));
  const { operationId } = operation;
  if (operationId === "eraseTenant") {
    const confirm = await suspendedTenant();
    return { path: path.replace("acme", confirm), body: { confirm }, options: {} };
  }
  if (operationId === "restoreTenant") {
    const { tenant, header, end } = await exportedTenant();
    return { path: path.replace("acme", tenant), body: { header, end }, options: {} };
  }
  if (operationId === "restoreOperators") return { path, body: await exportedOperators(), options: {} };
  if (path.endsWith("/usage/export")) {
    const hour = (ago) => new Date(Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000).toISOString();
    return { path: `${path}?from=${hour(6)}&to=${hour(4)}`, body, options: {} };
  }
  if (operationId === "exchangePortalCode") {
    const code = (await portalSession()).url.split("#code=")[1];
    return { path, body: { code }, options: { key: null, headers: SAME_ORIGIN } };
  }
  if (operationId === "getPortalSession") return { path, body, options: { key: (await portalSession()).token } };
  if (["endSession", "endPortalSession"].includes(operationId)) {
    const begun = operationId === "endSession" ? await rig.manage("POST", "/v1/session") : await exchanged();
    const Cookie = begun.headers.get("set-cookie").split(";")[0];
    return { path, body, options: { key: null, headers: { ...SAME_ORIGIN, Cookie } } };
  }
  return { path, body, options: {} };
}

/** The answer to the exchange of a link's code. */
const exchanged = async () => {
  const code = (await portalSession()).url.split("#code=")[1];
  return rig.manage("POST", "/v1/portal-session", { code }, { key: null, headers: SAME_ORIGIN });
};

const send = async (operation, { path, body } = {}, options = {}) => {
  const request = await good(operation);
  const headers = { ...request.options.headers, ...options.headers };
  const sent = { ...request.options, ...options, headers };
  return rig.manage(operation.method, path?.(request.path) ?? request.path, body ?? request.body, sent);
};
const JSON_TYPE = { "Content-Type": "application/json" };
const toRevoked = async (operation) => {
  const { path, body } = await good(operation);
  const [holder] = /^.*_[0-9A-Za-z]{20}/.exec(path);
  await rig.manage("POST", `${holder}/revoke`);
  return rig.manage(operation.method, path, body);
};

/**
 * The second of two that are the same, while the first still waits for the feed, the limiter, or the event's object.
 */
const whileInUse = async (operation) => {
  const { path, body } = await good(operation);
  const headers = { "Idempotency-Key": `in use: ${operation.operationId}` };
  await rig.feed("ledgers", { late: 1000 });
  await rig.limiter({ late: 1000 }, "ledgers");
  await rig.hooksHandle("__dead_letters", { before: 1000 });
  await rig.hooksHandle("__deliveries", { before: 1000 });
  await rig.senderHandle("__late", 1000);
  const first = rig.manage(operation.method, path, body, { headers });
  await sleep(200);
  const second = await rig.manage(operation.method, path, body, { headers });
  await first;
  await rig.feed("ledgers", "ok");
  await rig.limiter("ok", "ledgers");
  await rig.hooksHandle("__dead_letters", "ok");
  await rig.hooksHandle("__deliveries", "ok");
  await rig.senderHandle("__late", 0);
  return second;
};

/** The answer to a restore, once the limiter has gone back: until then it is out of reach. */
const thenBack = async (answer) => {
  await eventually(async () => assert.equal((await rig.manage("GET", "/v1/tenants/acme/limits")).status, 200));
  return answer;
};

/** Answers of the configuration, the feed, the limiter or the overview need a ledger's tables only to judge the caller. */
const byAnOperator = ({ tags, operationId }) => {
  const ofNoLedger = tags.includes("Configuration") || tags.includes("Webhooks");
  const others = ["getMetrics", "listTenants", "getTenantLimits", "getOverview", "getUsage", "getSession", "reportExposures"];
  return ofNoLedger || others.includes(operationId) ? powerless.key : undefined;
};

const withParameter = (path, parameter) => `${path}${path.includes("?") ? "&" : "?"}${parameter}`;

/** How each status comes about; one for all operations, or one for an operation. */
const WAYS = {
  200: (operation) => send(operation),
  201: (operation) => send(operation),
  202: (operation) => send(operation),
  204: (operation) => send(operation),
  304: (operation) => send(operation, {}, { headers: { "If-None-Match": "*" } }),
  400: (operation) => send(operation, { path: (path) => withParameter(path, `k=ksop_${"a".repeat(38)}`) }, { key: null }),
  401: (operation) => send(operation, {}, { key: null }),
  403: (operation) => send(operation, {}, { key: powerless.key }),
  404: (operation) => send(operation, { path: (path) => path.replace(/_[0-9A-Za-z]{20}/, `_${"0".repeat(20)}`) }),
  408: async (operation) => {
    const { path, options } = await good(operation);
    await rig.hurry(true);
    const stalled = rig.slowly(operation.method, path, options);
    await stalled.write("{");
    return stalled.answer.finally(() => rig.hurry(false));
  },
  409: (operation) => (/InUse$|CanNotCreate|CanNotRedrive/.test(operation.responses[409].$ref) ? whileInUse : toRevoked)(operation),
  410: (operation) => send(operation, { path: (path) => path.replace("acme", "erased") }),
  412: (operation) => send(operation, {}, { headers: { "If-Match": '"99999"' } }),
  413: (operation) => send(operation, {}, { raw: " ".repeat(65_537), headers: JSON_TYPE }),
  415: (operation) => send(operation, {}, { raw: "x", headers: { "Content-Type": "text/plain" } }),
  422: (operation) => send(operation, { path: (path) => withParameter(path, "colour=blue") }),
  500: async (operation) => {
    const request = await good(operation);
    assert.equal((await rig.manage("GET", "/v1/scopes", undefined, { key: powerless.key })).status, 200);
    await rig.failing(" "); // Any statement.
    return rig.manage(operation.method, request.path, request.body, { key: byAnOperator(operation), ...request.options });
  },
  503: async (operation) => {
    const request = await good(operation);
    await rig.ledgers("down");
    return rig.manage(operation.method, request.path, request.body, { key: byAnOperator(operation), ...request.options });
  },
  "restoreLimits 202": async (operation) => {
    await rig.limiterHandle("__object/LIMITER/acme/__point");
    return thenBack(await send(operation));
  },
  "restoreLimits 409": async (operation) => thenBack(await whileInUse(operation)),
  "exportTenant 404": (operation) => send(operation, { path: (path) => path.replace("acme", "nobody") }),
  "restoreTenant 409": (operation) => send(operation, { path: () => "/v1/tenants/acme/restore" }),
  "restoreOperators 409": async (operation) => {
    const { path, body } = await good(operation);
    await rig.sql("_operators", "DELETE FROM restoring");
    return rig.manage("POST", path, body);
  },
  "restoreTenant 410": (operation) => send(operation, { path: () => "/v1/tenants/erased/restore" }),
  "restoreTenant 413": (operation) => send(operation, {}, { raw: " ".repeat(4 * 1024 * 1024 + 1), headers: JSON_TYPE }),
  "restoreOperators 413": (operation) => send(operation, {}, { raw: " ".repeat(4 * 1024 * 1024 + 1), headers: JSON_TYPE }),
  "createOperator 410": (operation) => send(operation, { body: { ...BODIES.createOperator, tenant: "erased" } }),
  "eraseTenant 404": () => rig.manage("DELETE", "/v1/tenants/nobody", { confirm: "nobody" }),
  "eraseTenant 409": () => rig.manage("DELETE", "/v1/tenants/acme", { confirm: "acme" }),
  "exportUsage 500": async (operation) => {
    await rig.failing("usage_closing"); // Any statement would fail the feed's list of tenants, too.
    return send(operation);
  },
  "addToTenantQuota 404": (operation) => send(operation, { path: (path) => path.replace("monthly", "unknown") }),
  "suspendTenant 404": (operation) => send(operation, { path: (path) => path.replace("acme", "nobody") }),
  "resumeTenant 404": (operation) => send(operation, { path: (path) => path.replace("acme", "nobody") }),
  "revokeKeys 404": (operation) => send(operation, { body: { ids: [`key_${"0".repeat(20)}`] } }),
  "redriveDeadLetters 404": (operation) => send(operation, { path: (path) => path.replace("queued", "unknown") }),
  "listDeadLetters 404": (operation) => send(operation, { path: (path) => path.replace("queued", "unknown") }),
  "listHandshakes 404": (operation) => send(operation, { path: (path) => path.replace("queued", "unknown") }),
  "listDeliveries 404": (operation) => send(operation, { path: (path) => path.replace("queued", "unknown") }),
  "replayDelivery 409": async (operation) => {
    const id = await rig.remember("queued");
    await whileInUse(operation);
    return send(operation, { path: (path) => path.replace(/dlv_\w+/, id) });
  },
  "reportExposures 400": (operation) => send(operation, {}, { raw: "{", headers: JSON_TYPE }),
  "reportExposures 202": (operation) => send(operation, {}, { key: null }),
  "reportExposures 401": (operation) => send(operation, {}, { key: null, headers: { "Github-Public-Key-Signature": "AA==" } }),
  "reportExposures 413": (operation) => send(operation, {}, { raw: " ".repeat(4 * 1024 * 1024 + 1), headers: JSON_TYPE }),
  "reportExposures 429": async (operation) => {
    const headers = { "CF-Connecting-IP": "192.0.2.7" };
    for (let sent = 0; sent < 60; sent += 1) await send(operation, { body: [] }, { key: null, headers });
    return send(operation, {}, { key: null, headers });
  },
  "importKeys 413": (operation) => send(operation, {}, { raw: " ".repeat(4 * 1024 * 1024 + 1), headers: JSON_TYPE }),
  "beginSession 403": (operation) => send(operation, {}, { key: null, headers: { "Keystile-Session": "operator" } }),
  "beginSession 429": async (operation) => {
    const headers = { "CF-Connecting-IP": "192.0.2.1" };
    for (let failed = 0; failed < 10; failed += 1) await send(operation, {}, { key: "wrong", headers });
    return send(operation, {}, { headers });
  },
  "getSession 403": async (operation) => send(operation, {}, { key: (await portalSession()).token }),
  "getPortalSession 403": (operation) => send(operation, {}, { key: powerless.key }),
  "exchangePortalCode 400": (operation) => send(operation, {}, { raw: "{", headers: JSON_TYPE }),
  "exchangePortalCode 401": (operation) => send(operation, { body: { code: `kscode_${"0".repeat(32)}` } }),
  "exchangePortalCode 403": (operation) => send(operation, {}, { headers: { "Sec-Fetch-Site": "cross-site" } }),
  "endSession 403": (operation) => send(operation, {}, { headers: { "Sec-Fetch-Site": "cross-site" } }),
  "endPortalSession 403": (operation) => send(operation, {}, { headers: { "Sec-Fetch-Site": "cross-site" } }),
  "getHealth 500": async (operation) => {
    await rig.restart({ secret: "no secret" });
    try {
      return await rig.manage("GET", operation.path);
    } finally {
      await rig.restart();
    }
  },
};

describe("each operation comes to each of its documented statuses:", () => {
  for (const operation of operations) {
    test(`${operation.operationId}: ${Object.keys(operation.responses).join(", ")}`, async () => {
      for (const status of Object.keys(operation.responses)) {
        const way = WAYS[`${operation.operationId} ${status}`] ?? WAYS[status];
        assert.ok(way, `how does ${operation.operationId} come to ${status}? Add that to WAYS in tests/e2e/management/openapi.test.mjs`);
        const answer = await way(operation);
        assert.equal(String(answer.status), status, `${operation.operationId}: ${answer.text}`);
        await rig.failing(null);
        await rig.ledgers("ok");
      }
    });
  }
});

test("each operation for a tenant is closed to another tenant's operators", async () => {
  const tenants = operations.filter(({ path, responses }) => path.includes("{tenant}") && responses[403]);
  for (const operation of tenants) {
    const answer = await send(operation, {}, { key: stranger.key });
    // Only the root key restores, whatever the tenant.
    const code = operation.operationId === "restoreTenant" ? "EXCEEDS_OWN_RIGHTS" : "TENANT_NOT_ALLOWED";
    assert.equal(answer.code, code, `${operation.operationId}: ${answer.text}`);
  }
});

test("a body that is no JSON is told where", async () => {
  for (const operation of operations.filter(({ requestBody }) => requestBody)) {
    const answer = await send(operation, {}, { raw: "{", headers: JSON_TYPE });
    assert.equal(answer.code, "MALFORMED_JSON", operation.operationId);
  }
});

test("a change that the feed does not take is pending", async () => {
  const changes = operations.filter(({ responses }) => /(?<!EndpointChange)Pending$/.test(responses[503]?.$ref));
  for (const operation of changes) {
    const request = await good(operation);
    if (operation.operationId === "enableKey") await rig.manage("POST", request.path.replace("enable", "disable"));
    await rig.feed("ledgers", "down");
    const answer = await rig.manage(operation.method, request.path, request.body);
    await rig.feed("ledgers", "ok");
    assert.match(answer.code, /^(REVOCATION|CHANGE)_PENDING$/, `${operation.operationId}: ${answer.text}`);
  }
});

test("a change of an endpoint that the router does not take is pending", async () => {
  const changes = operations.filter(({ responses }) => /EndpointChangePending$/.test(responses[503]?.$ref));
  assert.ok(changes.length >= 4);
  for (const operation of changes) {
    const request = await good(operation);
    await rig.router("down");
    const answer = await rig.manage(operation.method, request.path, request.body);
    await rig.router("ok");
    assert.equal(answer.code, "CHANGE_PENDING", `${operation.operationId}: ${answer.text}`);
  }
});

test("a change that the limiter does not take is pending", async () => {
  const changes = operations.filter(({ responses }) => /LimitsNotTaken$/.test(responses[503]?.$ref));
  for (const operation of changes) {
    const request = await good(operation);
    const body = operation.operationId === "updateTenant" ? { rate_limits: { "per-second": { limit: 7 } } } : request.body;
    await rig.limiter("down", "ledgers");
    const answer = await rig.manage(operation.method, request.path, body);
    await rig.limiter("ok", "ledgers");
    assert.equal(answer.code, "CHANGE_PENDING", `${operation.operationId}: ${answer.text}`);
  }
});

test("an operator key is refused for each reason", async () => {
  const code = async (key) => (await rig.manage("GET", "/v1/scopes", undefined, { key })).code;
  assert.equal(await code("ksop_nonsense"), "MALFORMED");
  assert.equal(await code(`${stranger.key}, Bearer ${powerless.key}`), "CONFLICTING_CREDENTIALS");
  const soon = { name: "soon over", scopes: ["verify"], tenant: "*", expires_at: new Date(Date.now() + DAY).toISOString() };
  const brief = (await rig.manage("POST", "/v1/operators", soon)).body;
  await rig.clock(DAY + 1000);
  assert.equal(await code(brief.key), "EXPIRED");
  await rig.clock(0);
  // The same secret, so the tag is right; another ledger.
  const other = await startRig({ name: "openapi-other", edges: {} });
  const foreign = await other.operator("*", ["verify"]).finally(() => other.close());
  assert.equal(await code(foreign.key), "NOT_FOUND");
});

test("an Idempotency-Key is for one request", async () => {
  const path = "/v1/tenants/acme/keys";
  const post = (key, name) =>
    rig.manage("POST", path, { name, scopes: ["read:leads"] }, { headers: { "Idempotency-Key": key } });
  const first = await post("once", "a");
  const again = await post("once", "a");
  assert.deepEqual([again.body.id, again.body.key, again.body.replayed], [first.body.id, null, true]);
  assert.equal((await post("once", "b")).code, "IDEMPOTENCY_KEY_REUSED");
  assert.equal((await post("x".repeat(256), "a")).code, "INVALID_IDEMPOTENCY_KEY");
});

test("a rotation that is under way is cancelled, not changed", async () => {
  const key = await rig.create();
  const path = `/v1/tenants/acme/keys/${key.id}`;
  assert.equal((await rig.manage("POST", `${path}/rotate/cancel`)).code, "NO_PENDING_END");
  await rig.manage("POST", `${path}/rotate`, { overlap_seconds: 60 });
  assert.equal((await rig.manage("PATCH", path, { expires_at: null })).code, "ROTATION_PENDING");
  assert.equal((await rig.manage("POST", `${path}/rotate/cancel`)).status, 200);
});

test("a tenant has no more active keys than it may", async () => {
  await rig.manage("PATCH", "/v1/tenants/small", { max_active_keys: 1 });
  await rig.create("small");
  const second = await rig.manage("POST", "/v1/tenants/small/keys", { name: "x", scopes: ["read:leads"] });
  assert.equal(second.code, "KEY_LIMIT_REACHED");
});

test("a deployment that imports no keys says so", async () => {
  const closed = await startRig({ name: "openapi-closed", edges: {} });
  const answer = await closed.manage("POST", "/v1/tenants/acme/keys/import", { keys: [importable()] });
  await closed.close();
  assert.equal(answer.code, "IMPORT_NOT_ALLOWED");
});

test("a disabled key is enabled before it is replaced", async () => {
  const key = await rig.create();
  const act = (action) => rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/${action}`);
  await act("disable");
  assert.equal((await act("rotate")).code, "KEY_DISABLED");
  await act("enable");
  assert.equal((await act("rotate")).status, 201);
});

test("null is no value where one is required", async () => {
  const operator = await rig.manage("POST", "/v1/operators", { name: "x", scopes: ["verify"], tenant: null });
  assert.equal(operator.status, 422, operator.text);
  const key = await rig.manage("POST", "/v1/tenants/acme/keys", { name: null, scopes: ["read:leads"] });
  assert.equal(key.status, 422, key.text);
});
