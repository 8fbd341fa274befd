// The receiver as it is deployed, its upstream, and a worker that only forwards, in one process of Cloudflare's runtime.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { HOOKS } from "../../scripts/bundle.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { beforeUpstream, rival, startWorkers, worker } from "../workers.mjs";

const PART = "receiver";
const built = (...names) => inRoot("build", "bench", PART, ...names);

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
  const workers = await startWorkers([
    await hooks(toml, { STANDARD_SECRET: secret, EVENTS_SECRET: signingSecret }),
    await forwarder("bare", beforeUpstream),
    await forwarder("upstream"),
  ]);
  const urls = Object.fromEntries(["hooks", "bare", "upstream"].map((name) => [name, workers.url(name)]));
  const objects = () => {
    const files = readdirSync(storage, { recursive: true });
    return files.filter((file) => /Deliveries.*[0-9a-f]{64}\.sqlite$/.test(file)).length;
  };
  const close = async () => {
    await workers.close();
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
  const object = (className) => ({ className, useSQLite: true });
  return {
    ...(await worker(PART, "hooks", HOOKS, { toml })),
    bindings,
    ...beforeUpstream,
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

const forwarder = (name, bindings) => rival(PART, name, inRoot("bench", PART, `${name}.mjs`), bindings);
