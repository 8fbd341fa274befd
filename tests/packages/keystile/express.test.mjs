// `keystile/express` in Express 4 and 5, which ask the real edge by HTTP with an operator's key.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import express5 from "express";
import express4 from "express4";

import { assertSame, dist, forged, startGuarded } from "./guarded.mjs";

const { Guard } = await import(pathToFileURL(dist("guard", "guard.js")));
const { keystile } = await import(pathToFileURL(dist("express", "express.js")));

let stack, keys, operator;
before(async () => {
  stack = await startGuarded("package_express");
  keys = stack.keys;
  operator = await stack.rig.operator("*", ["verify"]);
});
after(() => stack?.rig.close());

/** Express takes these for "go on" and "skip". */
const OTHER_THAN_ERRORS = { nothing: undefined, null: null, route: "route", router: "router" };

const edgeUrl = () => new URL("/keystile", stack.rig.url).href;

for (const [name, express] of Object.entries({ "Express 4": express4, "Express 5": express5 })) {
  describe(name, () => {
    let server, request;
    const reports = [];
    before(async () => {
      const guardOf = (options) => new Guard({ url: edgeUrl(), operator_key: operator.key, realm: "Konvoq", ...options });
      const guard = guardOf();
      const app = express();
      app.set("trust proxy", true);
      const told = (req, res) => res.json(req.keystile);
      const router = express.Router();
      router.get("/", keystile({ guard, scopes: ["read:leads"], environment: "live" }), told);
      router.post("/", keystile({ guard, scopes: ["write:leads", "admin"], any_of: true }), told);
      router.get("/costly", keystile({ guard, cost: 15 }), told);
      router.get("/worded", keystile({ guard, scopes: ["admin"], onRefused: ({ code }) => ({ error: code }) }), told);
      const fails = () => {
        throw new Error("the wording's own");
      };
      router.get("/wording-fails", keystile({ guard, scopes: ["admin"], onRefused: fails }), told);
      for (const [what, thrown] of Object.entries(OTHER_THAN_ERRORS)) {
        const onRefused = () => Promise.reject(thrown);
        router.get(`/throws/${what}`, keystile({ guard, scopes: ["admin"], onRefused }), told);
        router.get(`/throws/${what}`, told);
        const ip = () => {
          throw thrown;
        };
        router.get(`/throws-at-once/${what}`, keystile({ guard, ip }), told);
        router.get(`/throws-at-once/${what}`, told);
      }
      router.get("/handler-fails", keystile({ guard }), () => {
        throw new Error("the handler's own");
      });
      const onUnavailable = (error) => reports.push(error.message);
      router.get("/strict", keystile({ guard: guardOf({ onUnavailable }), strict: true }), told);
      const faults = {
        unreachable: { url: "http://127.0.0.1:1/keystile" },
        "no-edge": { url: new URL("/api", stack.rig.url).href },
        "not-an-operator": { operator_key: keys.good.key },
        redirects: { fetch: async () => new Response(null, { status: 302, headers: { Location: "http://127.0.0.1:1" } }) },
        lies: { fetch: async () => Response.json({ valid: true, code: "VALID" }) },
        hangs: { fetch: () => new Promise(() => {}), timeout_ms: 100 },
      };
      for (const [fault, options] of Object.entries(faults)) {
        router.get(`/faults/${fault}`, keystile({ guard: guardOf({ onUnavailable, ...options }) }), told);
      }
      app.use("/leads", router);
      app.use((error, req, res, next) => res.status(500).send(error.message));
      server = await new Promise((resolve) => {
        const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
      });
      request = (path, options) => ask(server, path, options);
    });
    after(() => server?.close());

    test("a good key is let in, and the handler gets the verdict", async () => {
      const answer = await request("/leads", { key: keys.good.key });
      assert.equal(answer.status, 200, answer.text);
      const { key_id, tenant, scopes, metadata, ratelimit } = answer.body;
      assert.deepEqual([key_id, tenant, scopes, metadata], [keys.good.id, "acme", ["read:leads"], { plan: "pro" }]);
      assert.equal(ratelimit[0].name, "per-second");
      assert.match(answer.headers.get("RateLimit"), /"per-second";r=\d+;t=\d+, "daily";r=\d+;t=\d+/);
      assert.equal(answer.headers.get("Cache-Control"), "private, no-store");
    });

    for (const what of Object.keys(OTHER_THAN_ERRORS)) {
      test(`an option that throws ${what} lets nobody through`, async () => {
        for (const path of ["throws", "throws-at-once"]) {
          const answer = await request(`/leads/${path}/${what}`, { key: keys.good.key });
          assert.equal(answer.status, 500, path);
          assert.match(answer.text, /an option threw/);
        }
      });
    }

    test("a misspelt demand, and one that demands nothing, are refused when the middleware is made", () => {
      const guard = new Guard({ url: edgeUrl(), operator_key: operator.key });
      assert.throws(() => keystile({ guard, scope: ["admin"] }), /no option `scope`\. There are: scopes, /);
      assert.throws(() => keystile({ guard, scopes: undefined }), /`scopes` is undefined, which demands nothing/);
      assert.throws(() => keystile({ guard, environment: "" }), /`environment` is empty/);
    });

    test("keys go over plain http to this machine alone", () => {
      assert.throws(() => new Guard({ url: "http://edge.example.com/keystile", operator_key: "k" }), /Plain http is for this machine/);
    });

    describe("the refusal is like the edge's own answer to such a request:", () => {
      const cases = {
        "a forged key": () => ({ key: forged(keys.good.key) }),
        "a text that is no key": () => ({ key: "abc" }),
        "a revoked key": () => ({ key: keys.revoked.key }),
        "a key of the other environment": () => ({ key: keys.test.key }),
        "two keys": () => ({ key: keys.good.key, headers: { "X-Api-Key": keys.test.key } }),
      };
      for (const [name, sent] of Object.entries(cases)) {
        test(name, async () => {
          const answer = await request("/leads", sent());
          const edges = await stack.rig.edge("edge1", "/api/leads/", sent());
          if (name === "two keys") answer.body.request_id = "req_local";
          assertSame(answer, edges);
        });
      }
      test("no key", async () => {
        const answer = await request("/leads");
        assert.deepEqual([answer.status, answer.code], [401, "MISSING_CREDENTIAL"]);
        assert.equal(answer.headers.get("WWW-Authenticate"), 'Bearer realm="Konvoq"');
      });
      test("a scope that is missing", async () => {
        const sent = { key: keys.good.key, method: "POST" };
        const answer = await request("/leads", sent);
        assertSame(answer, await stack.request("/leads", sent));
      });
    });

    test("the caller's address is Express's, by its own rule for proxies", async () => {
      const from = async (address) =>
        (await request("/leads", { key: keys.addressed.key, headers: { "X-Forwarded-For": address } })).code;
      assert.equal(await from("192.0.2.7"), "VALID");
      assert.equal(await from("198.51.100.7"), "IP_NOT_ALLOWED");
    });

    test("over a limit: 429 with the limits and the time to wait", async () => {
      const { key } = await stack.rig.create("acme");
      assert.equal((await request("/leads/costly", { key })).status, 200);
      const answer = await request("/leads/costly", { key });
      assert.deepEqual([answer.status, answer.code], [429, "RATE_LIMITED"]);
      assert.deepEqual(answer.body["violated-policies"], ["per-second"]);
      assert.match(answer.headers.get("Retry-After"), /^[1-9]/);
      assert.match(answer.headers.get("RateLimit"), /"per-second";r=[0-5];/);
    });

    test("`onRefused` may change the body; errors go to the app", async () => {
      const worded = await request("/leads/worded", { key: keys.good.key });
      assert.deepEqual([worded.status, worded.body], [403, { error: "INSUFFICIENT_SCOPE" }]);
      for (const [path, message] of [
        ["/leads/wording-fails", "the wording's own"],
        ["/leads/handler-fails", "the handler's own"],
      ]) {
        const answer = await request(path, { key: keys.good.key });
        assert.deepEqual([answer.status, answer.text], [500, message]);
      }
    });

    test("HEAD is refused without a body", async () => {
      const answer = await request("/leads", { method: "HEAD" });
      assert.deepEqual([answer.status, answer.text], [401, ""]);
    });

    describe("what can't be told refuses, and is said without a key:", () => {
      for (const [fault, said] of Object.entries({
        unreachable: /fetch failed/,
        "no-edge": /answered 404, NOT_ROUTED/,
        "not-an-operator": /answered 401, MALFORMED/,
        redirects: /answered 302/,
        lies: /answered 200/,
        hangs: /did not answer within 100 ms/,
      })) {
        test(fault, async () => {
          reports.length = 0;
          const answer = await request(`/leads/faults/${fault}`, { key: keys.good.key });
          assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
          assert.equal(answer.headers.get("Retry-After"), "1");
          assert.equal(reports.length, 1);
          assert.match(reports[0], said);
          assert.ok(!reports[0].includes(keys.good.key) && !reports[0].includes(operator.key));
        });
      }
      test("the edge's storage is out of reach", async () => {
        await stack.rig.feed("edges", "down");
        try {
          reports.length = 0;
          const answer = await request("/leads/strict", { key: keys.good.key });
          assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"]);
          assert.match(reports[0], /answered 503, DEPENDENCY_UNAVAILABLE/);
        } finally {
          await stack.rig.feed("edges", "ok");
        }
      });
    });
  });
}

