// The rows of systems.md that hold, each on the real workers with the
// product's own configuration, examples/{name}/keystile.toml. A title begins
// with its row's id. The workers are built once: a configuration is data.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { inRoot } from "../../scripts/tools.mjs";
import { effective, eventually, sleep, startRig } from "../support/rig.mjs";

const KEYS = "/v1/tenants/acme/keys";

/** A product's stack, for the tests of one block. */
class Product {
  constructor(name, { hooks } = {}) {
    before(async () => {
      const toml = inRoot("examples", name, "keystile.toml");
      this.rig = await startRig({ name: `systems-${name}`, toml, edges: { edge1: {} }, hooks });
    });
    after(() => this.rig.close());
  }

  create(fields) {
    return this.rig.create("acme", fields);
  }

  attempt(fields) {
    return this.rig.manage("POST", KEYS, { name: "a key", ...fields });
  }

  act(key, action, body) {
    return this.rig.manage("POST", `${KEYS}/${key.id}/${action}`, body);
  }

  show(key) {
    return this.rig.manage("GET", `${KEYS}/${key.id}`);
  }

  list(query = "") {
    return this.rig.manage("GET", `${KEYS}${query}`);
  }

  use(key, path, method = "GET", headers = {}) {
    return this.rig.edge("edge1", path, { key: key?.key, method, headers, body: method === "GET" ? undefined : "{}" });
  }
}

/** The request is let through. */
const allowed = (answer) => assert.equal(answer.status, 200, answer.text);
/** The request is refused so. */
const refused = (answer, status, code) => assert.deepEqual([answer.status, answer.code], [status, code], answer.text);

/** Revoked, and in effect. */
async function revoke(product, key) {
  const revoked = await product.act(key, "revoke", { reason: "no longer needed" });
  assert.equal(revoked.status, 200, revoked.text);
  await effective(revoked);
}

/** Replaced by a key with the same name and scopes; both work until the old one is revoked. */
async function replaceWithoutDowntime(product, path, scopes) {
  const old = await product.create({ name: "integration", scopes });
  const rotated = await product.act(old, "rotate", { overlap_seconds: 86_400 });
  assert.equal(rotated.status, 201, rotated.text);
  const successor = rotated.body;
  assert.deepEqual([successor.name, successor.scopes], [old.name, old.scopes]);
  for (const key of [old, successor]) allowed(await product.use(key, path));
  await revoke(product, old);
  refused(await product.use(old, path), 401, "REVOKED");
  allowed(await product.use(successor, path));
}

