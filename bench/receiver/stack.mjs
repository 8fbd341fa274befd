// The receiver as it is deployed, its upstream, and a worker that only forwards, in one process of Cloudflare's runtime.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { bundle, HOOKS } from "../../scripts/bundle.mjs";
import { inRoot } from "../../scripts/tools.mjs";

// Of wrangler's own version: what `wrangler dev` runs.
const requireOfWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler"));
const { convertV4MiniflareOptions, Miniflare } = requireOfWrangler("miniflare");

const COMPATIBILITY_DATE = "2026-11-01";
const UPSTREAM = { UPSTREAM: "upstream" };
const built = (...names) => inRoot("build", "bench", "receiver", ...names);

/** Memory: the objects of the platform don't wait for this machine's disk. Miniflare makes its directories here. */
const IN_MEMORY = "/dev/shm";

/**
 * Starts it with these sources, `{source, mode}`. Returns where the receiver (`hooks`), the worker that only forwards
 * (`bare`) and the upstream answer; the number of objects that remember deliveries (`objects`); and `close`.
 */
export async function startStack(sources, { secret, signingSecret }) {
  const toml = configuration(sources);
  const storage = mkdtempSync(path.join(IN_MEMORY, "keystile-"));
  process.env.TMPDIR = storage;
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [await hooks(toml, { STANDARD_SECRET: secret, EVENTS_SECRET: signingSecret }), rival("bare"), rival("upstream")],
      handleStructuredLogs: ({ level, message }) => level === "error" && console.error(message),
    }),
  );
  const urls = {};
  for (const name of ["hooks", "bare", "upstream"]) urls[name] = (await miniflare.unsafeGetDirectURL(name)).origin;
  const objects = () => {
    const files = readdirSync(storage, { recursive: true });
    return files.filter((file) => /Deliveries.*[0-9a-f]{64}\.sqlite$/.test(file)).length;
  };
  const close = async () => {
    await miniflare.dispose();
    rmSync(storage, { recursive: true, force: true });
  };
  return { urls, objects, close };
}

function configuration(sources) {
  const tables = sources.map(
    ({ source, mode }) => `
[[webhooks]]
source = "${source}"
provider = "standard-webhooks"
secrets = ["STANDARD_SECRET"]
upstream = "events"
path = "/events"
signing_secret = "EVENTS_SECRET"
mode = "${mode}"
`,
  );
  mkdirSync(built(), { recursive: true });
  const file = built("keystile.toml");
  const head = 'name = "Benchmark"\n\n[keys]\nprefix = "bench"\n\n[[scopes]]\nname = "read:leads"\n';
  writeFileSync(file, `${head}\n[[upstreams]]\nname = "events"\nservice = "UPSTREAM"\n${tables.join("")}`);
  return file;
}

async function hooks(toml, bindings) {
  const directory = await bundle(HOOKS, { toml, directory: built("hooks") });
  const type = { ".js": "ESModule", ".wasm": "CompiledWasm" };
  const modules = readdirSync(directory)
    .filter((file) => type[path.extname(file)])
    // The worker itself comes first: the others are what it imports.
    .sort((a, b) => path.extname(a).localeCompare(path.extname(b)))
    .map((file) => ({ type: type[path.extname(file)], path: path.join(directory, file) }));
  const object = (className) => ({ className, useSQLite: true });
  return {
    ...own("hooks"),
    modules,
    modulesRoot: directory,
    bindings,
    serviceBindings: UPSTREAM,
    durableObjects: {
      DELIVERIES: object("Deliveries"),
      DEAD_LETTERS: object("DeadLetters"),
      BODIES: object("Bodies"),
      WEBHOOK_KEYS: object("Keys"),
    },
    queueProducers: { EVENTS: { queueName: "events" } },
    queueConsumers: { events: { maxBatchSize: 10, maxBatchTimeout: 1, maxRetries: 2 } },
  };
}

const rival = (name) => ({
  ...own(name),
  modules: [{ type: "ESModule", path: path.join(import.meta.dirname, `${name}.mjs`) }],
  modulesRoot: import.meta.dirname,
  ...(name === "upstream" ? {} : { serviceBindings: UPSTREAM }),
});

const own = (name) => ({
  name,
  compatibilityDate: COMPATIBILITY_DATE,
  unsafeDirectSockets: [{ host: "127.0.0.1" }],
});
