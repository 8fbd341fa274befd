// `keystile/webhooks` in Node and in Cloudflare's runtime.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import { createTestHarness } from "wrangler";

import { inRoot } from "../../../scripts/tools.mjs";
import { checks } from "./webhooks_checks.mjs";

const built = (...parts) => inRoot("packages", "keystile", "dist", "webhooks", ...parts);

describe("in Node", async () => {
  const keystile = await import(pathToFileURL(built("node.js")));
  for (const [name, check] of Object.entries(checks)) test(name, () => check(keystile));
});

describe("in Workers", () => {
  let server;
  let results;
  before(async () => {
    const config = {
      name: "package",
      main: inRoot("tests", "packages", "keystile", "webhooks_worker.mjs"),
      compatibility_date: "2026-11-01",
      alias: { "keystile/webhooks": built("workers.js") },
    };
    server = createTestHarness({ root: inRoot("tests", "packages", "keystile"), workers: [{ config }] });
    const { url } = await server.listen();
    results = await (await fetch(url)).json();
  });
  after(() => server?.close());
  for (const name of Object.keys(checks)) test(name, () => assert.equal(results[name], "ok"));
});
