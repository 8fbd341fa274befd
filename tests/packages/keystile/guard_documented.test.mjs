// The programs of the guide to guarding from JavaScript, as they stand there, over the real workers.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { inRoot } from "../../../scripts/tools.mjs";
import { startRig } from "../../support/rig.mjs";
import { blocksOf } from "../../documents/pages.mjs";
import { ALIASES, dist } from "./guarded.mjs";

const PAGE = "docs/guide/guard-from-javascript.md";
const built = (...parts) => inRoot("build", "test", "package_documented", ...parts);

let rig, key;
before(async () => {
  mkdirSync(built(), { recursive: true });
  const [hono, express, alone] = blocksOf(PAGE).filter(({ lang, reason }) => lang === "js" && !reason);
  const address = (name) => pathToFileURL(dist(name, `${name}.js`));
  const ofThePackage = (text) => text.replaceAll(/"keystile\/(\w+)"/g, (_, name) => `"${address(name)}"`);
  writeFileSync(built("express.mjs"), ofThePackage(express.text));
  for (const [name, { text }] of Object.entries({ hono, alone })) writeFileSync(built(`${name}.mjs`), text);
  const services = ["hono", "alone"].map((name) => ({
    name,
    main: built(`${name}.mjs`),
    alias: ALIASES,
    services: [{ binding: "KEYSTILE", service: "edge1", entrypoint: "Guard" }],
  }));
  rig = await startRig({ name: "package_documented", edges: { edge1: {} }, services });
  ({ key } = await rig.create("acme", { metadata: { plan: "pro" } }));
});
after(() => rig?.close());

for (const [name, told] of Object.entries({ hono: { tenant: "acme", plan: "pro" }, alone: { tenant: "acme" } })) {
  test(`the Worker ${name}`, async () => {
    const ask = (headers) => rig.server.getWorker(name).fetch("http://service.example/leads", { headers });
    assert.deepEqual(await (await ask({ Authorization: `Bearer ${key}` })).json(), told);
    assert.equal((await ask({})).status, 401);
  });
}

test("the program for Express", async () => {
  process.env.KEYSTILE_EDGE_URL = new URL("/keystile", rig.url).href;
  process.env.KEYSTILE_OPERATOR_KEY = (await rig.operator("*", ["verify"])).key;
  const { app } = await import(pathToFileURL(built("express.mjs")));
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  try {
    const ask = (headers) => fetch(`http://127.0.0.1:${server.address().port}/leads`, { headers });
    assert.deepEqual(await (await ask({ Authorization: `Bearer ${key}` })).json(), { tenant: "acme" });
    assert.equal((await ask({})).status, 401);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
