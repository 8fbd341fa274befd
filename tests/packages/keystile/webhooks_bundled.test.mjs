// The packed package after a bundler has taken it apart: the same checks, where the code has no file beside it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import * as esbuild from "esbuild";
import { createTestHarness } from "wrangler";

import { project as projectOf } from "../installed.mjs";
import { checks } from "./webhooks_checks.mjs";
import { program } from "./webhooks_program.mjs";

const { directory: project, remove } = projectOf("keystile");
const elsewhere = mkdtempSync(path.join(tmpdir(), "keystile-elsewhere-"));
after(() => {
  remove();
  rmSync(elsewhere, { recursive: true, force: true });
});

before(() => {
  for (const [name, entry] of Object.entries({ inline: "keystile/webhooks/inline", plain: "keystile/webhooks" })) {
    writeFileSync(path.join(project, `${name}.mjs`), program(entry));
  }
  writeFileSync(path.join(project, "worker.mjs"), program("keystile/webhooks/inline", "worker"));
});

const bundle = async (entry, out, options) => {
  const outfile = path.join(elsewhere, out);
  const built = { entryPoints: [path.join(project, entry)], bundle: true, outfile, logLevel: "silent", ...options };
  await esbuild.build(built);
  return outfile;
};
const outcomesOf = (file) => JSON.parse(execFileSync(process.execPath, [file], { cwd: elsewhere, maxBuffer: 1 << 24 }));
const EXTENSION = { esm: "mjs", cjs: "cjs" };
const allOk = Object.fromEntries(Object.keys(checks).map((name) => [name, "ok"]));

describe("`keystile/webhooks/inline`, bundled by esbuild", () => {
  for (const format of ["esm", "cjs"]) {
    test(`for Node as ${format}`, async () => {
      const file = await bundle("inline.mjs", `node.${EXTENSION[format]}`, { platform: "node", format });
      assert.deepEqual(outcomesOf(file), allOk);
    });
  }
  for (const format of ["esm", "iife"]) {
    test(`for browsers as ${format}`, async () => {
      // Nothing of Node is in it, but Node runs it.
      const file = await bundle("inline.mjs", `browser-${format}.mjs`, { platform: "browser", format, minify: true });
      assert.deepEqual(outcomesOf(file), allOk);
    });
  }
  test("for Workers, by wrangler", async () => {
    const config = { name: "bundled", main: path.join(project, "worker.mjs"), compatibility_date: "2026-11-01" };
    const server = createTestHarness({ root: project, workers: [{ config }] });
    try {
      const { url } = await server.listen();
      assert.deepEqual(await (await fetch(url)).json(), allOk);
    } finally {
      await server.close();
    }
  });
  test("for Workers, by esbuild alone: the module is a file of the upload", async () => {
    const options = { conditions: ["workerd"], format: "esm", outdir: elsewhere, outfile: undefined };
    await bundle("worker.mjs", "", { ...options, loader: { ".wasm": "copy" } });
    const modules = readdirSync(elsewhere).filter((file) => file.endsWith(".wasm"));
    assert.equal(modules.length, 1, modules.join());
  });
});

describe("`keystile/webhooks`, bundled by esbuild for Node", () => {
  for (const format of ["esm", "cjs"]) {
    test(`as ${format}: the code says why its module is missing, and what to import`, async () => {
      const file = await bundle("plain.mjs", `plain.${EXTENSION[format]}`, { platform: "node", format });
      const run = () => execFileSync(process.execPath, [file], { cwd: elsewhere, stdio: "pipe" });
      assert.throws(run, /Import "keystile\/webhooks\/inline"/);
    });
  }
  test("left external it runs", async () => {
    const outfile = path.join(project, "external.mjs");
    await bundle("plain.mjs", "", { platform: "node", format: "esm", external: ["keystile/webhooks"], outfile });
    assert.deepEqual(outcomesOf(outfile), allOk);
  });
});
