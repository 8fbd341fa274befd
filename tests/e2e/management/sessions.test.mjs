// Sessions: an operator's key is exchanged for a cookie, and a customer's link or token lets a page manage the keys of
// one tenant.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { operations } from "../../support/contract.mjs";
import { ROOT_KEY, SECRET, startRig } from "../../support/rig.mjs";

const APP = "https://app.example.com";
const OWN = "http://manage.example";
const ANN = { id: "u_7", name: "Ann" };
const EVERYTHING = ["keys:read", "keys:write", "audit:read"];

let rig;
before(async () => {
  const settings = { "[edge]\n": `[portal]\norigins = ["${APP}"]\n\n[edge]\n` };
  rig = await startRig({ name: "sessions", edges: { edge1: {} }, handles: true, settings });
});
after(() => rig.close());

const cookieOf = ({ headers }) => headers.get("set-cookie").split(";")[0];
const same = { "Sec-Fetch-Site": "same-origin" };

async function signIn(key = ROOT_KEY) {
  const answer = await rig.manage("POST", "/v1/session", undefined, { key });
  assert.equal(answer.status, 201, answer.text);
  return { ...answer, cookie: cookieOf(answer) };
}

/** Sends a request as a page with a cookie. */
const paged = (page, cookie, method, target, body, headers = {}) =>
  rig.manage(method, target, body, {
    key: null,
    headers: { "Keystile-Session": page, Cookie: cookie, ...(method === "GET" ? {} : same), ...headers },
  });

async function minted(fields = {}, { key, tenant = "acme" } = {}) {
  const body = { actor: ANN, may: EVERYTHING, scopes: ["read:leads"], ...fields };
  const answer = await rig.manage("POST", `/v1/tenants/${tenant}/portal-sessions`, body, key ? { key } : {});
  assert.equal(answer.status, 201, answer.text);
  return answer.body;
}

const codeOf = ({ url }) => new URL(url).hash.replace("#code=", "");
const exchange = (code, headers = same) =>
  rig.manage("POST", "/v1/portal-session", { code }, { key: null, headers });

