// The API's document goes on serving clients of the released one, and a change that breaks them is found. One version
// stands everywhere.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { breaking, breakingChanges } from "../../scripts/api_changes.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { stated, version } from "../../scripts/version.mjs";

const released = JSON.parse(readFileSync(inRoot("tests", "fixtures", "released", "openapi.json"), "utf8"));
const KEYS = "/v1/tenants/{tenant}/keys";

/** The changes that are found once the document is edited so. */
function after(edit) {
  const changed = structuredClone(released);
  edit(changed, changed.components.schemas);
  return breakingChanges(released, changed);
}

test("clients of the released API go on working", () => assert.deepEqual(breaking(), []));

test("crates, packages, lock files and the API's document have one version", () => {
  assert.ok(stated().length > 15);
  assert.match(version(), /^\d+\.\d+\.\d+/);
});

describe("a change that breaks clients is found:", () => {
  for (const [change, edit, says] of [
    ["an operation that is gone", (api) => delete api.paths[KEYS].post, /POST .*keys: the operation is gone/],
    ["a new operationId", (api) => (api.paths[KEYS].post.operationId = "makeKey"), /its operationId was createKey/],
    ["a status that is gone", (api) => delete api.paths[KEYS].post.responses[201], /the status 201 is gone/],
    ["a field of an answer that is gone", (_, { Shown }) => delete Shown.properties.display, /the field display is gone/],
    ["a field of an answer that may be missing", (_, { KeyPage }) => (KeyPage.required = []), /the field keys may be missing now/],
    ["a field of a body that is gone", (_, { NewKey }) => delete NewKey.properties.metadata, /body: the field metadata is gone/],
    ["a field of a body that is required now", (_, { NewKey }) => (NewKey.required = [...(NewKey.required ?? []), "metadata"]), /body: the field metadata is required now/],
    ["an enum with fewer values", (_, { KeyStatus }) => KeyStatus.enum.pop(), /the value ".*" is gone/],
    ["a list that may be shorter only", (_, { NewKey }) => (NewKey.properties.allowed_ips.anyOf[0].maxItems = 1), /allowed_ips: its maxItems is lower/],
    ["a parameter that is required now", (api) => api.paths[KEYS].get.parameters.push({ name: "page", in: "query", required: true, schema: {} }), /the parameter page is required now/],
    ["a parameter that is gone", (api) => (api.paths[KEYS].get.parameters = []), /the parameter limit is gone/],
  ]) {
    test(change, () => assert.match(after(edit).join("\n"), says));
  }
});

test("additions break nobody", () => {
  const found = after((api, { KeyProperties, NewKey, KeyStatus }) => {
    api.paths["/v1/new"] = api.paths[KEYS];
    api.paths[KEYS].get.parameters.push({ name: "page", in: "query", schema: {} });
    KeyProperties.properties.colour = { type: "string" };
    NewKey.properties.colour = { type: "string" };
    KeyStatus.enum.push("paused");
  });
  assert.deepEqual(found, []);
});
