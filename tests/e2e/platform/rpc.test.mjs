// Rust's exports to its own JavaScript are no interface: whoever has a binding to a
// worker, or to one of its objects, can send it requests, and call nothing else. The
// edge's entrypoint `Guard` has one method.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startRig } from "../../support/rig.mjs";

let rig;
before(async () => {
  rig = await startRig({ name: "rpc", edges: { edge1: {} } });
});
after(() => rig.close());

for (const [binding, methods] of Object.entries({
  EDGE: ["__wbg_reset_state", "__worker_init_state", "guard", "verify"],
  GUARD: ["__wbg_reset_state", "guard", "env", "ctx"],
  LEDGER: ["alarm", "webSocketMessage", "free"],
})) {
  for (const method of methods) {
    test(`${binding}.${method} can't be called by RPC`, async () => {
      assert.match(await rig.rpc(binding, method), /RPC receiver does not implement|does not support RPC/);
    });
  }
}
