// The sizes of what is uploaded.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

/** The bytes of a bundle's modules, plain and compressed. Source maps are not counted, since they don't run. */
export function uploadSize(directory) {
  const modules = readdirSync(directory)
    .filter((file) => !file.endsWith(".map") && file !== "README.md")
    .map((file) => readFileSync(path.join(directory, file)));
  const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);
  return {
    raw: sum(modules.map((module) => module.length)),
    gzip: sum(modules.map((module) => gzipSync(module, { level: 9 }).length)),
  };
}

export const kib = (bytes) => (bytes / 1024).toFixed(1);