describe("an operator's session", () => {
  test("is a cookie that no script and no other host gets, and shows who is signed in", async () => {
    const { headers, body, cookie } = await signIn();
    assert.match(headers.get("set-cookie"), /^__Host-keystile=kssession_[0-9A-Za-z]{32}; Path=\/; Max-Age=43(200|199); Secure; HttpOnly; SameSite=Strict$/);
    assert.equal(body.operator.id, "root");
    const shown = await paged("operator", cookie, "GET", "/v1/session");
    assert.deepEqual(shown.body, body);
    const keys = await paged("operator", cookie, "GET", "/v1/tenants/acme/keys");
    assert.equal(keys.status, 200);
  });

  test("counts only for the page that says so, and never beside Authorization", async () => {
    const { cookie } = await signIn();
    const headers = { Cookie: cookie };
    assert.equal((await rig.manage("GET", "/v1/session", undefined, { key: null, headers })).code, "MISSING_CREDENTIAL");
    assert.equal((await paged("portal", cookie, "GET", "/v1/portal-session")).code, "SESSION_ENDED");
    assert.equal((await paged("other", cookie, "GET", "/v1/session")).code, "MISSING_CREDENTIAL");
    const wrong = { ...headers, "Keystile-Session": "operator" };
    assert.equal((await rig.manage("GET", "/v1/session", undefined, { key: "ksop_wrong", headers: wrong })).status, 401);
  });

  test("makes changes for pages of this origin alone", async () => {
    const { cookie } = await signIn();
    const create = (headers) =>
      rig.manage("POST", "/v1/tenants/acme/keys", { name: "x", scopes: ["read:leads"] }, {
        key: null,
        headers: { "Keystile-Session": "operator", Cookie: cookie, ...headers },
      });
    for (const headers of [{}, { "Sec-Fetch-Site": "same-site" }, { "Sec-Fetch-Site": "none" }, { Origin: APP }]) {
      assert.equal((await create(headers)).code, "CROSS_ORIGIN", JSON.stringify(headers));
    }
    assert.equal((await create({ Origin: OWN })).status, 201);
    assert.equal((await create(same)).status, 201);
  });

  test("takes no key, token or code in the query or in the path, valid or not", async () => {
    const { cookie } = await signIn();
    const operator = await rig.operator("acme", ["keys:read"]);
    const { token, url } = await minted();
    const texts = [ROOT_KEY, operator.key, `ksop_${"0".repeat(38)}`, token, codeOf({ url }), cookie.split("=")[1], `ksportal_${"0".repeat(32)}`];
    for (const text of texts) {
      const target = `/v1/tenants/acme/keys?q=${text}`;
      assert.equal((await paged("operator", cookie, "GET", target)).code, "CREDENTIAL_IN_QUERY", text.slice(0, 9));
      assert.equal((await rig.manage("GET", target)).code, "CREDENTIAL_IN_QUERY", text.slice(0, 9));
      const inPath = await rig.manage("GET", `/v1/tenants/acme/keys/${text}`);
      assert.equal(inPath.code, "CREDENTIAL_IN_PATH", text.slice(0, 9));
    }
  });

  test("ends when its holder ends it, and no other with it", async () => {
    const [one, other] = [await signIn(), await signIn()];
    const ended = await paged("operator", one.cookie, "DELETE", "/v1/session");
    assert.equal(ended.status, 204);
    assert.match(ended.headers.get("set-cookie"), /^__Host-keystile=; Path=\/; Max-Age=0;/);
    assert.equal((await paged("operator", one.cookie, "GET", "/v1/session")).code, "SESSION_ENDED");
    assert.equal((await paged("operator", other.cookie, "GET", "/v1/session")).status, 200);
    assert.equal((await rig.manage("DELETE", "/v1/session", undefined, { key: null, headers: same })).status, 204);
    assert.equal((await rig.manage("DELETE", "/v1/session", undefined, { key: null })).code, "CROSS_ORIGIN");
  });

  test("ends with its operator's key, and never begins another", async () => {
    const operator = await rig.operator("acme", ["keys:read", "keys:write"]);
    const { cookie, body } = await signIn(operator.key);
    assert.deepEqual(body.operator, { id: operator.id, name: operator.name, scopes: operator.scopes, tenant: "acme" });
    assert.equal((await paged("operator", cookie, "POST", "/v1/session")).code, "MISSING_CREDENTIAL");
    assert.equal((await paged("operator", cookie, "GET", "/v1/tenants/other/keys")).code, "TENANT_NOT_ALLOWED");
    await rig.manage("POST", `/v1/operators/${operator.id}/revoke`, undefined, { headers: { Prefer: "wait=5" } });
    assert.equal((await paged("operator", cookie, "GET", "/v1/session")).code, "REVOKED");
  });

  test("ends with the root key that began it, and outlives a rotation of the secret", async () => {
    const { cookie } = await signIn();
    await rig.restart({ rootKey: `ksroot_${"n".repeat(43)}` });
    assert.equal((await paged("operator", cookie, "GET", "/v1/session")).code, "SESSION_ENDED");
    await rig.restart({ rootKey: `ksroot_${"n".repeat(43)},${ROOT_KEY}` });
    assert.equal((await paged("operator", cookie, "GET", "/v1/session")).status, 200);
    const newer = Buffer.alloc(32, 2).toString("base64");
    await rig.restart({ secret: `${newer},${SECRET}` });
    assert.equal((await paged("operator", cookie, "GET", "/v1/session")).status, 200);
    await rig.restart({ secret: newer });
    assert.equal((await paged("operator", cookie, "GET", "/v1/session")).code, "SESSION_ENDED");
    await rig.restart();
  });

  test("is over after twelve hours", async () => {
    const { cookie } = await signIn();
    try {
      await rig.clock(12 * 60 * 60 * 1_000 - 5_000);
      assert.equal((await paged("operator", cookie, "GET", "/v1/session")).status, 200);
      await rig.clock(12 * 60 * 60 * 1_000 + 1_000);
      assert.equal((await paged("operator", cookie, "GET", "/v1/session")).code, "SESSION_ENDED");
    } finally {
      await rig.clock(0);
    }
  });

  test("is in the operators' audit log", async () => {
    await signIn();
    const { body } = await rig.manage("GET", "/v1/audit?limit=1");
    assert.equal(body.entries[0].action, "session_begun");
    assert.equal(body.entries[0].actor.id, "root");
  });

  test("is slow to guess: after ten failures an address waits", async () => {
    const attempt = (address, key) =>
      rig.manage("POST", "/v1/session", undefined, { key, headers: { "CF-Connecting-IP": address } });
    for (let tried = 0; tried < 10; tried += 1) assert.equal((await attempt("192.0.2.9", `wrong${tried}`)).status, 401);
    const told = await attempt("192.0.2.9", ROOT_KEY);
    assert.equal(told.code, "TOO_MANY_FAILURES");
    assert.equal((await attempt("192.0.2.10", ROOT_KEY)).status, 201);
  });
});

