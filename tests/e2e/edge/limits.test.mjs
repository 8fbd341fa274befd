// Rate limits and quotas at the edges: four of them, one limiter, and a shim before it that fails on command.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ROOT_KEY, effective, eventually, sleep, startRig } from "../../support/rig.mjs";

const PLANS = `
[[rate_limits]]
name = "small"
limit = 5
window_seconds = 2

[[rate_limits]]
name = "large"
limit = 200
window_seconds = 2

[[rate_limits]]
name = "lenient"
limit = 10
window_seconds = 3
when_unreachable = "allow_locally"

[[rate_limits]]
name = "together"
limit = 6
window_seconds = 60
per = "tenant"

[[quotas]]
name = "daily"
limit = 7
period = "day"

[[quotas]]
name = "monthly"
limit = 10
period = "month"
per = "tenant"

[[plans]]
name = "small"
rate_limits = ["small"]
[[plans]]
name = "large"
rate_limits = ["large"]
[[plans]]
name = "lenient"
rate_limits = ["lenient"]
[[plans]]
name = "together"
rate_limits = ["together", { name = "small", limit = 50 }]
[[plans]]
name = "daily"
quotas = ["daily"]
[[plans]]
name = "monthly"
quotas = ["monthly"]
rate_limits = [{ name = "small", limit = 8 }]

[[plans]]
name = "free"`;

const EDGES = ["edge1", "edge2", "edge3", "edge4"];

