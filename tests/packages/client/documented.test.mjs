// The guide's JavaScript for keystile/client, over the real workers.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import { inRoot } from "../../../scripts/tools.mjs";
import { blocksOf } from "../../documents/pages.mjs";
import { ROOT_KEY, startRig } from "../../support/rig.mjs";

const directory = mkdtempSync(path.join(tmpdir(), "keystile-documents-"));
let rig;
before(async () => {
  rig = await startRig({ name: "client_documented", edges: {} });
});
after(async () => {
  rmSync(directory, { recursive: true, force: true });
  await rig.close();
});

test("the guide's program gives a key, finds what expires, and revokes", async () => {
  const [block] = blocksOf("docs/guide/manage-from-javascript.md").filter(({ lang }) => lang === "js");
  const built = pathToFileURL(inRoot("packages", "keystile", "dist", "client", "index.js")).href;
  const code = block.text.replace('from "keystile/client"', `from "${built}"`).replace("https://keys.example.com", rig.url.origin);
  const file = path.join(directory, "documented.mjs");
  writeFileSync(file, code);
  process.env.KEYSTILE_KEY = ROOT_KEY;
  const { giveKey, revokeLeaked, expiringSoon } = await import(pathToFileURL(file));

  const { key, id } = await giveKey("acme");
  assert.match(key, /^knq_live_/);
  assert.deepEqual(await expiringSoon("acme"), []);
  await rig.create("acme", { name: "ends soon", expires_at: new Date(Date.now() + 86_400_000).toISOString() });
  assert.deepEqual(await expiringSoon("acme"), ["ends soon"]);
  assert.equal(await revokeLeaked("acme", id), true);
  assert.equal(await revokeLeaked("acme", `key_${"0".repeat(20)}`), false);
});
