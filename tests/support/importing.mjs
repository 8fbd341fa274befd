// Keys as another system made them, and what tests of their import do with them.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";

/** For `settings` of a stack: keys that begin so may be imported. */
export const ALLOW_IMPORTED = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_", "sk_test_"]' };

/** A key as the other system made it. */
export const oldKey = (environment = "live") => `sk_${environment}_${randomBytes(18).toString("base64url")}`;

export const sha256 = (text, encoding = "hex") => createHash("sha256").update(text).digest(encoding);

/** The line of an import that describes it. */
export const line = (text, fields = {}) => ({
  digest: sha256(text),
  display: text.slice(0, 12),
  name: "of before",
  scopes: ["read:leads"],
  ...fields,
});

export const keysOf = (tenant) => `/v1/tenants/${tenant}/keys`;

/** Helpers for imported keys in this stack. */
export function importing(rig) {
  const send = (tenant, keys, options) => rig.manage("POST", `${keysOf(tenant)}/import`, { keys }, options);
  return {
    send,
    use: (edge, key, path = "/api/leads") => rig.edge(edge, path, { key }),
    act: (tenant, id, action, body) => rig.manage("POST", `${keysOf(tenant)}/${id}/${action}`, body),
    verify: (key, fields = {}, as) =>
      rig.edge("edge1", "/keystile/v1/verify", { key: as, method: "POST", body: JSON.stringify({ key, ...fields }) }),
    inFeed: async (digest) => (await rig.object("REAL_FEED", "feed", "current", { digest })).body.record,
    /** Imports these lines, all of which are new, and returns their ids. */
    async imported(tenant, keys, options) {
      const answer = await send(tenant, keys, options);
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(answer.body.results.filter(({ status }) => status !== "imported"), []);
      assert.equal(answer.body.imported, keys.length);
      return answer.body.results.map(({ id }) => id);
    },
  };
}
