// The seeds of the fuzz targets: the published deliveries (`crates/webhook/src/tests/vectors.json`) and the registry's
// schemes, each in the form that its target reads.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { capture } from "./run.mjs";
import { inRoot } from "./tools.mjs";

const NUL = "\0";
/** The number of algorithms in `signatures.rs`. */
const METHODS = 10;

const lines = (members, between) => Object.entries(members ?? {}).map(([name, value]) => `${name}${between}${value}`).join("\n");
const bodyOf = (vector) => Buffer.from(vector.body ?? vector.body_base64, vector.body === undefined ? "base64" : "utf8");
const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

const delivery = (vector) => {
  const { provider, now, method = "POST", url = "", params, secrets, headers } = vector;
  const head = [provider, now, method, url, lines(params, "="), secrets.join("\u0001"), lines(headers, ":"), ""];
  return bytes(head.join(NUL), bodyOf(vector));
};

/** What a header's value may be if it is a signature: the bytes of its longest part in base64 or hex. */
const signature = (value) => {
  const longest = value.split(/[^\w+/=-]|v\d=/).reduce((best, part) => (part.length > best.length ? part : best), "");
  return /^[0-9a-f]+$/i.test(longest) ? longest.toLowerCase() : Buffer.from(longest, "base64").toString("hex");
};

/** By target: the name and the bytes of each seed. */
const seedsOf = (vectors, registry) => ({
  deliveries: vectors.map((vector) => [vector.id, delivery(vector)]),
  schemes: Object.entries(registry)
    .filter(([, { scheme }]) => scheme)
    .map(([id, { scheme }]) => [id, bytes(JSON.stringify(scheme), NUL, "sha256=00", NUL, "{}")]),
  signatures: vectors.flatMap((vector) =>
    Object.entries(vector.headers).flatMap(([name, value]) =>
      Array.from({ length: METHODS }, (_, method) => {
        const head = [vector.secrets[0], signature(value), ""].join(NUL);
        return [`${vector.id}-${name}-${method}`, bytes([method], head, bodyOf(vector))];
      }),
    ),
  ),
  tokens: vectors.flatMap((vector) =>
    Object.values(vector.headers)
      .filter((value) => value.split(".").length === 3)
      .flatMap((value, at) => [
        [`${vector.id}-${at}`, bytes([1], value)],
        [`${vector.id}-${at}-claims`, bytes([0], Buffer.from(value.split(".")[1], "base64url"))],
      ]),
  ),
});

const registry = async () => {
  const program = "import json, sys, tomllib; json.dump(tomllib.load(open(sys.argv[1], 'rb')), sys.stdout)";
  return JSON.parse(await capture("python3", ["-c", program, inRoot("crates", "webhook", "src", "registry.toml")]));
};

/** The seeds by target. */
export async function readSeeds() {
  const { vectors } = JSON.parse(readFileSync(inRoot("crates", "webhook", "src", "tests", "vectors.json"), "utf8"));
  return seedsOf(vectors, await registry());
}

/** Writes a target's seeds into its corpus. */
export function writeSeeds(seeds, corpus) {
  for (const [name, seed] of seeds) writeFileSync(path.join(corpus, `seed-${name}`), seed);
}
