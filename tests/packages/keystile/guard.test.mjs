// Mistakes in the use of `keystile/guard` and its middleware: each is said where it was made, and lets nobody in.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { dist } from "./guarded.mjs";

const built = (name) => import(pathToFileURL(dist(name, `${name}.js`)));
const { Guard } = await built("guard");

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
