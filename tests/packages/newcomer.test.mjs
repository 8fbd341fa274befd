// From an empty folder to a guarded call, and to a revoked key, by the packed packages alone. Its time is measured by
// `npm run bench -- init_start`, on a machine that does nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { newcomer } from "./newcomer.mjs";

test("a newcomer without Rust creates a project, starts it, and guards a call with a key", { timeout: 600_000 }, async (t) => {
  const { seconds, guarded, revoked } = await newcomer();
  t.diagnostic(`seconds until the end of each step: ${JSON.stringify(seconds)}`);
  assert.equal(guarded.status, 200, JSON.stringify(guarded.body));
  assert.equal(guarded.body.tenant, "acme", "the worker of the template, which the edge told whose key it is");
  assert.equal(revoked.status, 401);
  assert.equal(revoked.body.code, "REVOKED");
});