describe("konvoq", () => {
  const konvoq = new Product("konvoq");

  test("konvoq 1: knq_live_ keys as Bearer, shown once, then known by a short prefix", async () => {
    const key = await konvoq.create();
    assert.match(key.key, /^knq_live_[0-9A-Za-z]{38}$/);
    assert.equal(key.display, key.key.slice(0, "knq_live_abc1".length));
    allowed(await konvoq.use(key, "/v1/leads"));
    refused(await konvoq.use(undefined, "/v1/leads", "GET", { "X-Api-Key": key.key }), 401, "MISSING_CREDENTIAL");
    for (const answer of [await konvoq.show(key), await konvoq.list()]) assert.ok(!answer.text.includes(key.key));
    assert.equal((await konvoq.show(key)).body.display, key.display);
  });

  test("konvoq 2: a descriptive name, scopes, and optionally an expiry date", async () => {
    const expires_at = new Date(Date.now() + 1500).toISOString();
    const key = await konvoq.create({ name: "Zapier, sales team", scopes: ["webhooks"], expires_at });
    const { body } = await konvoq.show(key);
    assert.deepEqual([body.name, body.scopes, body.expires_at], ["Zapier, sales team", ["webhooks"], expires_at]);
    assert.equal((await konvoq.create()).expires_at, null);
    allowed(await konvoq.use(key, "/v1/webhooks"));
    await sleep(1600);
    refused(await konvoq.use(key, "/v1/webhooks"), 401, "EXPIRED");
  });

  test("konvoq 3: each scope opens what it names and nothing else", async () => {
    const opens = {
      "read:leads": ["GET /v1/leads", "GET /v1/leads/7"],
      "write:leads": ["POST /v1/leads", "PATCH /v1/leads/7"],
      "read:conversations": ["GET /v1/conversations"],
      "write:conversations": ["POST /v1/conversations/7/messages"],
      webhooks: ["GET /v1/webhooks", "POST /v1/webhooks", "DELETE /v1/webhooks/7"],
    };
    for (const scope of Object.keys(opens)) {
      const key = await konvoq.create({ scopes: [scope] });
      for (const [needed, requests] of Object.entries(opens)) {
        for (const request of requests) {
          const [method, path] = request.split(" ");
          const answer = await konvoq.use(key, path, method);
          if (needed === scope) allowed(answer);
          else refused(answer, 403, "INSUFFICIENT_SCOPE");
        }
      }
    }
  });

  test("konvoq 4: the recommended minimum scopes are presets", async () => {
    const { body } = await konvoq.rig.manage("GET", "/v1/scopes");
    const presets = Object.fromEntries(body.presets.map(({ name, scopes }) => [name, scopes.join(" ")]));
    assert.deepEqual(presets, {
      "zapier-trigger": "webhooks",
      "zapier-leads": "read:leads webhooks write:leads",
      "n8n-receive": "webhooks",
      "n8n-leads": "webhooks write:leads",
      "backend-read": "read:conversations read:leads",
    });
    for (const { scopes } of body.presets) assert.equal((await konvoq.attempt({ scopes })).status, 201);
  });

  test("konvoq 5: an integration checks its own key with a me call", async () => {
    const key = await konvoq.create({ name: "n8n" });
    const me = await konvoq.use(key, "/keystile/v1/me");
    assert.deepEqual([me.status, me.body.name, me.body.scopes], [200, "n8n", ["read:leads"]]);
  });

  test("konvoq 6: revoking invalidates at once for good; a key is replaced without downtime", async () => {
    const key = await konvoq.create();
    allowed(await konvoq.use(key, "/v1/leads"));
    await revoke(konvoq, key);
    for (let request = 0; request < 3; request += 1) refused(await konvoq.use(key, "/v1/leads"), 401, "REVOKED");
    await replaceWithoutDowntime(konvoq, "/v1/leads", ["read:leads"]);
  });
});

