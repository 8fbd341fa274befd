// keystile/client as it is published: its types in a program of a user, and its code in a bundle.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import { inRoot } from "../../../scripts/tools.mjs";
import { project } from "../installed.mjs";

const PROGRAM = `
import { type Code, Keystile, KeystileError, type OptionsOf, type ProblemCode } from "keystile/client";

const keystile = new Keystile({ url: "https://keys.example.com", key: "key" });
const made = await keystile.keys.create("acme", { name: "a", scopes: ["read:leads"] });
export const text: string = made.key;
const again = await keystile.keys.create("acme", { name: "a", scopes: ["read:leads"] }, { idempotencyKey: "mine" });
// @ts-expect-error A repeated answer has no text.
export const lost: string = again.key;
for await (const { id } of keystile.keys.list("acme", { status: "active" })) id.trim();
for await (const { at } of keystile.audit.export("acme")) at.trim();
// @ts-expect-error There is no such status.
keystile.keys.list("acme", { status: "activ" });
// @ts-expect-error There is no such field.
await keystile.keys.update("acme", "key_1", { nam: "b" });
// @ts-expect-error One of ids, scope and all.
await keystile.keys.revokeMany("acme", { reason: "leaked" });
// @ts-expect-error The API takes no Idempotency-Key with a PATCH.
await keystile.keys.update("acme", "key_1", { name: "b" }, { idempotencyKey: "mine" });
// @ts-expect-error A new key has no version.
await keystile.keys.create("acme", { name: "a", scopes: [] }, { ifVersion: 1 });
await keystile.keys.update("acme", "key_1", { name: "b" }, { ifVersion: 1, wait: 10 } satisfies OptionsOf<"updateKey">);
await keystile.events.of("acme").redrive("ep_1", "evt_1", { idempotencyKey: "mine" });
export const known: ProblemCode = "KEY_NOT_FOUND";
// @ts-expect-error There is no such code.
export const unknown: ProblemCode = "KEY_NOT_FOUNDD";
export const of = (error: KeystileError): Code => error.code;
`;

let user;
before(() => {
  user = project("keystile");
  writeFileSync(user.file("package.json"), '{"type": "module"}');
  writeFileSync(user.file("program.ts"), PROGRAM);
});
after(() => user.remove());

for (const [resolution, module] of [["bundler", "esnext"], ["nodenext", "nodenext"]]) {
  test(`its types hold in a program that is resolved by "${resolution}"`, () => {
    const options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable"];
    const tsc = inRoot("node_modules", "typescript", "bin", "tsc");
    const args = [tsc, ...options, "--module", module, "--moduleResolution", resolution, "program.ts"];
    try {
      execFileSync(process.execPath, args, { cwd: user.directory, encoding: "utf8" });
    } catch (error) {
      assert.fail(error.stdout);
    }
  });
}

test("a bundle has the client and the rules that it shares with the guard alone, without WebAssembly, in less than 8 KiB", async () => {
  writeFileSync(user.file("entry.js"), 'export { Keystile } from "keystile/client";');
  const { outputFiles, metafile } = await build({
    absWorkingDir: user.directory,
    entryPoints: ["entry.js"],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    metafile: true,
  });
  const foreign = Object.keys(metafile.inputs).filter((file) => !/^entry\.js$|\/keystile\/dist\/(client\/|address\.js$|time_limit\.js$)/.test(file));
  assert.deepEqual(foreign, []);
  const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  assert.ok(size < 8 * 1024, `${size} bytes`);
});

test("it runs as Node loads it", async () => {
  const { Keystile } = await import(pathToFileURL(user.file("node_modules", "keystile", "dist", "client", "index.js")));
  const keystile = new Keystile({ url: "https://keys.example.com", key: "key", fetch: async () => Response.json({ plans: [] }) });
  assert.deepEqual(await keystile.plans(), { plans: [] });
});