describe("limits at the edges", () => {
  let rig;
  let tenants = 0;

  before(async () => {
    const analytics = 'path = "/api/analytics/*"\nupstream = "api"\nread = ["read:analytics"]';
    rig = await startRig({
      name: "edge-limits",
      settings: {
        '[[plans]]\nname = "free"': PLANS,
        [analytics]: `${analytics}\ncost = 3`,
        'path = "/api/sandbox/*"': 'path = "/api/sandbox/*"\ncost = 0',
      },
      edges: Object.fromEntries(EDGES.map((name) => [name, {}])),
    });
  });
  after(() => rig.close());

  /** A key of a new tenant on a plan. */
  async function keyOn(plan, fields = {}) {
    const tenant = `tenant-${(tenants += 1)}`;
    const patched = await rig.manage("PATCH", `/v1/tenants/${tenant}`, { plan });
    assert.equal(patched.status, 200, patched.text);
    const key = await rig.create(tenant, { scopes: ["read:leads", "read:analytics"], ...fields });
    return { ...key, tenant };
  }

  const use = (key, edge = "edge1", path = "/api/leads", options = {}) => rig.edge(edge, path, { key: key.key, ...options });
  const allowed = (answer) => assert.equal(answer.status, 200, answer.text);
  const refused = (answer, code) => assert.deepEqual([answer.status, answer.code], [429, code], answer.text);

  test("a small limit is admitted whole, over all edges, and a client that waits as told is admitted", async () => {
    const key = await keyOn("small");
    for (let number = 0; number < 5; number += 1) allowed(await use(key, EDGES[number % 4]));
    const over = await use(key, "edge3");
    refused(over, "RATE_LIMITED");
    const seconds = Number(over.headers.get("retry-after"));
    assert.ok(seconds === 1 || seconds === 2, `${seconds}`);
    await sleep(seconds * 1_000);
    allowed(await use(key, "edge4"));
  });

  test("200 at once over four edges: no more than the limit is admitted", async () => {
    const key = await keyOn("small");
    const answers = await Promise.all(Array.from({ length: 200 }, (_, number) => use(key, EDGES[number % 4])));
    assert.equal(answers.filter(({ status }) => status === 200).length, 5);
    for (const answer of answers.filter(({ status }) => status !== 200)) refused(answer, "RATE_LIMITED");
  });

  test("a burst at an isolate that knows nothing of the key is admitted up to the limit", async () => {
    for (let round = 0; round < 3; round += 1) {
      const key = await keyOn("large");
      const answers = await Promise.all(Array.from({ length: 260 }, () => use(key)));
      const admitted = answers.filter(({ status }) => status === 200).length;
      assert.ok(admitted >= 190 && admitted <= 200, `${admitted}`);
    }
  });

  test("four edges hammer one key: no interval of a window's length holds more than the limit, and most of it is admitted", async () => {
    const [key, limit, window, runs] = [await keyOn("large"), 200, 2_000, 10_000];
    const admitted = [];
    const begin = Date.now();
    const hammer = async (edge) => {
      while (Date.now() - begin < runs) {
        const sent = Date.now();
        const answer = await use(key, edge);
        if (answer.status === 200) admitted.push({ sent, received: Date.now() });
        else refused(answer, "RATE_LIMITED");
      }
    };
    await Promise.all(EDGES.flatMap((edge) => Array.from({ length: 4 }, () => hammer(edge))));
    // A request was admitted between sending and answer. So those that lie in an interval as a whole were admitted in it.
    for (const { sent: from } of admitted) {
      const within = admitted.filter(({ sent, received }) => sent >= from && received < from + window).length;
      assert.ok(within <= limit, `${within} in the 2 s from ${from - begin} ms on`);
    }
    const share = admitted.length / ((limit * runs) / window);
    assert.ok(share >= 0.79, `only ${(share * 100).toFixed(1)} % of the limit was admitted`);
  });

  test("a request in a grant waits for nothing, and the headers tell what is left", async () => {
    const key = await keyOn("large");
    const first = await use(key);
    assert.deepEqual([first.limit, first.headers.get("ratelimit-policy")], [1, '"large";q=200;w=2']);
    await eventually(async () => {
      for (let number = 0; number < 5; number += 1) await use(key);
      const answer = await use(key);
      assert.deepEqual([answer.limit, answer.storage], [0, { kv: 0, feed: 0, cache: "hit" }]);
      const [, left, seconds] = /^"large";r=(\d+);t=(\d+)$/.exec(answer.headers.get("ratelimit"));
      assert.ok(Number(left) < 200 && Number(seconds) <= 2, answer.headers.get("ratelimit"));
    });
  });

  test("what is left never rises within a burst and is never negative", async () => {
    const key = await keyOn("together");
    let before = 6;
    for (let number = 0; number < 8; number += 1) {
      const answer = await use(key, EDGES[number % 4]);
      assert.equal(answer.status, number < 6 ? 200 : 429);
      const left = Number(/"together";r=(\d+)/.exec(answer.headers.get("ratelimit"))[1]);
      assert.ok(left <= before && left >= 0, `${left} after ${before}`);
      before = left;
    }
  });

  test("a limit per tenant is shared by its keys, and what one limit refuses is charged to none", async () => {
    const key = await keyOn("together");
    const other = await rig.create(key.tenant, { scopes: ["read:leads", "read:analytics"] });
    for (let number = 0; number < 2; number += 1) allowed(await use(key));
    allowed(await use(other, "edge2", "/api/analytics"));
    // 5 of 6 are used: a request that costs 3 is refused, one that costs 1 is admitted.
    refused(await use(key, "edge3", "/api/analytics"), "RATE_LIMITED");
    const last = await use(other, "edge4");
    allowed(last);
    assert.match(last.headers.get("ratelimit"), /^"small";r=4[0-9];t=\d, "together";r=0;t=\d+$/);
    refused(await use(key), "RATE_LIMITED");
  });

  test("refused requests are never charged: hammered for three windows, each window is admitted whole", async () => {
    const key = await keyOn("small");
    const begin = Date.now();
    let admitted = 0;
    while (Date.now() - begin < 6_000) {
      const answer = await use(key, EDGES[admitted % 4]);
      admitted += answer.status === 200 ? 1 : 0;
      await sleep(20);
    }
    assert.ok(admitted >= 14 && admitted <= 20, `${admitted}`);
  });

  test("a cost over the limit is never admitted, and nobody is told to wait for it", async () => {
    const key = await keyOn("small", { rate_limits: { small: { limit: 2 } } });
    const never = await use(key, "edge1", "/api/analytics");
    refused(never, "RATE_LIMITED");
    assert.equal(never.headers.get("retry-after"), null);
    for (let number = 0; number < 2; number += 1) allowed(await use(key));
    const again = await use(key, "edge1", "/api/analytics");
    assert.deepEqual([again.status, again.headers.get("retry-after"), again.limit], [429, null, 0]);
  });

  test("a route that costs nothing is neither charged nor refused", async () => {
    const key = await keyOn("small", { environment: "test" });
    for (let number = 0; number < 8; number += 1) {
      const answer = await use(key, "edge1", "/api/sandbox");
      allowed(answer);
      assert.equal(answer.headers.get("ratelimit"), null);
    }
  });

  test("a quota is admitted whole over all edges, and then refused until its period ends", async () => {
    const key = await keyOn("daily");
    for (let number = 0; number < 7; number += 1) allowed(await use(key, EDGES[number % 4]));
    for (const edge of EDGES) {
      const over = await use(key, edge);
      refused(over, "QUOTA_EXCEEDED");
      assert.equal(over.headers.get("ratelimit-policy"), '"daily";q=7');
      const midnight = new Date().setUTCHours(24, 0, 0, 0);
      const seconds = Number(over.headers.get("retry-after"));
      assert.ok(Math.abs(Date.now() + seconds * 1_000 - midnight) < 3_000, `${seconds}`);
    }
  });

  test("where a rate limit and a quota refuse, the rate limit is named first", async () => {
    const key = await keyOn("monthly");
    for (let number = 0; number < 8; number += 1) allowed(await use(key));
    await sleep(2_100);
    for (let number = 0; number < 2; number += 1) allowed(await use(key));
    const quota = await use(key);
    refused(quota, "QUOTA_EXCEEDED");
    assert.deepEqual(quota.body["violated-policies"], ["monthly"]);
    const other = await keyOn("monthly");
    for (let number = 0; number < 2; number += 1) allowed(await use(other, "edge1", "/api/analytics"));
    // 2 of 8 in the window and 4 of the quota are left.
    const rate = await use(other, "edge2", "/api/analytics");
    refused(rate, "RATE_LIMITED");
    assert.deepEqual(rate.body["violated-policies"], ["small"]);
  });

  test("verify charges its cost, looks without charging, and tells what is left", async () => {
    const key = await keyOn("together");
    const verify = async (body, edge = "edge1") => {
      const answer = await rig.edge(edge, "/keystile/v1/verify", {
        key: ROOT_KEY,
        method: "POST",
        body: JSON.stringify({ key: key.key, ...body }),
      });
      assert.equal(answer.status, 200, answer.text);
      return answer.body;
    };
    const left = ({ ratelimit }) => ratelimit.map(({ name, kind, limit, remaining }) => [name, kind, limit, remaining]);
    const first = await verify({ cost: 4 });
    assert.deepEqual([first.valid, left(first)[1]], [true, ["together", "rate", 6, 2]]);
    assert.ok(Date.parse(first.ratelimit[1].resets_at) > Date.now());
    const looked = await verify({ cost: 0 }, "edge2");
    assert.deepEqual([looked.valid, left(looked)[1]], [true, ["together", "rate", 6, 2]]);
    const over = await verify({ cost: 3 }, "edge3");
    assert.deepEqual([over.valid, over.code, left(over)[1][3]], [false, "RATE_LIMITED", 2]);
    assert.ok(over.retry_after_seconds > 50, `${over.retry_after_seconds}`);
    assert.equal((await verify({}, "edge4")).valid, true, "the default is 1");
    // A look is remembered for a second.
    await sleep(1_000);
    const me = await rig.edge("edge2", "/keystile/v1/me", { key: key.key });
    assert.deepEqual([me.status, left(me.body)[1]], [200, ["together", "rate", 6, 1]]);
    for (const cost of [-1, 1.5, 1001, "1"]) {
      const wrong = await rig.edge("edge1", "/keystile/v1/verify", {
        key: ROOT_KEY,
        method: "POST",
        body: JSON.stringify({ key: key.key, cost }),
      });
      assert.deepEqual([wrong.status, wrong.body.errors[0].field], [422, "cost"], wrong.text);
    }
    const free = await rig.create("without-limits");
    const { body } = await rig.edge("edge1", "/keystile/v1/me", { key: free.key });
    assert.deepEqual(body.ratelimit, []);
  });

  test("what limits refuse is counted by code where usage is shown", async () => {
    const key = await keyOn("small");
    for (let number = 0; number < 8; number += 1) await use(key);
    await eventually(async () => {
      const { body } = await rig.manage("GET", `/v1/tenants/${key.tenant}/keys/${key.id}/usage`);
      assert.deepEqual(body["24h"].codes, { RATE_LIMITED: 3, VALID: 5 });
    });
  });

  test("a page may read the headers of a refusal, and its preflights cost nothing", async () => {
    const key = await keyOn("small");
    const headers = { Origin: "https://app.example.com" };
    for (let number = 0; number < 10; number += 1) {
      const preflight = await rig.edge("edge1", "/api/leads", {
        method: "OPTIONS",
        headers: { ...headers, "Access-Control-Request-Method": "GET" },
      });
      assert.equal(preflight.status, 204);
    }
    for (let number = 0; number < 5; number += 1) allowed(await use(key, "edge1", "/api/leads", { headers }));
    const over = await use(key, "edge1", "/api/leads", { headers });
    refused(over, "RATE_LIMITED");
    assert.equal(over.headers.get("access-control-allow-origin"), "https://app.example.com");
    for (const name of ["RateLimit", "RateLimit-Policy", "Retry-After"]) {
      assert.ok(over.headers.get("access-control-expose-headers").includes(name), name);
    }
    assert.match(over.headers.get("cache-control"), /no-store/);
  });

  test("HEAD costs what GET does, and an upgrade over the limit gets a whole answer", async () => {
    const key = await keyOn("small");
    for (let number = 0; number < 3; number += 1) allowed(await use(key, EDGES[number], "/api/leads", { method: "HEAD" }));
    for (let number = 0; number < 2; number += 1) allowed(await use(key));
    const head = await use(key, "edge1", "/api/leads", { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [429, ""]);
    const upgrade = await use(key, "edge2", "/api/leads", { headers: { Upgrade: "websocket", Connection: "Upgrade" } });
    refused(upgrade, "RATE_LIMITED");
    assert.ok(Number(upgrade.headers.get("retry-after")) >= 1);
  });

  test("a changed limit is in effect by its effective_by, and what was used goes on counting", async () => {
    const key = await keyOn("together");
    for (let number = 0; number < 4; number += 1) allowed(await use(key));
    const path = `/v1/tenants/${key.tenant}`;
    const lowered = await rig.manage("PATCH", path, { rate_limits: { together: { limit: 5 } } });
    await effective(lowered);
    allowed(await use(key, "edge2"));
    refused(await use(key, "edge3"), "RATE_LIMITED");
    await effective(await rig.manage("PATCH", path, { rate_limits: { together: { limit: 7 } } }));
    for (let number = 0; number < 2; number += 1) allowed(await use(key, EDGES[number]));
    refused(await use(key, "edge4"), "RATE_LIMITED");
    await effective(await rig.manage("PATCH", path, { rate_limits: { together: { limit: null } } }));
    for (let number = 0; number < 9; number += 1) allowed(await use(key, EDGES[number % 4]));
  });

  test("without the limiter a request is answered 503, or counted by its isolate alone as configured", async () => {
    const [strict, lenient, quota] = [await keyOn("small"), await keyOn("lenient"), await keyOn("daily")];
    for (const key of [strict, lenient, quota]) allowed(await use(key));
    await rig.limiter("down");
    try {
      for (const key of [strict, quota]) {
        const answer = await use(key);
        assert.deepEqual([answer.status, answer.code], [503, "DEPENDENCY_UNAVAILABLE"], answer.text);
      }
      // This isolate was granted one before.
      for (let number = 0; number < 9; number += 1) {
        const answer = await use(lenient);
        allowed(answer);
        assert.equal(answer.headers.get("keystile-degraded"), "limiter-unreachable");
      }
      refused(await use(lenient), "RATE_LIMITED");
    } finally {
      await rig.limiter("ok");
    }
    await eventually(async () => allowed(await use(strict)));
  });
});
