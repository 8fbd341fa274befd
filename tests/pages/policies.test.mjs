// The headers and the policies of everything that is served beside the API, over the real workers.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";

import { inRoot } from "../../scripts/tools.mjs";
import { Site } from "./browser.mjs";

const WWW = inRoot("build", "www");
const HASHED = /-[0-9A-Za-z]{8,}\.\w+(\.map)?$/;
const STRICT = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self'",
  "connect-src": "'self'",
  "font-src": "'self'",
  "form-action": "'self'",
  "base-uri": "'none'",
  "frame-ancestors": "'none'",
  "require-trusted-types-for": "'script'",
  "trusted-types": "'none'",
};
/** The debugger: its engine is WebAssembly in a worker, which the page makes by a policy of this name. */
const WITH_WASM = {
  ...STRICT,
  "script-src": "'self' 'wasm-unsafe-eval'",
  "worker-src": "'self'",
  "trusted-types": "keystile-debugger",
};
const PAGES = { "/": STRICT, "/portal": STRICT, "/debugger": WITH_WASM };

const parsed = (policy) =>
  Object.fromEntries(policy.split(";").map((directive) => directive.trim().split(/ (.*)/s).slice(0, 2)));
/** Several policies hold at once; here no two have a directive in common. */
const policyOf = ({ headers }) => Object.assign({}, ...headers.get("content-security-policy").split(", ").map(parsed));

describe("the pages' headers", () => {
  const site = new Site("policies");
  const get = (target, init) => fetch(new URL(target, site.origin), { redirect: "manual", ...init });

  for (const [target, policy] of Object.entries(PAGES)) {
    test(`${target} has its policy, and is checked for changes at every visit`, async () => {
      const answer = await get(target);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get("content-type"), "text/html; charset=utf-8");
      assert.deepEqual(policyOf(answer), policy);
      assert.match(answer.headers.get("cache-control"), /\bmax-age=0\b.*must-revalidate|no-store/);
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
      assert.equal(answer.headers.get("cross-origin-opener-policy"), "same-origin");
      assert.equal(answer.headers.get("cross-origin-resource-policy"), "same-origin");
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
      const etag = answer.headers.get("etag");
      if (etag) assert.equal((await get(target, { headers: { "If-None-Match": etag } })).status, 304);
      const head = await get(target, { method: "HEAD" });
      assert.deepEqual([head.status, policyOf(head)], [200, policy]);
      assert.ok(!(await answer.text()).match(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/), "something inline");
    });
  }

  test("a file with a hash in its name is kept for good, and each of them has one", async () => {
    const files = readdirSync(path.join(WWW, "assets")).filter((file) => !file.endsWith(".map"));
    assert.ok(files.length >= 3);
    for (const file of files) {
      assert.match(file, HASHED);
      const answer = await get(`/assets/${file}`);
      assert.equal(answer.status, 200, file);
      assert.equal(answer.headers.get("cache-control"), "public, max-age=31536000, immutable");
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      assert.equal(answer.headers.get("cross-origin-resource-policy"), "same-origin");
      // A worker has the policy of its own file, so the debugger's file has WebAssembly in it.
      assert.equal(policyOf(answer)["script-src"], file.startsWith("debugger") ? "'self' 'wasm-unsafe-eval'" : "'self'", file);
      const type = file.endsWith(".wasm") ? "application/wasm" : "text/javascript; charset=utf-8";
      assert.equal(answer.headers.get("content-type"), type, file);
    }
  });

  test("the custom element can be loaded by any site, and is checked for changes", async () => {
    const answer = await get("/portal/keystile-keys.js");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*");
    assert.equal(answer.headers.get("cross-origin-resource-policy"), "cross-origin");
    assert.match(answer.headers.get("cache-control"), /max-age=0, must-revalidate/);
  });

  test("a page has one address", async () => {
    for (const [from, to] of [["/index.html", "/"], ["/index", "/"], ["/debugger.html", "/debugger"], ["/debugger/", "/debugger"]]) {
      const answer = await get(from);
      assert.deepEqual([answer.status, answer.headers.get("location")], [307, to], from);
      assert.ok(answer.headers.get("content-security-policy"), from);
    }
  });

  test("every other path is the API's, for every method, also when a browser navigates there", async () => {
    assert.ok(existsSync(path.join(WWW, "_headers")));
    for (const target of ["/nope", "/assets/nope.js", "/assets/", "/portal/nope", "/_headers", "/v1/nope", "/Debugger"]) {
      for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
        const answer = await get(target, { method, headers: { "Sec-Fetch-Mode": "navigate", Accept: "text/html" } });
        assert.equal(answer.status, 404, `${method} ${target}`);
        assert.equal(answer.headers.get("content-type"), "application/problem+json");
        assert.ok(answer.headers.get("keystile-request-id"));
      }
    }
    const health = await get("/healthz");
    assert.deepEqual([health.status, health.headers.get("content-type")], [200, "application/json"]);
    assert.equal((await get("/openapi.json")).status, 200);
    assert.equal((await get("/v1/scopes")).status, 401);
    assert.equal((await get("/v1/tenants/acme/keys", { method: "POST" })).status, 401);
  });

  test("a page can't be posted to", async () => {
    for (const target of ["/", "/debugger"]) assert.equal((await get(target, { method: "POST" })).status, 405, target);
  });

  for (const target of Object.keys(PAGES)) {
    site.test(`${target} loads, within its policy and from its origin alone`, {}, async ({ page }) => {
      await page.goto(target);
      await page.locator("#app > *").first().waitFor({ state: "attached" });
      assert.notEqual(await page.title(), "");
    });
  }

  site.test("the policy is in force: no inline script, no attribute, no HTML from text", { allowed: [/./] }, async ({ page }) => {
    await page.goto("/");
    const tried = await page.evaluate(async () => {
      const script = document.createElement("script");
      let trusted = "allowed";
      try {
        script.text = "globalThis.ran = true";
      } catch {
        trusted = "refused";
      }
      document.head.append(script);
      let html = "allowed";
      try {
        document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='globalThis.ran = true'>");
      } catch {
        html = "refused";
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      const elsewhere = await fetch("http://127.0.0.1:1/").then(
        () => "allowed",
        () => "refused",
      );
      return { trusted, html, elsewhere, ran: globalThis.ran ?? false };
    });
    assert.deepEqual(tried, { trusted: "refused", html: "refused", elsewhere: "refused", ran: false });
  });
});
