// The package as npm gets it: its entries, their types, and what they load.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";

import * as esbuild from "esbuild";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

import { inRoot } from "../../../scripts/tools.mjs";
import { blocksOf } from "../../documents/pages.mjs";
import { project } from "../installed.mjs";

const PACKAGE = JSON.parse(readFileSync(inRoot("packages", "keystile", "package.json"), "utf8"));
const ENTRIES = Object.keys(PACKAGE.exports).filter((entry) => entry !== "./package.json");
const imported = (entry) => entry.replace(/^\./, "keystile");
const asPromised = createRequire(import.meta.url);

let installed;
before(() => {
  installed = project("keystile");
  for (const name of ["hono", "express", "@types"]) {
    symlinkSync(inRoot("node_modules", name), installed.file("node_modules", name), "junction");
  }
  writeFileSync(installed.file("package.json"), '{ "type": "module" }');
});
after(() => installed?.remove());

test("its version is the workspace's", () => {
  const [, version] = /^version = "(.+)"$/m.exec(readFileSync(inRoot("Cargo.toml"), "utf8"));
  assert.equal(PACKAGE.version, version);
});

test("publint finds nothing", async () => {
  const pkgDir = installed.file("node_modules", "keystile");
  const { messages, pkg } = await publint({ pkgDir, strict: true, pack: false });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg, { color: false })), []);
});

test("its types are found, and right, in each way of resolution (attw)", () => {
  const attw = inRoot("node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  const tarball = installed.file(`keystile-${PACKAGE.version}.tgz`);
  const options = ["--profile", "esm-only", "--no-emoji", "--no-color", "--format", "json"];
  const { analysis } = JSON.parse(execFileSync(process.execPath, [attw, tarball, ...options], { maxBuffer: 1 << 26 }));
  const wrong = analysis.problems.filter(({ resolutionKind }) => !["node10", "node16-cjs"].includes(resolutionKind));
  assert.deepEqual(wrong, []);
  assert.deepEqual(Object.keys(analysis.entrypoints).sort(), [...ENTRIES, "./package.json"].sort());
});

describe("its types tell the verdicts apart,", () => {
  for (const [module, resolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
    test(`with moduleResolution ${resolution}`, () => {
      writeFileSync(installed.file("typed.ts"), TYPED);
      const options = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--target", "es2022", "--types", "node"];
      const tsc = [inRoot("node_modules", "typescript", "bin", "tsc"), ...options, "--module", module];
      const compiled = () =>
        execFileSync(process.execPath, [...tsc, "--moduleResolution", resolution, "typed.ts"], { cwd: installed.directory });
      try {
        compiled();
      } catch (error) {
        assert.fail(String(error.stdout));
      }
    });
  }
});

test("the programs of the guide and the README hold by its types, as they stand there", () => {
  const guides = readdirSync(inRoot("docs", "guide")).map((file) => `docs/guide/${file}`);
  const programs = [...guides, "packages/keystile/README.md"]
    .flatMap(blocksOf)
    .filter(({ lang, reason, text }) => lang === "js" && !reason && /from "keystile\//.test(text));
  assert.ok(programs.length >= 7, String(programs.length));
  const files = programs.map(({ at, text }) => {
    const file = `${at.replaceAll(/\W/g, "_")}.ts`;
    writeFileSync(installed.file(file), text.includes("[secret]") ? `declare const secret: string;\n${text}` : text);
    return file;
  });
  const options = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--target", "es2022"];
  const args = [inRoot("node_modules", "typescript", "bin", "tsc"), ...options, "--types", "node", "--module", "nodenext", ...files];
  const { stdout } = spawnSync(process.execPath, args, { cwd: installed.directory, encoding: "utf8" });
  // The programs are JavaScript, so parameters of their own functions have no types.
  const said = stdout.split("\n").filter((line) => line !== "" && !/error TS7006: Parameter '\w+' implicitly has/.test(line));
  assert.deepEqual(said, []);
});

for (const entry of ENTRIES) {
  test(`${imported(entry)} can be imported and required in this Node`, async () => {
    const { default: file } = await esbuildResolves(entry);
    const names = Object.keys(await import(pathToFileURL(file)));
    assert.ok(names.length > 0);
    assert.deepEqual(Object.keys(asPromised(file)).filter((name) => name !== "__esModule"), names);
  });

  const isEngine = entry.startsWith("./webhooks");
  const other = entry.endsWith("explain") ? /\/bindings/ : /explain/;
  test(`${imported(entry)} loads ${isEngine ? "the module" : "no WebAssembly"}`, async () => {
    const { inputs } = await esbuildResolves(entry);
    assert.equal(inputs.some((input) => /bindings|inline_module|\.wasm$/.test(input)), isEngine, inputs.join());
    // Each of the two modules is loaded by itself.
    assert.ok(!inputs.some((input) => other.test(input)), inputs.join());
  });
}

/** The file that Node gets for an entry, and all files that this loads. */
async function esbuildResolves(entry) {
  const stdin = { contents: `export * from ${JSON.stringify(imported(entry))};`, resolveDir: installed.directory };
  const { metafile } = await esbuild.build({
    stdin,
    absWorkingDir: installed.directory,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["hono", "express"],
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const [{ path: first }] = metafile.inputs["<stdin>"].imports;
  return { default: installed.file(first), inputs: Object.keys(metafile.inputs) };
}

const TYPED = `
import { Hono } from "hono";
import express from "express";
import { Guard, type Verdict } from "keystile/guard";
import { keystile } from "keystile/hono";
import { keystile as forExpress, verdictOf } from "keystile/express";
import { Verifier } from "keystile/webhooks";
import { explain } from "keystile/webhooks/explain";
import { isFromKeystile } from "keystile/upstream";

const guard = new Guard({ url: "https://api.example.com/keystile", operator_key: "k", timeout_ms: 100 });
new Guard({ url: process.env.KEYSTILE_EDGE_URL, operator_key: process.env.KEYSTILE_OPERATOR_KEY });
// @ts-expect-error there is no way to the edge
new Guard({ timeout_ms: 100 });

export async function told(request: Request): Promise<string> {
  const verdict: Verdict = await guard.verify(request, { scopes: ["a"], any_of: true });
  // @ts-expect-error only a good key has a tenant
  verdict.tenant;
  if (verdict.valid) return verdict.tenant;
  if (verdict.code === "DEPENDENCY_UNAVAILABLE") return verdict.error.message;
  const code: "REVOKED" | string = verdict.code;
  // @ts-expect-error a verdict has no such code
  if (verdict.code === "REVOKD") return "";
  return code + verdict.response().status;
}

const app = new Hono<{ Bindings: { KEYSTILE: object } }>();
app.get("/leads", keystile({ scopes: ["a"], onRefused: ({ code }) => ({ code }) }), (c) => c.text(c.get("keystile").tenant));
// @ts-expect-error scopes are texts
keystile({ scopes: [1] });

express().get("/leads", forExpress({ guard }), (req, res) => {
  const tenant: string = verdictOf(req).tenant;
  res.json({ tenant, same: req.keystile?.tenant, genuine: isFromKeystile(req, "secret", "crm") });
});

const genuine = new Verifier("github", ["secret"]).verify({ headers: {}, body: "" });
export const causes: string[] = explain("github", ["secret"], { headers: {} }).causes.map(({ code }) => code);
export const status: number = genuine.valid ? 200 : genuine.status;
`;
