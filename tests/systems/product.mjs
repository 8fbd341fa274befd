// A product of examples/{name}, on the real workers with its own configuration, and
// what the tests of several products do with it.

import assert from "node:assert/strict";
import { after, before } from "node:test";

import { inRoot } from "../../scripts/tools.mjs";
import { effective, startRig } from "../support/rig.mjs";

export const KEYS = "/v1/tenants/acme/keys";

/** A product's stack, for the tests of one block. */
export class Product {
  constructor(name, { hooks } = {}) {
    before(async () => {
      const toml = inRoot("examples", name, "keystile.toml");
      this.rig = await startRig({ name: `systems-${name}`, toml, edges: { edge1: {} }, hooks });
    });
    after(() => this.rig.close());
  }

  create(fields) {
    return this.rig.create("acme", fields);
  }

  attempt(fields) {
    return this.rig.manage("POST", KEYS, { name: "a key", ...fields });
  }

  act(key, action, body) {
    return this.rig.manage("POST", `${KEYS}/${key.id}/${action}`, body);
  }

  show(key) {
    return this.rig.manage("GET", `${KEYS}/${key.id}`);
  }

  list(query = "") {
    return this.rig.manage("GET", `${KEYS}${query}`);
  }

  use(key, path, method = "GET", headers = {}) {
    return this.rig.edge("edge1", path, { key: key?.key, method, headers, body: method === "GET" ? undefined : "{}" });
  }
}

/** The request is let through. */
export const allowed = (answer) => assert.equal(answer.status, 200, answer.text);
/** The request is refused so. */
export const refused = (answer, status, code) => assert.deepEqual([answer.status, answer.code], [status, code], answer.text);

/** Revoked, and in effect. */
export async function revoke(product, key) {
  const revoked = await product.act(key, "revoke", { reason: "no longer needed" });
  assert.equal(revoked.status, 200, revoked.text);
  await effective(revoked);
}

/** Replaced by a key with the same name and scopes; both work until the old one is revoked. */
export async function replaceWithoutDowntime(product, path, scopes) {
  const old = await product.create({ name: "integration", scopes });
  const rotated = await product.act(old, "rotate", { overlap_seconds: 86_400 });
  assert.equal(rotated.status, 201, rotated.text);
  const successor = rotated.body;
  assert.deepEqual([successor.name, successor.scopes], [old.name, old.scopes]);
  for (const key of [old, successor]) allowed(await product.use(key, path));
  await revoke(product, old);
  refused(await product.use(old, path), 401, "REVOKED");
  allowed(await product.use(successor, path));
}
