// The last pass over a module: it removes names and optimises for size or speed.

import { capture, Failed } from "./run.mjs";
import { inRoot, node22 } from "./tools.mjs";

/**
 * The features that rustc and wasm-bindgen use. Not `--all-features`: that writes the module in encodings that engines
 * in use can't read, such as compact imports.
 */
export const FEATURES = [
  "bulk-memory",
  "exception-handling",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
  "simd",
].map((feature) => `--enable-${feature}`);

/**
 * Passes that only make a module smaller. Rust's stack begins at address 0 and is read from its upper end, so the lowest
 * addresses are unused.
 */
const SMALLER = ["--low-memory-unused", "--gufa-optimizing", "-Oz", "--reorder-functions", "--strip-producers", "--strip-target-features"];

/** Optimises a module in place: `-Oz` or `-O3`. Older engines must be able to read the result, too. */
export async function optimize(module, level) {
  const options = [level, ...(level === "-Oz" ? SMALLER : []), "--strip-debug", ...FEATURES];
  await capture(inRoot("node_modules", "binaryen", "bin", "wasm-opt"), [...options, module, "-o", module]);
  const read = 'new WebAssembly.Module(require("node:fs").readFileSync(process.argv[1]))';
  try {
    await capture(node22(), ["-e", read, module]);
  } catch (error) {
    throw new Failed(`Node 22 can't read ${module}; it would not run everywhere.\n${error.message}`);
  }
}
