// The guide's JavaScript, with the npm package that it imports, on a delivery that GitHub would sign.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";

import { inRoot } from "../../../scripts/tools.mjs";
import { blocksOf } from "../../documents/pages.mjs";

const SECRET = "a secret of the test";
const directory = mkdtempSync(path.join(tmpdir(), "keystile-documents-"));
after(() => rmSync(directory, { recursive: true, force: true }));

test("the guide's receiver lets a genuine delivery in and refuses another", async () => {
  const [block] = blocksOf("docs/guide/verify-webhooks-in-javascript.md").filter(({ lang }) => lang === "js");
  const built = pathToFileURL(inRoot("packages", "keystile", "dist", "webhooks", "node.js")).href;
  const code = `const secret = ${JSON.stringify(SECRET)};\n${block.text.replace('from "keystile/webhooks"', `from "${built}"`)}`;
  const file = path.join(directory, "documented.mjs");
  writeFileSync(file, code);
  const { receive } = await import(pathToFileURL(file));

  const delivery = (body, signed = body) => {
    const signature = createHmac("sha256", SECRET).update(signed).digest("hex");
    const headers = { "x-hub-signature-256": `sha256=${signature}` };
    return new Request("https://example.com/", { method: "POST", headers, body });
  };
  const genuine = await receive(delivery('{"action":"opened"}'));
  assert.equal(genuine.status, 200, await genuine.text());
  const forged = await receive(delivery('{"action":"closed"}', '{"action":"opened"}'));
  assert.deepEqual([forged.status, await forged.text()], [401, "NO_MATCH"]);
});
