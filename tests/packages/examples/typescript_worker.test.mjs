// examples/typescript-worker behind the real edge, by its own configuration of both.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startRig } from "../../support/rig.mjs";
import { install, workerOf } from "./example.mjs";

const SECRET = "signing secret of the test upstream";

let example, rig, key;
before(async () => {
  example = install("typescript-worker");
  rig = await startRig({
    name: "example_typescript_worker",
    toml: example.file("keystile.toml"),
    edges: { edge1: { upstream: "acme-api", vars: { UPSTREAM_SECRET: SECRET } } },
    services: [{ ...workerOf(example), vars: { UPSTREAM_SECRET: SECRET } }],
  });
  key = await rig.create("acme", { scopes: ["read"] });
});
after(async () => {
  await rig?.close();
  example?.remove();
});

test("a request by the edge is served, with the caller's identity", async () => {
  const answer = await rig.edge("edge1", "/api/hello?x=1", { key: key.key });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body, { called: "GET /api/hello", tenant: "acme", key: key.id, scopes: ["read"] });
});

test("whoever the edge refuses doesn't reach it", async () => {
  assert.equal((await rig.edge("edge1", "/api/hello")).code, "MISSING_CREDENTIAL");
  assert.equal((await rig.edge("edge1", "/api/hello", { key: key.key, method: "POST" })).code, "INSUFFICIENT_SCOPE");
});

test("a request at its own address is refused, whatever it says of itself", async () => {
  const claims = { "Keystile-Tenant": "acme", "Keystile-Upstream": "api" };
  const params = `("@method" "@path" "@query" "keystile-tenant" "keystile-upstream");expires=${Math.ceil(Date.now() / 1000) + 60}`;
  const forged = { ...claims, "Signature-Input": `keystile=${params}`, Signature: `keystile=:${"A".repeat(43)}=:` };
  for (const headers of [{}, claims, forged]) {
    const response = await rig.server.getWorker("acme-api").fetch("http://acme-api.example/api/hello", { headers });
    assert.deepEqual([response.status, await response.json()], [403, { error: "Call this API at its public address." }]);
  }
});
