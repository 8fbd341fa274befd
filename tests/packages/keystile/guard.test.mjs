// Mistakes in the use of `keystile/guard` and its middleware: each is said where it was made, and lets nobody in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { dist } from "./guarded.mjs";

const built = (name) => import(pathToFileURL(dist(name, `${name}.js`)));
const { Guard } = await built("guard");
const forHono = (await built("hono")).keystile;
const { keystile: forExpress, verdictOf } = await built("express");

const URL_OF_EDGE = "https://api.example.com/keystile";
const guardOf = (options) => new Guard({ url: URL_OF_EDGE, operator_key: "k", ...options });

describe("the address of the edge", () => {
  test("has https, or http to this machine alone", () => {
    for (const host of ["edge.example.com", "127.evil.example", "127.0.0.1.nip.io", "localhost.evil.example", "10.0.0.1"]) {
      assert.throws(() => guardOf({ url: `http://${host}/keystile` }), /`url`: write https\. Plain http is for this machine alone/);
      guardOf({ url: `https://${host}/keystile` });
    }
    for (const host of ["localhost", "edge.localhost:8787", "127.0.0.1", "127.1.2.3", "[::1]"]) guardOf({ url: `http://${host}/keystile` });
  });

  test("has nothing that a question could not be sent to, and is not shown", () => {
    const wrong = ["?x=secret", "#secret"].map((end) => URL_OF_EDGE + end);
    for (const url of [...wrong, "https://me:secret@api.example.com/keystile", "ftp://secret.example", "secret", "", undefined]) {
      assert.throws(() => guardOf({ url }), (error) => /`url`: the address of/.test(error.message) && !/secret/.test(error.message));
    }
  });

  test("may end with a slash", async () => {
    const asked = [];
    const fetch = async (url) => asked.push(url) && new Response("{}");
    await guardOf({ url: `${URL_OF_EDGE}/`, fetch, onUnavailable() {} }).verify({ key: "a" });
    assert.deepEqual(asked, [`${URL_OF_EDGE}/v1/verify`]);
  });
});

describe("a demand that demands nothing", () => {
  class Configured {
    get scopes() {
      return ["admin"];
    }
  }
  const WRONG = [
    ...["scopes", "any_of", "environment", "strict", "cost"].flatMap((name) => [
      [{ [name]: undefined }, new RegExp(`\`${name}\` is undefined, which demands nothing`)],
      [{ [name]: null }, new RegExp(`\`${name}\` is null, which demands nothing`)],
    ]),
    [{ scopes: [] }, /`scopes` is empty, which demands nothing\. Give it a value, or leave it out/],
    [{ environment: "" }, /`environment` is empty/],
    [{ any_of: true }, /`any_of` is about `scopes`, which are missing/],
    ...["admin", [undefined], [""], [["admin"]], new Set(["admin"])].map((scopes) => [{ scopes }, /`scopes`: a list of scopes' names expected/]),
    ...[NaN, Infinity, -1, 0.5, 1001, "1"].map((cost) => [{ cost }, /`cost`: a whole number from 0 to 1000 expected/]),
    [{ environment: "prod" }, /`environment`: "live" or "test" expected/],
    [{ strict: "yes" }, /`strict`: true or false expected/],
  ];
  const MISSPELT = [{ scope: ["admin"] }, /There is no (demand|option) `scope`\. There are: scopes, any_of/];

  for (const [way, made] of Object.entries({ HTTP: () => guardOf({ fetch: asking }), "the binding": () => new Guard({ binding: { verify: asking } }) })) {
    test(`is never asked by ${way}`, async () => {
      const noObjects = [null, "admin", [], ["admin"]].map((demand) => [demand, /A demand is an object/]);
      for (const [demand, said] of [...WRONG, MISSPELT, [{ ip: null }, /`ip`/], ...noObjects]) {
        await assert.rejects(made().verify({ headers: {} }, demand), (error) => error instanceof TypeError && said.test(error.message), String(said));
      }
      assert.deepEqual(asked, []);
    });

    test(`and one that demands something is asked whole by ${way}, an inherited one too`, async () => {
      const demand = { scopes: ["a", "b"], any_of: true, environment: "live", strict: true, cost: 0 };
      for (const [given, expected] of [[demand, demand], [new Configured(), { scopes: ["admin"] }], [{ ip: undefined }, {}], [{}, {}]]) {
        await made().verify({ key: "k" }, given);
        assert.deepEqual(asked.splice(0), [{ ...expected, key: "k" }]);
      }
    });
  }

  test("is refused by the middleware when that is made", () => {
    for (const [demand, said] of [...WRONG, MISSPELT]) {
      assert.throws(() => forHono(demand), said);
      assert.throws(() => forExpress({ guard: guardOf(), ...demand }), said);
    }
  });

  let asked = [];
  /** An edge that only hears. */
  async function asking(first, second) {
    asked.push(typeof first === "string" ? JSON.parse(second.body) : JSON.parse(JSON.stringify(second)));
    return Response.json({ valid: false, code: "NOT_FOUND", detail: "", status: 200, ratelimit: [], retry_after_seconds: null });
  }
});

test("a time limit is a whole number of milliseconds, of which a timer can be made", () => {
  for (const timeout_ms of [0, -1, 0.5, NaN, Infinity, 2 ** 31, "100", null]) {
    if (timeout_ms !== null) assert.throws(() => guardOf({ timeout_ms }), /`timeout_ms`: a whole number of milliseconds expected/);
    assert.throws(() => forHono({ timeout_ms }), /`timeout_ms`: a whole number of milliseconds expected/);
  }
  guardOf({ timeout_ms: 1 });
});

test("a handler of Express behind no middleware gets no verdict, but an error", () => {
  const verdict = { tenant: "acme" };
  assert.equal(verdictOf({ keystile: verdict }), verdict);
  assert.throws(() => verdictOf({}), /no verdict on this request: put `keystile\(\{ guard \}\)` of keystile\/express before/);
});

test("an option that would be ignored is refused", () => {
  const binding = { verify() {} };
  for (const option of [{ onUnavailable() {} }, { timeout_ms: 100 }, { binding: "EDGE" }]) {
    for (const guard of [guardOf(), () => guardOf()]) assert.throws(() => forHono({ guard, ...option }), /is for the binding's guard, and you have/);
  }
  assert.throws(() => forHono({ guard: {} }), /`guard` is a Guard/);
  for (const option of [{ onUnavailable() {} }, { timeout_ms: 100 }]) assert.throws(() => forExpress({ guard: guardOf(), ...option }), /no option/);
  for (const option of [{ url: URL_OF_EDGE }, { operator_key: "k" }, { realm: "a" }, { timeoutMs: 100 }]) {
    assert.throws(() => new Guard({ binding, ...option }), /There is no option `\w+` beside `binding`\. There are: binding, /);
  }
  assert.throws(() => guardOf({ timeoutMs: 100 }), /There is no option `timeoutMs`\. There are: url, /);
});
