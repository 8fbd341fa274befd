// The route handlers of examples/next-handler, called as Next calls them: with a Request of Fetch.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { startRig } from "../../support/rig.mjs";
import { install } from "./example.mjs";

const SECRET = "a secret of the test";

let example, rig, POST, GET;
before(async () => {
  example = install("next-handler");
  const route = (...place) => import(pathToFileURL(example.file("app", "api", ...place, "route.ts")));
  // Without the secrets, as the build of Next loads them.
  ({ POST } = await route("webhooks", "github"));
  ({ GET } = await route("leads"));
  rig = await startRig({ name: "example_next_handler", toml: example.file("keystile.toml"), edges: { edge1: {} } });
  process.env.GITHUB_WEBHOOK_SECRET = SECRET;
  process.env.KEYSTILE_EDGE_URL = new URL("/keystile", rig.url).href;
  process.env.KEYSTILE_OPERATOR_KEY = (await rig.operator("*", ["verify"])).key;
});
after(async () => {
  await rig?.close();
  example?.remove();
});

const delivery = (body, signed = body) => {
  const signature = createHmac("sha256", SECRET).update(signed).digest("hex");
  const headers = { "X-Hub-Signature-256": `sha256=${signature}` };
  return new Request("https://app.example/api/webhooks/github", { method: "POST", headers, body });
};
const OPENED = '{"action":"opened","repository":{"full_name":"acme/shop"}}';

test("a genuine webhook is taken", async (t) => {
  const { mock } = t.mock.method(console, "log", () => {});
  assert.equal((await POST(delivery(OPENED))).status, 204);
  assert.deepEqual(mock.calls.map(({ arguments: said }) => said), [["GitHub: opened in acme/shop"]]);
});

test("a forged webhook is refused", async () => {
  const answer = await POST(delivery(OPENED.replace("shop", "bank"), OPENED));
  assert.deepEqual([answer.status, await answer.json()], [401, { code: "NO_MATCH" }]);
});

test("a webhook without a signature is refused", async () => {
  const answer = await POST(new Request("https://app.example/api/webhooks/github", { method: "POST", body: OPENED }));
  assert.deepEqual([answer.status, await answer.json()], [400, { code: "MISSING_HEADER" }]);
});

const list = async (key) => {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  return GET(new Request("https://app.example/api/leads", { headers }));
};

test("a key with the scope gets its tenant's list", async () => {
  const { key } = await rig.create("acme", { scopes: ["read"] });
  const answer = await list(key);
  assert.deepEqual([answer.status, await answer.json()], [200, { tenant: "acme", leads: [] }]);
  assert.equal(answer.headers.get("Cache-Control"), "private, no-store");
});

test("no key, and a key without the scope, get the edge's refusal", async () => {
  const { key } = await rig.create("acme", { scopes: ["write"] });
  for (const [sent, status, code] of [[undefined, 401, "MISSING_CREDENTIAL"], [key, 403, "INSUFFICIENT_SCOPE"]]) {
    const answer = await list(sent);
    assert.deepEqual([answer.status, (await answer.json()).code], [status, code]);
    assert.match(answer.headers.get("WWW-Authenticate"), /^Bearer realm=/);
  }
});