describe("voice-crm", () => {
  const voice = new Product("voice-crm");
  const create = (fields) => voice.create({ scopes: ["calls:read"], ...fields });
  const RESOURCES = ["calls", "leads", "agents", "contacts", "knowledge_base", "integrations"];

  test("voice-crm 1: name, optional expiry after which the key deactivates by itself, at least one permission", async () => {
    for (const scopes of [undefined, []]) {
      const answer = await voice.attempt({ scopes });
      refused(answer, 422, "INVALID_REQUEST");
      assert.equal(answer.body.errors[0].field, "scopes");
    }
    const key = await create({ expires_at: new Date(Date.now() + 1200).toISOString() });
    allowed(await voice.use(key, "/calls"));
    await sleep(1300);
    refused(await voice.use(key, "/calls"), 401, "EXPIRED");
  });

  test("voice-crm 2: seven resources, each with read, write, or both", async () => {
    for (const resource of RESOURCES) {
      const both = await create({ scopes: [`${resource}:read`, `${resource}:write`] });
      allowed(await voice.use(both, `/${resource}`));
      allowed(await voice.use(both, `/${resource}`, "POST"));
    }
    allowed(await voice.use(await create({ scopes: ["analytics:read"] }), "/analytics/calls"));
  });

  test("voice-crm 3: read allows GET; write allows POST, PATCH and DELETE, and does not include read", async () => {
    const reader = await create();
    const writer = await create({ scopes: ["calls:write"] });
    allowed(await voice.use(reader, "/calls/7"));
    refused(await voice.use(writer, "/calls/7"), 403, "INSUFFICIENT_SCOPE");
    for (const method of ["POST", "PATCH", "DELETE"]) {
      allowed(await voice.use(writer, "/calls/7", method));
      refused(await voice.use(reader, "/calls/7", method), 403, "INSUFFICIENT_SCOPE");
    }
  });

  test("voice-crm 4: a key with write on analytics can't be created, and the answer says why", async () => {
    const answer = await voice.attempt({ scopes: ["analytics:read", "analytics:write"] });
    refused(answer, 422, "INVALID_REQUEST");
    assert.match(answer.body.detail, /analytics is read only/);
    const reader = await create({ scopes: ["analytics:read"] });
    refused(await voice.use(reader, "/analytics", "POST"), 405, "METHOD_NOT_ALLOWED");
  });

  test("voice-crm 5: Bearer token", async () => {
    const key = await create();
    allowed(await voice.use(undefined, "/calls", "GET", { Authorization: `bearer ${key.key}` }));
    refused(await voice.use(undefined, "/calls", "GET", { "X-Api-Key": key.key }), 401, "MISSING_CREDENTIAL");
  });

  test("voice-crm 6: revoked and expired keys are listed apart, and can't be reactivated", async () => {
    const expired = await create({ expires_at: new Date(Date.now() + 300).toISOString() });
    const revoked = await create();
    await voice.act(revoked, "revoke");
    await sleep(400);
    for (const [status, key, code] of [["revoked", revoked, "KEY_REVOKED"], ["expired", expired, "KEY_EXPIRED"]]) {
      const listed = async (query) => (await voice.list(query)).body.keys.some(({ id }) => id === key.id);
      assert.ok(await listed(`?status=${status}`));
      assert.ok(!(await listed("?status=active")));
      refused(await voice.act(key, "enable"), 409, code);
      const later = { expires_at: "2099-01-01T00:00:00Z" };
      refused(await voice.rig.manage("PATCH", `${KEYS}/${key.id}`, later), 409, code);
    }
  });

  test("voice-crm 7: each key shows how often it was used in the last 24 hours, 7 days and 30 days", async () => {
    const [used, unused] = [await create({ name: "dialer" }), await create({ name: "spare" })];
    for (let count = 0; count < 4; count += 1) allowed(await voice.use(used, "/calls"));
    refused(await voice.use(used, "/calls", "POST"), 403, "INSUFFICIENT_SCOPE");
    const sums = { allowed: 4, refused: 1 };
    await eventually(
      async () => {
        const { keys } = (await voice.list("?include=usage")).body;
        const of = (key) => keys.find(({ id }) => id === key.id).usage;
        assert.deepEqual(of(used), { "24h": sums, "7d": sums, "30d": sums });
        assert.equal(of(unused)["30d"].allowed, 0);
      },
      { within: 30_000 },
    );
  });
});

