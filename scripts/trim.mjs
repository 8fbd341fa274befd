// A pass over a release's bindings: it removes the classes that the crates `worker` and `wasm-streams` export, unless
// the worker uses them, and then what the module exports for them alone.

import { readFileSync, rmSync, writeFileSync } from "node:fs";

import { capture } from "./run.mjs";
import { inRoot, node22 } from "./tools.mjs";
import { FEATURES } from "./wasm_opt.mjs";

const CLASSES = [
  "ContainerStartupOptions",
  "IntoUnderlyingByteSource",
  "IntoUnderlyingSink",
  "IntoUnderlyingSource",
  "MinifyConfig",
  "R2Range",
];

/** Trims the bindings and the module that belongs to them, in place. */
export async function trim(bindings, module) {
  let text = readFileSync(bindings, "utf8");
  for (const name of CLASSES) text = without(name, text);
  writeFileSync(bindings, text);
  const called = new Set(Array.from(text.matchAll(/\bwasm\.(\w+)/g), ([, name]) => name));
  const graph = `${module}.graph.json`;
  const kept = (await exportsOf(module)).filter((name) => called.has(name));
  const roots = { name: "bindings", root: true, reaches: kept };
  writeFileSync(graph, JSON.stringify([roots, ...kept.map((name) => ({ name, export: name }))]));
  try {
    await capture(inRoot("node_modules", "binaryen", "bin", "wasm-metadce"), [module, "-f", graph, ...FEATURES, "-o", module]);
  } finally {
    rmSync(graph);
  }
}

/** The names of a module's exports. Older Nodes can't read it. */
async function exportsOf(module) {
  const names = `
    const { exports } = WebAssembly.Module;
    const module = new WebAssembly.Module(require("node:fs").readFileSync(process.argv[1]));
    console.log(JSON.stringify(exports(module).map(({ name }) => name)));`;
  return JSON.parse(await capture(node22(), ["-e", names, module]));
}

/** The text without a class, if nothing in it uses the class. */
function without(name, text) {
  const parts = [
    new RegExp(`(/\\*\\*(?:(?!\\*/)[^])*\\*/\\n)?(export )?class ${name} \\{\\n[^]*?\\n\\}\\n`),
    new RegExp(`if \\(Symbol\\.dispose\\) ${name}\\.prototype.*\\n`),
    new RegExp(`const ${name}Finalization = [^]*?\\n\\}\\);\\n`),
  ];
  const rest = parts.reduce((rest, part) => rest.replace(part, ""), text);
  return new RegExp(`\\b${name}\\b`).test(rest) ? text : rest;
}
