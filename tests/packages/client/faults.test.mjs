// keystile/client where the way to the API fails: tries, time limits, signals, errors, and answers that aren't the
// API's. The server is a real one, which fails as a test says.

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { inspect } from "node:util";

import { Keystile, KeystileError } from "../../../packages/keystile/src/client/index.ts";

const KEY = `ksroot_${"s".repeat(43)}`;
const CREATED = { id: "key_Qh0a9zVVqE0eTn6ZPmRf", name: "a", key: "demo_live_S2Ig3CFT4wpd0MXG5YS0xEAaQqGElJKVEv2hh1" };

let server;
let url;
let answers; // The answers to come: functions of (request, response), the last one for all further requests.
let seen; // The requests that came: {method, url, headers, body}.
before(async () => {
  server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    (answers.length > 1 ? answers.shift() : answers[0])(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => server.close());
beforeEach(() => {
  seen = [];
  answers = [ok({})];
});

const client = (options) => new Keystile({ url, key: KEY, ...options });
const ok = (body, status = 200) => (_, response) => {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
};
const problem = (status, code, headers = {}, more = {}) => (_, response) => {
  const body = { type: "about:blank", title: "t", status, code, detail: `detail of ${code}`, request_id: "req_1", ...more };
  response.writeHead(status, { "Content-Type": "application/problem+json", ...headers }).end(JSON.stringify(body));
};
const hangUp = (request) => request.socket.destroy();
const hang = () => {};
const cut = (text) => (_, response) => {
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": String(text.length + 10) });
  response.write(text, () => setTimeout(() => response.destroy(), 20));
};
const failure = async (promise) => {
  const error = await promise.then(() => assert.fail("it succeeded"), (error) => error);
  assert.ok(error instanceof KeystileError, inspect(error));
  return error;
};

describe("tries", () => {
  test("a read is tried again after a hung up connection, a cut answer, 500, 502, 503 and 504", async () => {
    for (const fault of [hangUp, cut('{"plans": ['), ...[500, 502, 503, 504].map((status) => problem(status, "INTERNAL"))]) {
      seen = [];
      answers = [fault, ok({ plans: [] })];
      assert.deepEqual(await client().plans(), { plans: [] });
      assert.equal(seen.length, 2);
    }
  });

  test("a change is sent again with the Idempotency-Key of the first try, and another call has another", async () => {
    answers = [hangUp, problem(503, "DEPENDENCY_UNAVAILABLE"), ok(CREATED, 201)];
    const made = await client().keys.create("acme", { name: "a", scopes: ["read:leads"] });
    assert.equal(made.key, CREATED.key);
    assert.equal(seen.length, 3);
    const keys = new Set(seen.map(({ headers }) => headers["idempotency-key"]));
    assert.equal(keys.size, 1);
    assert.match([...keys][0], /^[0-9a-f]{32}$/);
    assert.deepEqual(new Set(seen.map(({ body }) => body)), new Set(['{"name":"a","scopes":["read:leads"]}']));
    answers = [ok(CREATED, 201)];
    await client().keys.create("acme", { name: "a", scopes: ["read:leads"] });
    assert.notEqual(seen.at(-1).headers["idempotency-key"], [...keys][0]);
  });

  test("one that still runs is asked for again: 409 IDEMPOTENCY_KEY_IN_USE, and no other 409", async () => {
    answers = [problem(409, "IDEMPOTENCY_KEY_IN_USE", { "Retry-After": "1" }), ok(CREATED, 201)];
    await client().keys.create("acme", { name: "a", scopes: [] });
    assert.equal(seen.length, 2);
    seen = [];
    answers = [problem(409, "KEY_REVOKED")];
    assert.equal((await failure(client().keys.enable("acme", "key_1"))).code, "KEY_REVOKED");
    assert.equal(seen.length, 1);
  });

  test("Retry-After is waited for, of 429 too", async () => {
    answers = [problem(429, "TOO_MANY_FAILURES", { "Retry-After": "1" }), ok({ plans: [] })];
    const started = Date.now();
    await client().plans();
    assert.ok(Date.now() - started >= 1000, String(Date.now() - started));
  });

  test("a Retry-After of more than a minute is left to the caller", async () => {
    answers = [problem(503, "DEPENDENCY_UNAVAILABLE", { "Retry-After": "61" })];
    const error = await failure(client().plans());
    assert.deepEqual([error.retryAfter, seen.length], [61, 1]);
  });

  test("there are as many tries as were asked for", async () => {
    answers = [hangUp];
    for (const [options, tries] of [[{}, 3], [{ retries: 0 }, 1], [{ retries: 1 }, 2]]) {
      seen = [];
      assert.equal((await failure(client(options).plans())).code, "NETWORK");
      assert.equal(seen.length, tries);
    }
    seen = [];
    await failure(client().plans({ retries: 0 }));
    assert.equal(seen.length, 1);
  });

  test("what is not safe to repeat is sent once", async () => {
    const k = client();
    const calls = [
      () => k.tenants.createPortalSession("acme", { actor: { id: "1", name: "A" }, may: [], scopes: [] }),
      () => k.webhooks.reveal("github", "hsk_1"),
      () => k.session.begin(),
      () => k.portalSession.exchange("code"),
      () => k.exposures.report([{ token: "t" }]),
      () => k.events.test("ep_1"),
      () => k.events.of("acme").test("ep_1"),
      () => k.keys.update("acme", "key_1", { name: "b" }),
      () => k.tenants.update("acme", { plan: "pro" }),
      () => k.events.update("ep_1", { status: "paused" }),
      () => k.events.delete("ep_1"),
      () => k.keys.eraseMetadata("acme", "key_1"),
      () => k.tenants.erase("acme", "acme"),
      () => k.session.end(),
      () => k.portalSession.end(),
      () => k.exportUsage({ from: "2027-01-31T12:00:00Z", to: "2027-01-31T18:00:00Z" }).next(),
    ];
    for (const fault of [hangUp, problem(503, "CHANGE_PENDING")]) {
      answers = [fault];
      for (const call of calls) {
        seen = [];
        await failure(call());
        assert.equal(seen.length, 1, String(call));
        assert.equal(seen[0].headers["idempotency-key"], undefined);
      }
    }
  });

  test("but after 429 it is sent again: nothing was done", async () => {
    for (const call of [(k) => k.session.begin(), (k) => k.keys.update("acme", "key_1", { name: "b" })]) {
      seen = [];
      answers = [problem(429, "TOO_MANY_FAILURES", { "Retry-After": "0" }), ok({}, 201)];
      await call(client());
      assert.equal(seen.length, 2);
    }
  });

  test("a PATCH or DELETE of a version is sent again, and that the version is gone then is no refusal", async () => {
    const again = problem(429, "TOO_MANY_FAILURES", { "Retry-After": "0" });
    const gone = problem(412, "VERSION_MISMATCH");
    const update = (k) => k.keys.update("acme", "key_1", { name: "b" }, { ifVersion: 3 });
    const remove = (k) => k.events.delete("ep_1", { ifVersion: 3 });
    for (const [call, faults, code, tries] of [
      [update, [hangUp, ok({ id: "key_1" })], undefined, 2],
      [remove, [hangUp, ok({ id: "ep_1" })], undefined, 2],
      [update, [hangUp, gone], "NETWORK", 2],
      [remove, [hangUp, problem(404, "ENDPOINT_NOT_FOUND")], "NETWORK", 2],
      [update, [problem(503, "CHANGE_PENDING"), gone], "CHANGE_PENDING", 2],
      [update, [gone], "VERSION_MISMATCH", 1],
      [update, [again, gone], "VERSION_MISMATCH", 2],
    ]) {
      seen = [];
      answers = faults;
      if (code === undefined) await call(client());
      else assert.equal((await failure(call(client()))).code, code);
      assert.equal(seen.length, tries);
      assert.ok(seen.every(({ headers }) => headers["if-match"] === '"3"'));
    }
  });

  test("a failure that says that nothing was done doesn't hide one that leaves it open", async () => {
    const again = problem(429, "TOO_MANY_FAILURES", { "Retry-After": "0" });
    answers = [hangUp, again];
    assert.equal((await failure(client().keys.disable("acme", "key_1"))).code, "NETWORK");
    answers = [hangUp, again];
    assert.equal((await failure(client().plans())).code, "TOO_MANY_FAILURES");
  });

  test("an Idempotency-Key of the caller's where it would make nothing safe is a mistake that is said", async () => {
    const options = { idempotencyKey: "mine" };
    for (const call of [
      (k) => k.keys.update("acme", "key_1", { name: "b" }, options),
      (k) => k.events.delete("ep_1", options),
      (k) => k.webhooks.reveal("github", "hsk_1", options),
      (k) => k.keys.get("acme", "key_1", {}, options),
    ]) {
      await assert.rejects(call(client()), /^TypeError: `idempotencyKey`: the API takes none with (PATCH|DELETE|POST|GET) \/v1/);
    }
    assert.equal(seen.length, 0);
  });

  test("an error of the caller's own functions is no failure of the request: it comes as it is, at once", async () => {
    for (const own of [new Error("own"), new KeystileError("NETWORK", "own")]) {
      const fails = () => {
        throw own;
      };
      answers = [ok(CREATED, 201)];
      for (const call of [
        (k, options) => k.keys.create("acme", { name: "a", scopes: [] }, options),
        (k, options) => k.audit.export("acme", {}, options).next(),
        (k, options) => k.backup.exportAll({}, options).next(),
      ]) {
        seen = [];
        await assert.rejects(call(client(), { onResponse: fails }), (error) => error === own);
        assert.equal(seen.length, 1);
        await assert.rejects(call(client({ key: fails })), (error) => error === own);
        assert.equal(seen.length, 1);
      }
    }
    await assert.rejects(client().audit.export("..").next(), /^TypeError: tenant: a text expected/);
  });

  test("a refusal is final", async () => {
    for (const [status, code] of [[401, "REVOKED"], [403, "INSUFFICIENT_SCOPE"], [404, "KEY_NOT_FOUND"], [412, "VERSION_MISMATCH"], [422, "INVALID_REQUEST"]]) {
      seen = [];
      answers = [problem(status, code)];
      assert.equal((await failure(client().keys.get("acme", "key_1"))).code, code);
      assert.equal(seen.length, 1);
    }
  });
});

describe("a new key whose answer was lost", () => {
  const replay = ok({ ...CREATED, key: null, replayed: true }, 201);

  test("is an error that names it", async () => {
    answers = [hangUp, replay];
    const error = await failure(client().keys.create("acme", { name: "a", scopes: [] }));
    assert.equal(error.code, "KEY_LOST");
    assert.equal(error.answer.id, CREATED.id);
    assert.match(error.message, /^key_Qh0a9zVVqE0eTn6ZPmRf was made.* Revoke it and make another\.$/);
  });

  test("is answered as it is to a caller with an Idempotency-Key", async () => {
    answers = [replay];
    assert.equal((await client().keys.create("acme", { name: "a", scopes: [] }, { idempotencyKey: "mine" })).key, null);
    assert.equal(seen[0].headers["idempotency-key"], "mine");
  });
});

describe("time limits and signals", () => {
  test("an answer that doesn't come is a TIMEOUT", async () => {
    answers = [hang];
    const error = await failure(client({ timeout: 100, retries: 0 }).plans());
    assert.deepEqual([error.code, error.status], ["TIMEOUT", 0]);
  });

  test("so is one whose body doesn't", async () => {
    answers = [(_, response) => response.writeHead(200).write('{"plans"')];
    assert.equal((await failure(client({ timeout: 100, retries: 0 }).plans())).code, "TIMEOUT");
  });

  test("the time that the API was asked to wait comes on top", async () => {
    answers = [(_, response) => void setTimeout(() => ok({ id: "key_1" })(_, response), 400)];
    await client({ timeout: 100, retries: 0 }).keys.disable("acme", "key_1", { wait: 1 });
    assert.equal(seen[0].headers.prefer, "wait=1");
  });

  test("that would be none are mistakes, of the client and of a call", async () => {
    const wrong = [
      ...[0, -1, 0.5, NaN, Infinity, 2 ** 31, "100", null].map((timeout) => [{ timeout }, /`timeout`: a whole number of milliseconds expected, from 1/]),
      ...[-1, NaN, Infinity, "2", null].map((retries) => [{ retries }, /`retries`: a whole number from 0 expected/]),
    ];
    for (const [options, said] of wrong) assert.throws(() => client(options), said);
    for (const [options, said] of [...wrong, ...[-1, 31, NaN].map((wait) => [{ wait }, /`wait`: a whole number from 0 to 30/])]) {
      await assert.rejects(client().keys.disable("acme", "key_1", options), said);
      await assert.rejects(client().audit.export("acme", {}, options).next(), said);
      await assert.rejects(client().keys.list("acme", {}, options).page(), said);
    }
    assert.equal(seen.length, 0);
  });

  test("a signal ends a request, a pause, and nothing is sent after it", async () => {
    const reason = new Error("enough");
    answers = [hang];
    await assert.rejects(client().plans({ signal: endingAfter(50, reason) }), (error) => error === reason);
    answers = [problem(503, "DEPENDENCY_UNAVAILABLE", { "Retry-After": "30" })];
    await assert.rejects(client().plans({ signal: endingAfter(100, reason) }), (error) => error === reason);
    seen = [];
    await assert.rejects(client().plans({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    assert.equal(seen.length, 0);
  });
});

function endingAfter(ms, reason) {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), ms);
  return controller.signal;
}

describe("errors", () => {
  test("a problem has its code, status, request id, mistakes and further members", async () => {
    const errors = [{ field: "name", detail: "it is empty" }];
    answers = [problem(422, "INVALID_REQUEST", {}, { errors, limit: 7 })];
    const error = await failure(client().keys.create("acme", { name: "", scopes: [] }));
    assert.deepEqual([error.code, error.status, error.requestId], ["INVALID_REQUEST", 422, "req_1"]);
    assert.deepEqual(error.errors, errors);
    assert.equal(error.problem.limit, 7);
    assert.equal(error.message, "detail of INVALID_REQUEST");
  });

  test("an answer that isn't the API's keeps its text", async () => {
    answers = [(_, response) => response.writeHead(403, { "Content-Type": "text/html" }).end("<h1>Blocked by\n a proxy</h1>")];
    const error = await failure(client().plans());
    assert.deepEqual([error.code, error.status, error.problem], ["HTTP_403", 403, undefined]);
    assert.equal(error.text, "<h1>Blocked by\n a proxy</h1>");
    assert.match(error.message, /HTTP 403, and no answer of the management API: <h1>Blocked by a proxy/);
  });

  test("a redirect is an error, and the key goes nowhere else", async () => {
    answers = [(_, response) => response.writeHead(302, { Location: `${url}/elsewhere` }).end()];
    const error = await failure(client().plans());
    assert.match(error.message, /^Is the url right\? HTTP 302/);
    assert.deepEqual(seen.map((each) => each.url), ["/v1/plans"]);
  });

  test("a success that isn't JSON is UNREADABLE_ANSWER, without its text", async () => {
    answers = [(_, response) => response.writeHead(200).end(`{"key": "${CREATED.key}"`)];
    const error = await failure(client().plans());
    assert.deepEqual([error.code, error.text], ["UNREADABLE_ANSWER", undefined]);
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /S2Ig3CFT/);
  });

  test("so is one that lacks what the call needs, such as another server's", async () => {
    const items = async (list) => {
      for await (const each of list) assert.fail(`an item came: ${each}`);
    };
    const created = (k) => k.keys.create("acme", { name: "a", scopes: [] });
    const exported = (k) => items(k.audit.export("acme"));
    for (const [body, ...calls] of [
      ["null", (k) => k.plans(), created, (k) => items(k.keys.list("acme")), (k) => k.exposures.report([])],
      ['"ok"', (k) => k.plans(), created],
      ["{}", created, (k) => k.operators.create({}), (k) => k.keys.rotate("acme", "key_1"), (k) => items(k.keys.list("acme")), (k) => k.tenants.list().page()],
      ['{"keys": {}}', (k) => items(k.keys.list("acme"))],
      ["", created, (k) => k.plans()],
      ["{}\n", exported, (k) => items(k.audit.exportOperators())],
      ["null\n", exported],
      ["<html>\n", exported],
      ['{"page":{}}\n', (k) => items(k.backup.exportTenant("acme"))],
      ['{"end":null}\n', (k) => items(k.exportUsage({ from: "2027-01-31T12:00:00Z", to: "2027-01-31T18:00:00Z" }))],
    ]) {
      answers = [(_, response) => response.writeHead(200).end(body)];
      for (const call of calls) {
        seen = [];
        assert.equal((await failure(call(client()))).code, "UNREADABLE_ANSWER", `${body} ${call}`);
        assert.equal(seen.length, 1);
      }
    }
    answers = [(_, response) => response.writeHead(204).end()];
    assert.equal((await failure(created(client()))).code, "UNREADABLE_ANSWER");
    await client().session.end();
  });

  test("a list ends with the page that says so, and fails with one that doesn't say where it goes on", async () => {
    const listed = async (end) => {
      answers = [ok({ keys: [{ id: "key_1" }], next_cursor: "c" }), ok({ keys: [{ id: "key_2" }], ...end })];
      const ids = [];
      for await (const { id } of client().keys.list("acme")) ids.push(id);
      return ids;
    };
    assert.deepEqual(await listed({ next_cursor: null }), ["key_1", "key_2"]);
    for (const end of [{}, { next_cursor: 7 }]) {
      await assert.rejects(listed(end), (error) => error.code === "UNREADABLE_ANSWER", "half a list would pass for a whole one");
    }
  });

  test("no message, and nothing of client and error that a log may show, has the key", async () => {
    answers = [(request, response) => response.writeHead(500).end(`you sent ${request.headers.authorization}`)];
    const echoed = await failure(client({ retries: 0 }).plans());
    assert.match(echoed.text, /you sent Bearer \[the key\]/);
    answers = [hangUp];
    const lost = await failure(client({ retries: 0 }).plans());
    assert.match(lost.message, /^No answer came from http:\/\/127\.0\.0\.1:\d+ \(/);
    for (const each of [echoed, lost, client()]) {
      assert.doesNotMatch(inspect(each, { depth: 9, showHidden: true }), /sssss/);
      assert.doesNotMatch(JSON.stringify(each), /sssss/);
    }
  });

  test("a key or an address that can't be one is refused without being shown", async () => {
    for (const key of ["", "ks root_secret", "ksroot_secret\n", "ksroot_sécret"]) {
      assert.throws(() => client({ key }), (error) => error instanceof TypeError && !/secret/.test(error.message));
      await assert.rejects(client({ key: () => key }).plans(), (error) => error instanceof TypeError && !/secret/.test(error.message));
    }
    for (const url of ["keys.example.com", "ftp://keys.example.com", "https://me:secret@keys.example.com", "https://x.example/?key=secret"]) {
      assert.throws(() => new Keystile({ url }), (error) => error instanceof TypeError && !/secret/.test(error.message));
    }
    assert.equal(seen.length, 0);
  });

  test("keys go over https, over http to this machine alone, and as a `fetch` of the caller's own wants", () => {
    const elsewhere = ["http://keys.example.com", "http://127.evil.example", "http://127.0.0.1.nip.io", "http://localhost.evil.example", "http://10.0.0.1"];
    for (const url of elsewhere) {
      assert.throws(() => new Keystile({ url, key: KEY }), /`url`: write https\. Plain http is for this machine alone/);
      new Keystile({ url, key: KEY, fetch });
    }
    for (const url of ["https://keys.example.com", "http://localhost:8787", "http://manage.localhost", "http://127.0.0.2/", "http://[::1]:1", new URL("http://127.1")]) {
      new Keystile({ url, key: KEY });
    }
  });

  test("a part of a path can't change the path", async () => {
    for (const id of ["", ".", "..", undefined]) {
      await assert.rejects(async () => client().keys.revoke("acme", id), TypeError);
    }
    assert.equal(seen.length, 0);
    await client().keys.get("a/b?c", "../x");
    assert.equal(seen[0].url, "/v1/tenants/a%2Fb%3Fc/keys/..%2Fx");
  });
});

describe("an export", () => {
  const line = (n) => JSON.stringify({ id: `aud_${n}` });
  const lines = (...text) => (_, response) => response.writeHead(200, { "Content-Type": "application/x-ndjson" }).end(text.join(""));
  const all = async (stream) => {
    const ids = [];
    for await (const { id } of stream) ids.push(id);
    return ids;
  };

  test("goes on after an answer that is full, and after one that is cut within a line", async () => {
    answers = [
      lines(`${line(1)}\n${line(2)}\n`),
      (_, response) => {
        response.writeHead(200);
        response.write(`${line(3)}\n{"id": "au`, () => setTimeout(() => response.destroy(), 20));
      },
      lines(`${line(4)}\n{"id": "aud_5`), // Without an error, but within a line all the same.
      lines(`${line(5)}\n`),
      lines(""),
    ];
    assert.deepEqual(await all(client().audit.export("acme", { key_id: "key_1" })), [1, 2, 3, 4, 5].map((n) => `aud_${n}`));
    const queries = seen.map((each) => each.url.split("?")[1]);
    assert.deepEqual(queries, ["key_id=key_1", ...[2, 3, 4, 5].map((n) => `key_id=key_1&after=aud_${n}`)]);
  });

  test("that fails again and again without an entry is an error", async () => {
    answers = [hangUp];
    const error = await failure(all(client({ retries: 1 }).audit.exportOperators()));
    assert.deepEqual([error.code, seen.length], ["NETWORK", 2]);
  });

  test("is refused as any request", async () => {
    answers = [problem(422, "INVALID_REQUEST")];
    assert.equal((await failure(all(client().audit.export("acme", { after: "aud_1" })))).code, "INVALID_REQUEST");
    assert.equal(seen.length, 1);
  });

  test("that stands still is a TIMEOUT, but a slow reader has all the time", async () => {
    answers = [(_, response) => response.writeHead(200).write(`${line(1)}\n`), hang];
    const stream = client({ timeout: 150, retries: 0 }).audit.export("acme");
    assert.equal((await stream.next()).value.id, "aud_1");
    assert.equal((await failure(stream.next())).code, "TIMEOUT");
    answers = [lines(`${line(1)}\n${line(2)}\n`), lines("")];
    const slow = client({ timeout: 150, retries: 0 }).audit.export("acme");
    await slow.next();
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal((await slow.next()).value.id, "aud_2");
    assert.equal((await slow.next()).done, true);
  });

  test("ends with its signal, and with its reader", async () => {
    const reason = new Error("enough");
    const closed = Promise.withResolvers();
    answers = [
      (request, response) => {
        request.socket.on("close", closed.resolve);
        response.writeHead(200).write(`${line(1)}\n`);
      },
    ];
    await assert.rejects(all(client().audit.export("acme", {}, { signal: endingAfter(100, reason) })), (error) => error === reason);
    for await (const { id } of client().audit.export("acme")) {
      assert.equal(id, "aud_1");
      break;
    }
    await closed.promise;
  });
});

describe("an export of uses for billing", () => {
  const HOURS = { from: "2027-01-31T12:00:00Z", to: "2027-01-31T18:00:00Z" };
  const use = (n) => `${JSON.stringify({ id: `acme/1/key_${n}/VALID`, uses: 1 })}\n`;
  const end = (lines, next = null, { after = null, tenant = null } = {}) => `${JSON.stringify({ end: { tenant, after, lines, next }, signature: "s" })}\n`;
  const text = (...lines) => (_, response) => response.writeHead(200, { "Content-Type": "application/x-ndjson" }).end(lines.join(""));
  /** What came, and the failure after that. */
  const taken = async (stream) => {
    const ids = [];
    try {
      for await (const entry of stream) ids.push(entry.end ? `next ${entry.end.next}` : entry.id.split("/")[2]);
    } catch (error) {
      return { ids, code: error.code };
    }
    return { ids };
  };

  test("goes on after each signed part, with the same hours", async () => {
    answers = [text(use(1), end(1, "acme")), text(end(0, "beta", { after: "acme" })), text(use(2), end(1, null, { after: "beta" }))];
    assert.deepEqual(await taken(client().exportUsage(HOURS)), { ids: ["key_1", "next acme", "next beta", "key_2", "next null"] });
    const asked = seen.map(({ url }) => Object.fromEntries(new URL(url, "http://x").searchParams));
    assert.deepEqual(asked, [HOURS, { ...HOURS, after: "acme" }, { ...HOURS, after: "beta" }]);
  });

  test("that is cut is never taken for a whole one, and no line comes twice", async () => {
    const destroyed = (lines) => (_, response) => response.writeHead(200).write(lines, () => setTimeout(() => response.destroy(), 20));
    for (const second of [text(), text(use(2)), text(use(2), use(3).slice(0, -1)), destroyed(use(2)), hangUp]) {
      answers = [text(use(1), end(1, "acme")), second, () => assert.fail("it asked again")];
      const { ids, code } = await taken(client().exportUsage(HOURS));
      assert.deepEqual([ids.slice(0, 2), code], [["key_1", "next acme"], "NETWORK"]);
      assert.ok(new Set(ids).size === ids.length);
    }
  });

  test("with a line less than its end counts, or the end of another answer, fails", async () => {
    for (const wrong of [end(2), end(0), end(1, null, { after: "acme" }), end(1, null, { tenant: "acme" })]) {
      answers = [text(use(1), wrong)];
      assert.deepEqual(await taken(client().exportUsage(HOURS)), { ids: ["key_1"], code: "UNREADABLE_ANSWER" });
    }
    answers = [text(use(1), end(1))];
    assert.deepEqual(await taken(client().tenants.exportUsage("acme", HOURS)), { ids: ["key_1"], code: "UNREADABLE_ANSWER" });
    answers = [text(use(1), end(1, null, { tenant: "acme" }))];
    assert.deepEqual(await taken(client().tenants.exportUsage("acme", HOURS)), { ids: ["key_1", "next null"] });
  });
});
