// Every subject in one process of Cloudflare's runtime, each on a port of its
// own: Keystile's edge and management worker as they are deployed, with the
// runtime's KV and Durable Objects, the rivals, and the upstream of all.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { bundle, EDGE, LIMITER, MANAGE } from "../../scripts/bundle.mjs";
import { inRoot } from "../../scripts/tools.mjs";

// Of wrangler's own version: what `wrangler dev` runs.
const requireOfWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler"));
const { convertV4MiniflareOptions, Miniflare } = requireOfWrangler("miniflare");

const COMPATIBILITY_DATE = "2026-11-01";
const ROOT_KEY = "ksroot_" + "r".repeat(43);
const SECRETS = { KEYSTILE_SECRET: Buffer.alloc(32, 1).toString("base64"), KEYSTILE_ROOT_KEY: ROOT_KEY };
const UPSTREAM = { UPSTREAM: "upstream" };
const TENANT = "acme";
const SCOPES = ["read:leads", "write:leads"];

/**
 * Starts it, with a key that the management API made. Returns where each worker
 * answers (`urls`), the key, the same with other letters in its tag (`forged`), and `close`.
 */
export async function startStack() {
  const miniflare = new Miniflare(convertV4MiniflareOptions({ workers: await workers(), handleStructuredLogs }));
  try {
    const urls = {};
    for (const name of ["keystile", "limited", "verdict", "manage", "bare", "same_edits", "hono", "refuse"]) {
      urls[name] = (await miniflare.unsafeGetDirectURL(name)).origin;
    }
    const { id, key, tenant, environment, scopes } = await createKey(urls.manage);
    const holder = JSON.stringify({ id, tenant, environment, scopes: scopes.join(" "), expiresAt: null });
    const rivalsKeys = await miniflare.getKVNamespace("KEYS", "hono");
    await rivalsKeys.put(createHash("sha256").update(key).digest("hex"), holder);
    await rivalsKeys.put("holder", holder);
    return { urls, key, forged: forged(key), close: () => miniflare.dispose() };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

/** A line for each request would hide what is printed here. */
function handleStructuredLogs({ level, message }) {
  if (level === "error") console.error(message);
}

async function workers() {
  const toml = inRoot("bench", "guard", "keystile.toml");
  const limited = withLimits(toml);
  const objects = (scriptName) => ({
    LEDGER: { className: "Ledger", scriptName, useSQLite: true },
    FEED: { className: "Feed", scriptName, useSQLite: true },
    LIMITER: { className: "Limiter", scriptName: "limiter", useSQLite: true },
  });
  const edge = async (name, toml, source = EDGE) => ({
    ...(await worker(name, source, { toml })),
    bindings: SECRETS,
    kvNamespaces: { KEYS: "keys" },
    durableObjects: objects("manage"),
    serviceBindings: UPSTREAM,
  });
  return [
    await edge("keystile", toml),
    await edge("limited", limited),
    await edge("verdict", toml, { ...EDGE, main: inRoot("bench", "guard", "verdict.mjs") }),
    {
      ...(await worker("limiter", LIMITER, { toml: limited })),
      durableObjects: {
        LIMITER: { className: "Limiter", useSQLite: true },
        LIMITER_RESTORES: { className: "LimiterRestores", useSQLite: true },
      },
    },
    {
      ...(await worker("manage", MANAGE, { toml })),
      bindings: SECRETS,
      kvNamespaces: { KEYS: "keys" },
      durableObjects: { ...objects(), OVERVIEW: { className: "Overview", useSQLite: true } },
    },
    { ...(await rival("bare")), serviceBindings: UPSTREAM },
    { ...(await rival("same_edits")), serviceBindings: UPSTREAM, kvNamespaces: { KEYS: "rivals-keys" } },
    { ...(await rival("hono")), serviceBindings: UPSTREAM, kvNamespaces: { KEYS: "rivals-keys" } },
    await rival("refuse"),
    await rival("upstream"),
  ];
}

/** The same configuration with two limits, which no load reaches. */
function withLimits(toml) {
  const limits = `
[[rate_limits]]
name = "per-second"
limit = 1000000
window_seconds = 1

[[quotas]]
name = "monthly"
limit = 1000000000
period = "month"
per = "tenant"

[limits]
rate_limits = ["per-second"]
quotas = ["monthly"]
`;
  const directory = inRoot("build", "bench", "guard");
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, "limited.toml");
  writeFileSync(file, readFileSync(toml, "utf8") + limits);
  return file;
}

const rival = (name) =>
  worker(name, { config: "bench/guard/wrangler.toml", main: inRoot("bench", "guard", `${name}.mjs`) });

/** A worker bundled as for a deployment, on a port of its own. */
async function worker(name, source, options) {
  const directory = await bundle(source, { ...options, directory: inRoot("build", "bench", "guard", name) });
  const type = { ".js": "ESModule", ".wasm": "CompiledWasm" };
  const modules = readdirSync(directory)
    .filter((file) => type[path.extname(file)])
    // The worker itself comes first: the others are what it imports.
    .sort((a, b) => path.extname(a).localeCompare(path.extname(b)))
    .map((file) => ({ type: type[path.extname(file)], path: path.join(directory, file) }));
  return {
    name,
    modules,
    modulesRoot: directory,
    compatibilityDate: COMPATIBILITY_DATE,
    unsafeDirectSockets: [{ host: "127.0.0.1" }],
  };
}

async function createKey(manage) {
  const response = await fetch(`${manage}/v1/tenants/${TENANT}/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${ROOT_KEY}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "benchmark", scopes: SCOPES }),
  });
  if (response.status !== 201) throw new Error(`No key was created: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Of the right form, but nobody with the secret made it. */
const forged = (key) => key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