describe("a portal session", () => {
  test("begins with a link, which works once", async () => {
    const session = await minted();
    assert.match(session.url, /^http:\/\/manage\.example\/portal#code=kscode_[0-9A-Za-z]{32}$/);
    assert.equal((await exchange(codeOf(session), {})).code, "CROSS_ORIGIN");
    const begun = await exchange(codeOf(session));
    assert.equal(begun.status, 201, begun.text);
    const { actor, may, scopes, tenant, id, expires_at } = begun.body;
    assert.deepEqual({ actor, may: [...may].sort(), scopes, tenant, id }, { actor: ANN, may: [...EVERYTHING].sort(), scopes: ["read:leads"], tenant: "acme", id: session.id });
    assert.equal(expires_at, session.expires_at);
    assert.equal((await exchange(codeOf(session))).code, "SESSION_ENDED");
    assert.equal((await exchange("kscode_wrong")).code, "SESSION_ENDED");
    const twice = codeOf(await minted());
    const both = await Promise.all([exchange(twice), exchange(twice)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), [201, 401]);
    const shown = await paged("portal", cookieOf(begun), "GET", "/v1/portal-session");
    assert.deepEqual(shown.body, begun.body);
    assert.equal((await paged("portal", cookieOf(begun), "DELETE", "/v1/portal-session")).status, 204);
    assert.equal((await paged("portal", cookieOf(begun), "GET", "/v1/portal-session")).code, "SESSION_ENDED");
    // The token of the same session is another form of it.
    assert.equal((await rig.manage("GET", "/v1/portal-session", undefined, { key: session.token })).status, 200);
  });

  test("begins with the same link once more, if something failed before", async () => {
    const session = await minted({}, { tenant: "retried" });
    await rig.failing("key_counts");
    try {
      assert.equal((await exchange(codeOf(session))).status, 500);
    } finally {
      await rig.failing(null);
    }
    const begun = await exchange(codeOf(session));
    assert.equal(begun.status, 201, begun.text);
    assert.equal(begun.body.expires_at, session.expires_at);
    const shown = await paged("portal", cookieOf(begun), "GET", "/v1/portal-session");
    assert.deepEqual(shown.body, begun.body);
  });

  test("that was never minted costs no call to the ledger", async () => {
    const [{ token, url }, { cookie }] = [await minted(), await signIn()];
    const altered = (text) => text.slice(0, -1) + (text.endsWith("0") ? "1" : "0");
    await rig.ledgers("down");
    try {
      const refused = [
        await rig.manage("GET", "/v1/portal-session", undefined, { key: altered(token) }),
        await exchange(altered(codeOf({ url }))),
        await paged("operator", altered(cookie), "GET", "/v1/session"),
      ];
      assert.deepEqual(refused.map(({ code }) => code), Array(3).fill("SESSION_ENDED"));
      assert.equal((await rig.manage("GET", "/v1/portal-session", undefined, { key: token })).status, 503);
    } finally {
      await rig.ledgers("ok");
    }
  });

  test("leaves nothing behind, though no one waits for the removal of many", async () => {
    const ended = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
      SELECT printf('%064d', i), 'kscode_', 'root', i FROM n`;
    await rig.sql("_operators", `INSERT INTO sessions (digest, kind, operator, expires_at) ${ended}`);
    const left = async () => (await rig.sql("_operators", "SELECT count(*) AS n FROM sessions WHERE expires_at <= 250"))[0].n;
    await signIn();
    assert.equal(await left(), 150);
    // A portal session is two rows.
    await minted();
    assert.equal(await left(), 0);
  });

  test("has a code for five minutes, and a token for as long as it was asked", async () => {
    const session = await minted({ expires_in_seconds: 600 });
    try {
      await rig.clock(301_000);
      assert.equal((await exchange(codeOf(session))).code, "SESSION_ENDED");
      assert.equal((await rig.manage("GET", "/v1/portal-session", undefined, { key: session.token })).status, 200);
      await rig.clock(601_000);
      assert.equal((await rig.manage("GET", "/v1/portal-session", undefined, { key: session.token })).code, "SESSION_ENDED");
    } finally {
      await rig.clock(0);
    }
  });

  test("does no more than it may, whatever the operation", async () => {
    const { token } = await minted();
    for (const { method, path, security, operationId } of operations) {
      if (!security.some((scheme) => scheme.operatorKey)) continue;
      const target = path.replace("{tenant}", "acme").replace(/\{(\w+)\}/g, "key_00000000000000000000");
      const answer = await rig.manage(method, target, method === "GET" ? undefined : {}, { key: token });
      const open = security.some((scheme) => scheme.portalToken);
      assert.equal(answer.code === "PORTAL_NOT_ALLOWED", !open, `${operationId}: ${answer.status} ${answer.code}`);
    }
    for (const [method, target] of [["GET", "/v1/tenants/other/keys"], ["GET", "/v1/tenants/other/audit"]]) {
      assert.equal((await rig.manage(method, target, undefined, { key: token })).code, "TENANT_NOT_ALLOWED");
    }
    const reader = await minted({ may: ["keys:read"] });
    assert.equal((await rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key: reader.token })).status, 200);
    for (const [method, target] of [["POST", "/v1/tenants/acme/keys"], ["GET", "/v1/tenants/acme/audit"]]) {
      assert.equal((await rig.manage(method, target, method === "GET" ? undefined : {}, { key: reader.token })).code, "INSUFFICIENT_SCOPE");
    }
  });

  test("manages keys within its scopes alone", async () => {
    const tenant = "within";
    const { token: key } = await minted({}, { tenant });
    const keys = `/v1/tenants/${tenant}/keys`;
    const ask = (method, target, body) => rig.manage(method, target, body, { key });
    assert.equal((await ask("POST", keys, { name: "n", scopes: ["write:leads"] })).code, "EXCEEDS_OWN_RIGHTS");
    assert.equal((await ask("POST", keys, { name: "n", scopes: ["read:leads"], metadata: { a: 1 } })).code, "EXCEEDS_OWN_RIGHTS");
    const own = await ask("POST", keys, { name: "n", scopes: ["read:leads"], allowed_ips: ["192.0.2.0/24"] });
    assert.equal(own.status, 201, own.text);
    assert.deepEqual(own.body.created_by, { ...ANN, on_behalf_of: null });
    assert.equal((await ask("PATCH", `${keys}/${own.body.id}`, { metadata: { a: 1 } })).code, "EXCEEDS_OWN_RIGHTS");
    assert.equal((await ask("PATCH", `${keys}/${own.body.id}`, { scopes: ["admin"] })).code, "EXCEEDS_OWN_RIGHTS");
    assert.equal((await ask("PATCH", `${keys}/${own.body.id}`, { name: "m" })).status, 200);
    const wider = await rig.create(tenant, { scopes: ["write:leads"], metadata: { secret: "no" } });
    const seen = (await ask("GET", `${keys}/${wider.id}`)).body;
    assert.deepEqual([seen.metadata, seen.created_by], [{}, null]);
    for (const [method, act, body] of [["PATCH", "", { name: "m" }], ["POST", "/rotate", {}]]) {
      assert.equal((await ask(method, `${keys}/${wider.id}${act}`, body)).code, "EXCEEDS_OWN_RIGHTS", act);
    }
    await rig.manage("POST", `${keys}/${wider.id}/rotate`, { overlap_seconds: 60 });
    assert.equal((await ask("POST", `${keys}/${wider.id}/rotate/cancel`)).code, "EXCEEDS_OWN_RIGHTS");
    const none = await minted({ scopes: [] }, { tenant });
    assert.equal((await rig.manage("POST", keys, { name: "n", scopes: ["read:leads"] }, { key: none.token })).code, "EXCEEDS_OWN_RIGHTS");
    assert.equal((await ask("POST", `${keys}/${wider.id}/disable`)).status, 200);
    assert.equal((await ask("POST", `${keys}/${wider.id}/enable`)).code, "EXCEEDS_OWN_RIGHTS");
    // Ending a key is always allowed.
    assert.equal((await ask("POST", `${keys}/${wider.id}/revoke`)).status, 200);
  });

  test("enables what a customer disabled, not what an operator did", async () => {
    const tenant = "enabling";
    const { token: key } = await minted({}, { tenant });
    const { id } = await rig.create(tenant);
    const act = (name, by) => rig.manage("POST", `/v1/tenants/${tenant}/keys/${id}/${name}`, undefined, by ? { key: by } : {});
    assert.equal((await act("disable", key)).status, 200);
    assert.equal((await act("enable", key)).status, 200);
    assert.equal((await act("disable")).status, 200);
    assert.equal((await act("enable", key)).code, "EXCEEDS_OWN_RIGHTS");
    assert.equal((await act("disable", key)).status, 200);
    assert.equal((await act("enable", key)).code, "EXCEEDS_OWN_RIGHTS");
    assert.equal((await act("enable")).status, 200);
    assert.equal((await act("enable", key)).status, 200);
  });

  test("leaves an audit trail that names the customer, and hides operators from them", async () => {
    const tenant = "trail";
    await rig.create(tenant);
    const { token: key } = await minted({}, { tenant });
    const { body: made } = await rig.manage("POST", `/v1/tenants/${tenant}/keys`, { name: "n", scopes: ["read:leads"] }, { key });
    const audit = `/v1/tenants/${tenant}/audit`;
    const [last, first] = (await rig.manage("GET", audit)).body.entries;
    assert.deepEqual([last.key_id, last.actor.id, last.on_behalf_of], [made.id, "root", ANN]);
    assert.equal(first.on_behalf_of, null);
    const seen = (await rig.manage("GET", audit, undefined, { key })).body.entries;
    assert.deepEqual(seen.map(({ actor }) => actor.id), ["operator", "operator"]);
    assert.deepEqual(seen.map(({ on_behalf_of }) => on_behalf_of), [ANN, null]);
    assert.equal(seen[1].from, null);
    const shown = (await rig.manage("GET", `/v1/tenants/${tenant}/keys/${made.id}`)).body;
    assert.deepEqual(shown.created_by, { id: "root", name: "root key", on_behalf_of: ANN });
  });

  test("shows a log that an earlier version wrote, whatever the depth of the metadata in it", async () => {
    const tenant = "deep";
    await rig.create(tenant);
    const nested = `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`;
    const detail = `{"metadata":{"from":{},"to":${nested}},"name":{"from":"a","to":"b"}}`;
    await rig.sql(tenant, `INSERT INTO audit (id, at, actor_id, actor_name, action, request_id, detail)
      VALUES ('aud_00000000000000000000', ${Date.now()}, 'root', 'x', 'changed', 'req_00000000000000000000', '${detail}')`);
    const { token: key } = await minted({}, { tenant });
    const seen = await rig.manage("GET", `/v1/tenants/${tenant}/audit`, undefined, { key });
    assert.equal(seen.status, 200, seen.text);
    assert.deepEqual(seen.body.entries[0].detail, { name: { from: "a", to: "b" } });
  });

  test("ends with the key of the operator who minted it, who holds all that it may", async () => {
    const operator = await rig.operator("acme", ["keys:read", "keys:write"]);
    const beyond = { actor: ANN, may: EVERYTHING, scopes: [] };
    const refused = await rig.manage("POST", "/v1/tenants/acme/portal-sessions", beyond, { key: operator.key });
    assert.deepEqual([refused.code, refused.body.lacking_scopes], ["EXCEEDS_OWN_RIGHTS", ["audit:read"]]);
    const { token } = await minted({ may: ["keys:read"] }, { key: operator.key });
    assert.equal((await rig.manage("GET", "/v1/portal-session", undefined, { key: token })).status, 200);
    await rig.manage("POST", `/v1/operators/${operator.id}/revoke`, undefined, { headers: { Prefer: "wait=5" } });
    assert.equal((await rig.manage("GET", "/v1/portal-session", undefined, { key: token })).code, "REVOKED");
  });

  test("can be minted at the dashboard, by a session", async () => {
    const { cookie } = await signIn();
    const answer = await paged("operator", cookie, "POST", "/v1/tenants/acme/portal-sessions", { actor: ANN, may: ["keys:read"], scopes: [] });
    assert.equal(answer.status, 201, answer.text);
    assert.equal((await exchange(codeOf(answer.body))).status, 201);
  });

  test("leaves the operator alone who opens a customer's link", async () => {
    const operator = await signIn();
    const portal = cookieOf(await exchange(codeOf(await minted())));
    const both = `${operator.cookie}; ${portal}`;
    assert.equal((await paged("operator", both, "GET", "/v1/session")).body.operator.id, "root");
    assert.equal((await paged("portal", both, "GET", "/v1/portal-session")).body.actor.id, ANN.id);
    assert.equal((await paged("portal", both, "GET", "/v1/operators")).code, "PORTAL_NOT_ALLOWED");
  });

  test("isn't open to customers of each other by an Idempotency-Key", async () => {
    const [ann, bob] = [await minted(), await minted({ actor: { id: "u_8", name: "Bob" } })];
    const create = ({ token }) =>
      rig.manage("POST", "/v1/tenants/acme/keys", { name: "n", scopes: ["read:leads"] }, { key: token, headers: { "Idempotency-Key": "page-1" } });
    const [first, other, again] = [await create(ann), await create(bob), await create(ann)];
    assert.notEqual(first.body.id, other.body.id);
    assert.deepEqual([again.body.id, again.body.key], [first.body.id, null]);
  });
});

describe("a page of another origin", () => {
  const preflight = (target, origin) =>
    rig.server.getWorker("manage").fetch(`${OWN}${target}`, {
      method: "OPTIONS",
      headers: { Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" },
    });

  test("may call what portal sessions may, if it is configured, and without cookies", async () => {
    const allowed = await preflight("/v1/tenants/acme/keys", APP);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get("access-control-allow-origin"), APP);
    assert.equal(allowed.headers.get("access-control-allow-credentials"), null);
    assert.match(allowed.headers.get("access-control-allow-methods"), /GET.*POST|POST.*GET/);
    const { token } = await minted();
    const answer = await rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key: token, headers: { Origin: APP } });
    assert.equal(answer.headers.get("access-control-allow-origin"), APP);
    assert.match(answer.headers.get("vary"), /Origin/);
    const refused = await rig.manage("GET", "/v1/tenants/acme/keys", undefined, { key: "ksportal_wrong", headers: { Origin: APP } });
    assert.equal(refused.headers.get("access-control-allow-origin"), APP);
  });

  test("may call nothing else, and no other origin may", async () => {
    for (const [target, origin] of [["/v1/operators", APP], ["/v1/session", APP], ["/v1/tenants/acme/portal-sessions", APP], ["/v1/tenants/acme/keys", "https://evil.example"], ["/v1/tenants/acme/keys", "https://app.example.com.evil.example"], ["/v1/tenants/acme/keys", "null"]]) {
      const answer = await preflight(target, origin);
      assert.equal(answer.status, 405, `${target} ${origin}`);
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
    }
    const other = await rig.manage("GET", "/v1/tenants/acme/keys", undefined, { headers: { Origin: "https://evil.example" } });
    assert.equal(other.headers.get("access-control-allow-origin"), null);
    const operators = await rig.manage("GET", "/v1/operators", undefined, { headers: { Origin: APP } });
    assert.equal(operators.headers.get("access-control-allow-origin"), null);
  });
});

describe("a tenant", () => {
  test("may have the names that identity providers and billing systems give", async () => {
    for (const tenant of ["org_2abC", "cus_Nff", "01EHWNCE74X7", "Org_2abC"]) {
      const made = await rig.create(tenant);
      assert.equal(made.tenant, tenant);
      const used = await rig.edge("edge1", "/api/leads", { key: made.key });
      assert.equal(used.status, 200);
      assert.equal(used.body.headers["keystile-tenant"], tenant);
    }
    const listed = (await rig.manage("GET", "/v1/tenants?q=ORG_")).body;
    assert.deepEqual(listed.tenants.map(({ tenant }) => tenant), ["Org_2abC", "org_2abC"]);
    for (const tenant of ["_operators", "_x", "a.b", "a%20b", "x".repeat(65)]) {
      const answer = await rig.manage("GET", `/v1/tenants/${tenant}/keys`);
      assert.equal(answer.status, 422, tenant);
    }
  });
});
