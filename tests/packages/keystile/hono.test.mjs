// `keystile/hono` in a Worker, over the real workers: whoever is refused gets the edge's own answer.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { assertSame, forged, startGuarded } from "./guarded.mjs";

let stack, keys, request;
before(async () => {
  stack = await startGuarded("package_hono");
  ({ keys, request } = stack);
});
after(() => stack?.rig.close());

test("a good key is let in, and the handler gets the verdict", async () => {
  const answer = await request("/leads", { key: keys.good.key });
  assert.equal(answer.status, 200, answer.text);
  const { request_id, ratelimit, headers, ...facts } = answer.body;
  assert.deepEqual(facts, {
    valid: true,
    code: "VALID",
    key_id: keys.good.id,
    tenant: "acme",
    name: "a key",
    environment: "live",
    scopes: ["read:leads"],
    expires_at: null,
    metadata: { plan: "pro" },
  });
  assert.deepEqual(ratelimit.map(({ name, kind, limit }) => [name, kind, limit]), [
    ["per-second", "rate", 20],
    ["daily", "quota", 1000],
    ["monthly", "quota", 1000],
  ]);
  assert.equal(answer.headers.get("Keystile-Request-Id"), request_id);
  assert.match(answer.headers.get("RateLimit"), /"per-second";r=\d+;t=\d+/);
  assert.match(answer.headers.get("RateLimit-Policy"), /"per-second";q=20;w=1/);
  assert.equal(answer.headers.get("Cache-Control"), "private, no-store");
  assert.equal(headers["keystile-request-id"], request_id);
});

describe("the refusal is the edge's own answer to such a request:", () => {
  const cases = {
    "no key": () => ({}),
    "a forged key": () => ({ key: forged(keys.good.key) }),
    "a text that is no key": () => ({ key: "abc" }),
    "a revoked key": () => ({ key: keys.revoked.key }),
    "a key of the other environment": () => ({ key: keys.test.key }),
    "two keys": () => ({ key: keys.good.key, headers: { "X-Api-Key": keys.test.key } }),
  };
  for (const [name, sent] of Object.entries(cases)) {
    test(name, async () => {
      const answer = await request("/leads", sent());
      assert.ok(answer.status >= 400, answer.text);
      assertSame(answer, await stack.rig.edge("edge1", "/api/leads/", sent()));
    });
  }
  test("a scope that is missing", async () => {
    const answer = await request("/leads", { key: keys.good.key, method: "POST" });
    assert.deepEqual([answer.status, answer.code], [403, "INSUFFICIENT_SCOPE"]);
    assert.deepEqual([answer.body.required_scopes, answer.body.any_of], [["write:leads", "admin"], true]);
    assert.match(answer.headers.get("WWW-Authenticate"), /^Bearer realm="Konvoq", error="insufficient_scope"/);
  });
  test("a key in the query, which is looked for in the caller's URL", async () => {
    const answer = await request(`/leads?key=${keys.good.key}`);
    assertSame(answer, await stack.rig.edge("edge1", `/api/leads/?key=${keys.good.key}`));
    assert.equal(answer.code, "CREDENTIAL_IN_QUERY");
  });
  test("an operator's key", async () => {
    const answer = await request("/leads", { key: "ksroot_" + "r".repeat(43) });
    assert.deepEqual([answer.status, answer.code], [401, "MALFORMED"]);
  });
});

test("one of several scopes is enough", async () => {
  const { key } = await stack.rig.create("acme", { scopes: ["write:leads"] });
  assert.equal((await request("/leads", { key, method: "POST" })).status, 200);
});

test("the caller's address is the one that Cloudflare states", async () => {
  const { key } = keys.addressed;
  const from = async (address) => (await request("/leads", { key, headers: { "CF-Connecting-IP": address } })).code;
  assert.equal(await from("192.0.2.7"), "VALID");
  assert.equal(await from("198.51.100.7"), "IP_NOT_ALLOWED");
});

test("over a limit: 429 with the limits and the time to wait", async () => {
  const { key } = await stack.rig.create("acme", {});
  assert.equal((await request("/costly", { key })).status, 200);
  const answer = await request("/costly", { key });
  assert.deepEqual([answer.status, answer.code], [429, "RATE_LIMITED"]);
  assert.deepEqual(answer.body["violated-policies"], ["per-second"]);
  assert.match(answer.headers.get("Retry-After"), /^[1-9]/);
  assert.match(answer.headers.get("RateLimit"), /"per-second";r=[0-5];/);
  const free = await request("/free", { key });
  assert.deepEqual([free.status, free.body.ratelimit[0].name], [200, "per-second"]);
});

test("a key that is revoked is refused once that is in effect", async () => {
  const { key, id } = await stack.rig.create("acme", {});
  for (const path of ["/leads", "/strict"]) assert.equal((await request(path, { key })).status, 200);
  await stack.rig.manage("POST", `/v1/tenants/acme/keys/${id}/revoke`, undefined, { headers: { Prefer: "wait=10" } });
  for (const path of ["/leads", "/strict"]) assert.equal((await request(path, { key })).code, "REVOKED");
});