test("a guard without a way to the edge is a mistake that is said when it is made", () => {
  assert.throws(() => new Guard({ url: edgeUrl(), operator_key: "" }), /`operator_key`/);
  assert.throws(() => new Guard({ url: "api.example.com", operator_key: "k" }), /`url`/);
  assert.throws(() => new Guard({ binding: undefined }), /entrypoint = "Guard"/);
  assert.throws(() => keystile({ scopes: ["read:leads"] }), /`guard`/);
});

test("a key is found in the places that the edge has, written as keystile.toml does", async () => {
  let asked;
  const fetch = async (url, { body }) => {
    asked = JSON.parse(body).key;
    return new Response("{}", { status: 500 });
  };
  const places = ["bearer", "scheme:token", "basic:username", "api-key"];
  const guard = new Guard({ url: edgeUrl(), operator_key: "k", places, fetch, onUnavailable() {} });
  const found = async (headers) => {
    asked = "not asked";
    await guard.verify({ headers });
    return asked;
  };
  assert.equal(await found({ authorization: "bearer  one" }), "one");
  assert.equal(await found({ Authorization: "Token two" }), "two");
  assert.equal(await found([["authorization", `Basic ${btoa("three:x")}`]]), "three");
  assert.equal(await found(new Headers({ "Api-Key": "four" })), "four");
  assert.equal(await found({ authorization: "Bearer five", "api-key": "five" }), "five");
  for (const none of [{ "x-api-key": "six" }, { authorization: "Digest seven" }, { authorization: "Basic %" }, {}]) {
    assert.equal(await found(none), undefined);
  }
  assert.equal(await found({ authorization: "Bearer five", "api-key": "eight" }), "not asked");
});

/** Sends a request to the app. */
function ask(server, path, { key, headers = {}, method = "GET" } = {}) {
  const sent = key === undefined ? headers : { ...headers, Authorization: `Bearer ${key}` };
  const { port } = server.address();
  return new Promise((resolve, reject) => {
    const outgoing = http.request({ port, path, method, headers: sent }, async (incoming) => {
      let text = "";
      for await (const part of incoming.setEncoding("utf8")) text += part;
      let body;
      try {
        body = JSON.parse(text);
      } catch {
        body = undefined;
      }
      const answer = { status: incoming.statusCode, headers: new Headers(incoming.headers), text, body, code: body?.code };
      resolve(answer);
    });
    outgoing.on("error", reject).end();
  });
}
