// `node scripts/previous_version.mjs COMMIT`: makes tests/fixtures/previous, the package `@keystile/cli` as it was at a
// commit, for the tests of upgrades. The commit is that of the last release; before the first one, of any version that
// is to be upgraded from. The pages aren't in it: they store nothing.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants, gunzipSync } from "node:zlib";

import { asProgram, capture, Failed, run } from "./run.mjs";
import { inRoot, root, target } from "./tools.mjs";

const OUT = inRoot("tests", "fixtures", "previous");

async function make(commit) {
  const id = (await capture("git", ["rev-parse", "--verify", `${commit}^{commit}`], { cwd: root })).trim();
  const clone = path.join(mkdtempSync(path.join(tmpdir(), "keystile-previous-")), "clone");
  await run("git", ["worktree", "add", "--detach", clone, id], { cwd: root });
  try {
    const sameLock = execFileSync("git", ["diff", "--name-only", id, "--", "package-lock.json"], { cwd: root, encoding: "utf8" }) === "";
    if (sameLock) symlinkSync(inRoot("node_modules"), path.join(clone, "node_modules"));
    // Dependencies that are compiled here already serve it, too.
    await run("npm", ["run", "package", "--", "cli"], { cwd: clone, env: { CARGO_TARGET_DIR: target() } });
    const directory = path.join(clone, "packages", "cli");
    rmSync(path.join(directory, "dist", "pages"), { recursive: true, force: true });
    const [{ filename, version }] = JSON.parse(await capture("npm", ["pack", "--json"], { cwd: directory }));
    const tar = gunzipSync(readFileSync(path.join(directory, filename)));
    const params = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS, [constants.BROTLI_PARAM_SIZE_HINT]: tar.length };
    writeFileSync(path.join(OUT, "cli.tar.br"), brotliCompressSync(tar, { params }));
    writeFileSync(path.join(OUT, "origin.json"), `${JSON.stringify({ commit: id, version }, null, 2)}\n`);
  } finally {
    await run("git", ["worktree", "remove", "--force", clone], { cwd: root });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const [commit] = process.argv.slice(2);
    if (!commit) throw new Failed("Of which commit? node scripts/previous_version.mjs COMMIT");
    await make(commit);
    console.log(`✓ ${OUT}`);
  });
}
