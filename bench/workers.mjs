// Workers in one process of Cloudflare's runtime, each on a port of its own: Keystile's as they are deployed, with the
// runtime's KV and Durable Objects, and those of a measurement beside them.

import { mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { bundle, EDGE, LIMITER, MANAGE, SENDER } from "../scripts/bundle.mjs";
import { inRoot } from "../scripts/tools.mjs";

// Of wrangler's own version: what `wrangler dev` runs.
const requireOfWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler"));
const { convertV4MiniflareOptions, Miniflare } = requireOfWrangler("miniflare");

const COMPATIBILITY_DATE = "2026-11-01";
export const ROOT_KEY = "ksroot_" + "r".repeat(43);
export const SECRET = Buffer.alloc(32, 1).toString("base64");
const SECRETS = { KEYSTILE_SECRET: SECRET, KEYSTILE_ROOT_KEY: ROOT_KEY };
const UPSTREAM = { UPSTREAM: "upstream" };
/** The configuration that is measured, unless a part has another. */
export const TOML = inRoot("bench", "guard", "keystile.toml");

/**
 * Starts workers.
 *   options.state      the directory of what they store; without it all is forgotten at the end
 *   options.inspector  whether V8's inspector listens, for `inspector()`
 *
 * Returns `url(name)`, `kv(binding, worker)`, `manage(method, path, body)`, `inspector()` and `close()`.
 */
export async function startWorkers(workers, { state, inspector = false } = {}) {
  if (state) mkdirSync(state, { recursive: true });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers,
      handleStructuredLogs,
      ...(state && { resourcePersistencePath: state, isolatedResourcePersistencePath: state }),
      ...(inspector && { inspectorPort: 0 }),
    }),
  );
  const urls = {};
  try {
    for (const { name } of workers) urls[name] = (await miniflare.unsafeGetDirectURL(name)).origin;
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
  return {
    url: (name) => urls[name],
    kv: (binding, worker) => miniflare.getKVNamespace(binding, worker),
    manage: (method, path, body) => manage(urls.manage, method, path, body),
    inspector: () => miniflare.getInspectorURL(),
    close: () => miniflare.dispose(),
  };
}

/** A line for each request would hide what is printed here. */
function handleStructuredLogs({ level, message }) {
  if (level === "error") console.error(message);
}

/** Asks the management API as root. Returns the answer's body; anything but success is thrown. */
async function manage(url, method, path, body) {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${ROOT_KEY}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Keystile's workers and an upstream, with an edge of each of these names, for the part of this name. */
export async function keystile(part, edges, { toml = TOML, main } = {}) {
  const first = await edge(part, edges[0], { toml, main });
  return [
    ...edges.map((name) => ({ ...first, name })),
    await limiter(part, { toml }),
    await sender(part, { toml }),
    await manager(part, { toml }),
    await rival(part, "upstream", inRoot("bench", "guard", "upstream.mjs")),
  ];
}

export const edge = async (part, name, { toml = TOML, main } = {}) => ({
  ...(await worker(part, name, { ...EDGE, main }, { toml })),
  bindings: SECRETS,
  kvNamespaces: { KEYS: "keys" },
  durableObjects: objects("manage"),
  serviceBindings: UPSTREAM,
});

export const limiter = async (part, { toml = TOML } = {}) => ({
  ...(await worker(part, "limiter", LIMITER, { toml })),
  durableObjects: {
    LIMITER: { className: "Limiter", useSQLite: true },
    LIMITER_RESTORES: { className: "LimiterRestores", useSQLite: true },
    EVENT_ROUTER: eventObjects("sender").EVENT_ROUTER,
  },
});

export const sender = async (part, { toml = TOML } = {}) => ({
  ...(await worker(part, "sender", SENDER, { toml })),
  bindings: SECRETS,
  durableObjects: eventObjects(),
});

const eventObjects = (scriptName) => ({
  EVENT_ROUTER: { className: "EventRouter", scriptName, useSQLite: true },
  EVENT_ENDPOINT: { className: "EventEndpoint", scriptName, useSQLite: true },
});

export const manager = async (part, { toml = TOML } = {}) => ({
  ...(await worker(part, "manage", MANAGE, { toml })),
  bindings: SECRETS,
  kvNamespaces: { KEYS: "keys" },
  durableObjects: { ...objects(), ...eventObjects("sender"), OVERVIEW: { className: "Overview", useSQLite: true } },
});

const objects = (scriptName) => ({
  LEDGER: { className: "Ledger", scriptName, useSQLite: true },
  FEED: { className: "Feed", scriptName, useSQLite: true },
  RELAY: { className: "Relay", scriptName, useSQLite: true },
  LIMITER: { className: "Limiter", scriptName: "limiter", useSQLite: true },
});

/** A worker that isn't Keystile's: of `file`, with these bindings. */
export const rival = async (part, name, file, bindings = {}) => ({
  ...(await worker(part, name, { config: "bench/wrangler.toml", main: file })),
  ...bindings,
});

/** The binding of the upstream. */
export const beforeUpstream = { serviceBindings: UPSTREAM };

/** A worker bundled as for a deployment, on a port of its own. */
export async function worker(part, name, source, options) {
  const directory = await bundle(source, { ...options, directory: inRoot("build", "bench", part, name) });
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