test("a handler's own headers stay, and its errors are its own", async () => {
  const answer = await request("/cached", { key: keys.good.key });
  assert.equal(answer.headers.get("Cache-Control"), "max-age=60");
  assert.match(answer.headers.get("RateLimit"), /^"own";r=1, "per-second"/);
  const failed = await request("/fails", { key: keys.good.key });
  assert.deepEqual([failed.status, failed.text], [500, "the handler's own"]);
  assert.equal((await request("/fails")).status, 401);
});

describe("`onRefused` may change the body, and nothing else:", () => {
  for (const [path, type, body] of [
    ["/worded", "application/json", '{"error":"INSUFFICIENT_SCOPE"}'],
    ["/texted", "text/plain; charset=utf-8", "no: INSUFFICIENT_SCOPE"],
    ["/let-in", "application/json", "{}"],
  ]) {
    test(path, async () => {
      const answer = await request(path, { key: keys.good.key });
      assert.deepEqual([answer.status, answer.headers.get("Content-Type"), answer.text], [403, type, body]);
      assert.match(answer.headers.get("WWW-Authenticate"), /insufficient_scope/);
    });
  }
  test("without a body of its own, it is the edge's", async () => {
    assert.equal((await request("/unworded", { key: keys.good.key })).code, "INSUFFICIENT_SCOPE");
  });
  test("if it fails, the request is refused all the same", async () => {
    const answer = await request("/wording-fails", { key: keys.good.key });
    assert.deepEqual([answer.status, answer.text], [500, "the wording's own"]);
  });
});

describe("what can't be told refuses:", () => {
  for (const [fault, said] of [
    ["HANGING", /did not answer within 200 ms/],
    ["THROWING", /out of order/],
    ["LYING", /The edge answered 200/],
    ["WITHOUT", /verify/],
    ["HTML", /JSON/],
  ]) {
    test(fault, async () => {
      await request("/__reports");
      for (let times = 0; times < 2; times += 1) {
        const answer = await request(`/faults/${fault}`, { key: keys.good.key });
        assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
        assert.equal(answer.headers.get("Retry-After"), "1");
        assert.equal(answer.headers.get("Content-Type"), "application/problem+json");
      }
      // It is said, once a minute.
      const { body: reports } = await request("/__reports");
      assert.equal(reports.length, 1, String(reports));
      assert.match(reports[0], said);
      assert.ok(!reports[0].includes(keys.good.key));
    });
  }
  test("the edge's storage is out of reach: its own 503", async () => {
    const { key } = await stack.rig.create("acme", {});
    await stack.rig.feed("edges", "down");
    try {
      const answer = await request("/strict", { key });
      assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
      assert.match(answer.body.request_id, /^req_(?!none)/);
    } finally {
      await stack.rig.feed("edges", "ok");
    }
  });
  test("a scope that isn't defined: 503, and the mistake is said", async () => {
    await request("/__reports");
    assert.equal((await request("/unknown-scope", { key: keys.good.key })).status, 503);
    assert.match((await request("/__reports")).text, /no scope \\+"read:laeds\\+" is defined|read:laeds/);
  });
  test("`onUnavailable` gets each reason instead", async () => {
    await request("/__reports");
    for (let times = 0; times < 2; times += 1) await request("/faults/reported", { key: keys.good.key });
    assert.deepEqual((await request("/__reports")).body, ["own: out of order", "own: out of order"]);
  });
  test("there is no binding: nobody is let in, and the error says what to bind", async () => {
    const answer = await request("/faults/none", { key: keys.good.key });
    assert.equal(answer.status, 500);
    assert.match(answer.text, /no service binding NONE: bind the edge's entrypoint "Guard"/);
  });
});

test("the guard alone judges requests as Node has them, and keys that the service found itself", async () => {
  const verify = async (asked, demand) => {
    const answer = await request("/__verify", { method: "POST", body: JSON.stringify({ request: asked, demand }) });
    return answer.body;
  };
  const { key } = keys.good;
  const inNode = await verify({ headers: { authorization: `Bearer ${key}`, "set-cookie": ["a", "b"] }, url: "/a?b" });
  assert.deepEqual([inNode.verdict.valid, inNode.verdict.key_id], [true, keys.good.id]);
  assert.equal((await verify({ key })).verdict.code, "VALID");
  const refused = await verify({ key: forged(key) });
  assert.deepEqual([refused.verdict.code, refused.sent[0]], ["MALFORMED", 401]);
  assert.equal(JSON.parse(refused.sent[1]).code, "MALFORMED");
  const addressed = { key: keys.addressed.key };
  assert.equal((await verify(addressed, { ip: "192.0.2.9" })).verdict.code, "VALID");
  assert.equal((await verify(addressed)).verdict.code, "IP_NOT_ALLOWED");
  const forwarded = { headers: { authorization: `Bearer ${keys.addressed.key}`, "CF-Connecting-IP": "192.0.2.9" } };
  assert.equal((await verify(forwarded, { ip: "198.51.100.1" })).verdict.code, "IP_NOT_ALLOWED");
});
