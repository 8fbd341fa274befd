// A short `npm run chaos`.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";

import { chaos } from "../chaos/rounds.mjs";
import { emptyHome } from "../support/local_stack.mjs";

test("what was acknowledged before a SIGKILL is there after it", async (t) => {
  const home = emptyHome("chaos");
  const counts = await chaos({ home, rounds: 2, seconds: 5, say: (text) => t.diagnostic(text) });
  for (const what of ["acknowledged changes", "direct deliveries", "queued events", "events"]) {
    assert.ok(counts[what] > 5, JSON.stringify(counts));
  }
  rmSync(home, { recursive: true, force: true });
});
