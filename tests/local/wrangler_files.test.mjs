// Rules for every wrangler file of the repository.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { inRoot, root } from "../../scripts/tools.mjs";

const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((file) => /(^|\/)wrangler\.(toml|jsonc?)$/.test(file));

test("the workers' own are among them", () => {
  const own = ["hooks", "limiter", "manage", "sender"].map((worker) => `crates/${worker}/wrangler.toml`);
  for (const file of ["wrangler.toml", ...own]) assert.ok(files.includes(file), file);
});

for (const file of files) {
  test(`${file}: old versions answer at no address of their own`, () => {
    const [root] = readFileSync(inRoot(file), "utf8").split(/^\[/m, 1);
    assert.match(root, /^preview_urls = false$/m, "write preview_urls = false, before the first table");
    assert.match(root, /^workers_dev = (true|false)$/m, "say whether it has an address on workers.dev");
  });
}