describe("konver", () => {
  const konver = new Product("konver");
  const use = (text, path = "/api/deals", method = "GET") => konver.use(undefined, path, method, { "X-Api-Key": text });
  const create = (fields) => konver.create({ scopes: ["read", "write"], ...fields });

  test("konver 1: the key travels in the X-Api-Key header", async () => {
    const key = await create();
    allowed(await use(key.key));
    refused(await konver.use(key, "/api/deals"), 401, "MISSING_CREDENTIAL");
  });

  test("konver 2: a key reaches its organization and never another's; shown once, revoked at once", async () => {
    const mine = await create();
    const theirs = await konver.rig.create("globex", { scopes: ["read"] });
    assert.equal((await use(mine.key)).body.headers["keystile-tenant"], "acme");
    assert.equal((await use(theirs.key)).body.headers["keystile-tenant"], "globex");
    const forged = await konver.use(undefined, "/api/deals", "GET", { "X-Api-Key": mine.key, "Keystile-Tenant": "globex" });
    assert.equal(forged.body.headers["keystile-tenant"], "acme");
    assert.ok(!(await konver.list()).text.includes(mine.key));
    await revoke(konver, mine);
    refused(await use(mine.key), 401, "REVOKED");
  });

  test("konver 3: 401 when wrong, revoked or badly sent, and the answer says so; 403 without permission", async () => {
    const key = await create({ scopes: ["read"] });
    const wrong = key.key.slice(0, -1) + (key.key.endsWith("a") ? "b" : "a");
    refused(await use(wrong), 401, "MALFORMED");
    const spaced = await use(`${key.key} x`);
    refused(spaced, 401, "MALFORMED");
    assert.match(spaced.body.detail, /white space/);
    const quoted = await use(`"${key.key}"`);
    refused(quoted, 401, "MALFORMED");
    assert.match(quoted.body.detail, /character/);
    refused(await use(key.key, "/api/deals", "POST"), 403, "INSUFFICIENT_SCOPE");
    await revoke(konver, key);
    refused(await use(key.key), 401, "REVOKED");
  });

  test("konver 4: any HTTP client sends it, curl with an environment variable among them", async () => {
    const key = await create();
    // A port for curl; every other language's client sends the same header.
    const server = createServer(async (request, response) => {
      const answer = await konver.rig.edge("edge1", request.url, { headers: { "X-Api-Key": request.headers["x-api-key"] ?? "" } });
      response.writeHead(answer.status).end(answer.text);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const script = `curl -s -o /dev/null -w '%{http_code}' -H "X-Api-Key: $KONVER_API_KEY" http://127.0.0.1:${server.address().port}/api/deals`;
    const { stdout } = await promisify(execFile)("sh", ["-c", script], { env: { ...process.env, KONVER_API_KEY: key.key } });
    assert.equal(stdout, "200");
    await new Promise((resolve) => server.close(resolve));
  });
});

describe("keloa", () => {
  const keloa = new Product("keloa");
  const create = (fields) => keloa.create({ scopes: ["read"], ...fields });

  test("keloa 1: live and test tokens, 32 random characters and a tag; test tokens work in test mode only", async () => {
    const live = await create();
    const sandbox = await create({ environment: "test" });
    assert.match(live.key, /^keloa_pk_live_[0-9A-Za-z]{32}[0-9A-Za-z]{6}$/);
    assert.match(sandbox.key, /^keloa_pk_test_[0-9A-Za-z]{32}[0-9A-Za-z]{6}$/);
    allowed(await keloa.use(live, "/v1/contacts"));
    allowed(await keloa.use(sandbox, "/test/v1/contacts"));
    refused(await keloa.use(sandbox, "/v1/contacts"), 403, "WRONG_ENVIRONMENT");
    refused(await keloa.use(live, "/test/v1/contacts"), 403, "WRONG_ENVIRONMENT");
  });

  test("keloa 2: abilities, with full access like an admin", async () => {
    const attempts = [
      ["GET", "/v1/contacts", "read"],
      ["POST", "/v1/contacts", "write:contacts"],
      ["POST", "/v1/conversations/7/resolve", "write:conversations"],
      ["POST", "/v1/webhooks", "webhooks"],
      ["POST", "/v1/admin/seats", "full"],
    ];
    for (const ability of ["read", "write:contacts", "write:conversations", "webhooks", "full"]) {
      const token = await create({ scopes: [ability] });
      for (const [method, path, needed] of attempts) {
        const answer = await keloa.use(token, path, method);
        if (ability === needed || ability === "full") allowed(answer);
        else refused(answer, 403, "INSUFFICIENT_SCOPE");
      }
    }
  });

  test("keloa 3: the list shows each active token's label, abilities, last use, and it can be revoked there", async () => {
    const token = await create({ name: "helpdesk", scopes: ["read", "webhooks"] });
    const gone = await create({ name: "former helpdesk" });
    await revoke(keloa, gone);
    const before = Date.now();
    allowed(await keloa.use(token, "/v1/contacts"));
    const listed = async () => (await keloa.list("?status=active")).body.keys;
    await eventually(
      async () => {
        const shown = (await listed()).find(({ id }) => id === token.id);
        assert.deepEqual([shown.name, shown.scopes], ["helpdesk", ["read", "webhooks"]]);
        assert.ok(Date.parse(shown.last_used_at) >= before, shown.last_used_at);
      },
      { within: 30_000 },
    );
    assert.ok(!(await listed()).some(({ id }) => id === gone.id));
    await revoke(keloa, token);
    refused(await keloa.use(token, "/v1/contacts"), 401, "REVOKED");
  });

  test("keloa 4: in the Authorization header only, never from a query string", async () => {
    const token = await create();
    refused(await keloa.use(undefined, `/v1/contacts?token=${token.key}`), 400, "CREDENTIAL_IN_QUERY");
    refused(await keloa.use(undefined, "/v1/contacts", "GET", { "X-Api-Key": token.key }), 401, "MISSING_CREDENTIAL");
  });

  test("keloa 5: rotation to a token with the same label and abilities; both work in between", async () => {
    await replaceWithoutDowntime(keloa, "/v1/contacts", ["read"]);
  });

  test("keloa 6: revoking stops it at once, and the audit log has when, who, and the label", async () => {
    const operator = await keloa.rig.operator("acme", ["keys:write"]);
    const token = await create({ name: "Billing sync" });
    const started = Date.now();
    const revoked = await keloa.rig.manage("POST", `${KEYS}/${token.id}/revoke`, {}, { key: operator.key });
    await effective(revoked);
    refused(await keloa.use(token, "/v1/contacts"), 401, "REVOKED");
    const { body } = await keloa.rig.manage("GET", "/v1/tenants/acme/audit?limit=1");
    const [entry] = body.entries;
    assert.deepEqual([entry.action, entry.key_name, entry.actor.id], ["revoked", "Billing sync", operator.id]);
    assert.ok(Math.abs(Date.parse(entry.at) - started) < 5_000);
  });

  test("keloa 7: the number of tokens differs by plan", async () => {
    const plan = await keloa.rig.manage("PATCH", "/v1/tenants/small-shop", { plan: "starter" });
    assert.equal(plan.body.limits.max_active_keys, 2);
    for (const name of ["one", "two"]) await keloa.rig.create("small-shop", { name, scopes: ["read"] });
    const third = { name: "three", scopes: ["read"] };
    refused(await keloa.rig.manage("POST", "/v1/tenants/small-shop/keys", third), 409, "KEY_LIMIT_REACHED");
    await keloa.rig.manage("PATCH", "/v1/tenants/small-shop", { plan: "business" });
    assert.equal((await keloa.rig.manage("POST", "/v1/tenants/small-shop/keys", third)).status, 201);
  });
});

describe("chatbot-platform", () => {
  const secrets = {
    STRIPE_WEBHOOK_SECRET: "whsec_of_stripe",
    STRIPE_WEBHOOK_SECRET_OLD: "whsec_of_stripe_before",
    CHANNELS_CALLBACK_SECRET: "the partner's secret",
    EVENTS_SECRET: `whsec_${Buffer.alloc(32, 7).toString("base64")}`,
  };
  const chatbot = new Product("chatbot-platform", { hooks: { vars: secrets } });
  const create = (fields) => chatbot.create({ scopes: undefined, ...fields });

  test("chatbot-platform 1: name and scopes, all by default; admin is everything", async () => {
    const resources = ["bots", "integrations", "channels", "conversations", "agent-loops"];
    const all = await create({ name: "everything" });
    assert.equal(all.scopes.length, 2 * resources.length + 1);
    const admin = await create({ scopes: ["admin"] });
    const reader = await create({ scopes: ["bots:read"] });
    for (const resource of resources) {
      for (const key of [all, admin]) {
        allowed(await chatbot.use(key, `/v1/${resource}`));
        allowed(await chatbot.use(key, `/v1/${resource}/7`, "DELETE"));
      }
    }
    allowed(await chatbot.use(reader, "/v1/bots"));
    refused(await chatbot.use(reader, "/v1/bots", "POST"), 403, "INSUFFICIENT_SCOPE");
    refused(await chatbot.use(reader, "/v1/channels"), 403, "INSUFFICIENT_SCOPE");
  });

  test("chatbot-platform 2: live keys and test keys, kept apart", async () => {
    const sandbox = await create({ environment: "test" });
    allowed(await chatbot.use(sandbox, "/sandbox/v1/bots"));
    refused(await chatbot.use(sandbox, "/v1/bots"), 403, "WRONG_ENVIRONMENT");
    refused(await chatbot.use(await create(), "/sandbox/v1/bots"), 403, "WRONG_ENVIRONMENT");
  });

  test("chatbot-platform 3: an invalid key, an expired one and one that may not are told apart", async () => {
    const soon = await chatbot.create({ scopes: ["bots:read"], expires_at: new Date(Date.now() + 1_500).toISOString() });
    refused(await chatbot.use({ key: "not a key" }, "/v1/bots"), 401, "MALFORMED");
    refused(await chatbot.use(soon, "/v1/bots", "POST"), 403, "INSUFFICIENT_SCOPE");
    await sleep(Date.parse(soon.expires_at) - Date.now() + 50);
    refused(await chatbot.use(soon, "/v1/bots"), 401, "EXPIRED");
  });

  test("chatbot-platform 4: rotation, revocation at once, and a new key works in its first request", async () => {
    for (let round = 0; round < 3; round += 1) allowed(await chatbot.use(await create(), "/v1/bots"));
    const key = await create();
    await revoke(chatbot, key);
    refused(await chatbot.use(key, "/v1/bots"), 401, "REVOKED");
    const old = await create();
    const rotated = await chatbot.act(old, "rotate", { overlap_seconds: 1 });
    allowed(await chatbot.use(old, "/v1/bots"));
    await sleep(1100);
    await effective(rotated);
    refused(await chatbot.use(old, "/v1/bots"), 401, "EXPIRED");
    allowed(await chatbot.use(rotated.body, "/v1/bots"));
  });

  test("chatbot-platform 5: webhooks and callbacks carry a signature, which is verified, with a bounded clock skew", async () => {
    const hmac = (key, message, encoding = "hex") => createHmac("sha256", key).update(message).digest(encoding);
    const post = (source, body, headers) => chatbot.rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });
    const now = () => Math.floor(Date.now() / 1000);

    const callback = (skew, key = secrets.CHANNELS_CALLBACK_SECRET) => {
      const body = JSON.stringify({ id: `callback_${skew}`, text: "hi" });
      const at = String(now() + skew);
      const signature = `sha256=${hmac(key, `${at}.${body}`)}`;
      return post("channels", body, { "X-Callback-Timestamp": at, "X-Callback-Signature": signature });
    };
    const taken = await callback(0);
    allowed(taken);
    // The platform has one signature to check, whoever sent it.
    const { path, headers, body } = taken.body;
    assert.equal(path, "/events/channels");
    assert.equal(headers["keystile-webhook-source"], "channels");
    const ours = Buffer.from(secrets.EVENTS_SECRET.slice("whsec_".length), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body.echo}`;
    assert.equal(headers["webhook-signature"], `v1,${hmac(ours, signed, "base64")}`);

    allowed(await callback(-58));
    refused(await callback(-63), 401, "TIMESTAMP_TOO_OLD");
    refused(await callback(8), 401, "TIMESTAMP_TOO_NEW");
    refused(await callback(1, "another secret"), 401, "NO_MATCH");
    refused(await post("channels", "{}", {}), 400, "MISSING_HEADER");
    assert.deepEqual((await callback(0)).body, { status: "duplicate" });

    const event = '{"id":"evt_1","type":"invoice.paid"}';
    const at = now();
    const stripe = (key) => post("stripe", event, { "Stripe-Signature": `t=${at},v1=${hmac(key, `${at}.${event}`)}` });
    refused(await stripe("whsec_of_nobody"), 401, "NO_MATCH");
    allowed(await stripe(secrets.STRIPE_WEBHOOK_SECRET_OLD));
    assert.deepEqual((await stripe(secrets.STRIPE_WEBHOOK_SECRET)).body, { status: "duplicate" });
  });

  test("chatbot-platform 7: reading what is stored gives no key away", async () => {
    const key = await create();
    const snapshot = await chatbot.rig.snapshot();
    const stored = JSON.stringify([snapshot, (await chatbot.list()).body]);
    assert.ok(!stored.includes(key.key.slice("cbp_live_".length + 4)));
    for (const address of Object.keys(snapshot)) refused(await chatbot.use({ key: address }, "/v1/bots"), 401, "MALFORMED");
  });
});
