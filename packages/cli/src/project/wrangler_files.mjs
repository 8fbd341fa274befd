// The workers as wrangler runs and deploys them. They are written anew at each command, from the prebuilt workers and
// from keystile.toml, so they can't go stale. Each worker has a directory of its own with its code, the module of its
// configuration and its wrangler file.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "../failed.mjs";
import { inDist } from "./dist.mjs";

/**
 * The workers, in the order of a deployment. Each names only those before it, but for the edge, which names the ledgers
 * and the feed of manage: it reads before manage writes.
 */
export const WORKERS = ["hooks", "sender", "limiter", "edge", "manage"];
/** The workers beside them on a developer's machine. */
const BESIDE = ["front", "upstream"];
/** The workers that write data points. */
const MEASURED = new Set(["edge", "manage", "sender"]);
const DEMO = "keystile-demo-upstream";
/** The fields of a wrangler file that hold a name which begins with that of the deployment. */
const NAMED = new Set(["name", "service", "script_name", "queue", "dead_letter_queue"]);

/**
 * The variable of a deployed worker with its version of Keystile. A version of the worker that `secret put` makes has it,
 * too, and has no tag.
 */
export const VERSION_VARIABLE = "KEYSTILE_VERSION";

/** The name of a worker or queue in this deployment. */
export const named = (name, { deploy }) => name.replace(/^keystile-/, `${deploy.name}-`);

/** The demo upstream's name. */
export const demoName = (summary) => named(DEMO, summary);

/**
 * A worker's wrangler file.
 *   template  that of the package
 *   summary   the facts of the configuration
 *   services  by binding, the name of the worker that it calls
 *   kv        the id of the KV namespace; none on a developer's machine
 *   pages     the directory of the pages
 *   version   of Keystile, for the variable of a deployed worker
 */
export function wranglerFile(worker, template, { summary, services, kv, pages, version }) {
  const file = JSON.parse(JSON.stringify(template), (key, value) =>
    NAMED.has(key) && typeof value === "string" ? named(value, summary) : value,
  );
  const { deploy, upstreams, edge_secrets } = summary;
  const calls = (upstream) => (worker === "edge" && upstream.of_routes) || (worker === "hooks" && upstream.of_webhooks);
  const bound = new Set(upstreams.filter((each) => each.service && calls(each)).map(({ service }) => service));
  const own = (file.services ?? []).filter(({ service }) => service !== demoName(summary));
  const theirs = [...bound].map((binding) => ({ binding, service: services[binding] }));
  if (worker === "front") own.push({ binding: "UPSTREAM", service: demoName(summary) });
  if (own.length + theirs.length) file.services = [...own, ...theirs];
  else delete file.services;
  if (deploy.account_id) file.account_id = deploy.account_id;
  // Only where it is asked for: an account has to enable Analytics Engine before a worker can be bound to it.
  if (deploy.metrics_dataset && MEASURED.has(worker)) {
    file.analytics_engine_datasets = [{ binding: "METRICS", dataset: deploy.metrics_dataset }];
  }
  if (kv) file.kv_namespaces = file.kv_namespaces?.map(({ binding }) => ({ binding, id: kv }));
  if (file.assets) file.assets.directory = pages;
  if (version && WORKERS.includes(worker)) file.vars = { ...file.vars, [VERSION_VARIABLE]: version };
  // The class is newer than the edge: a binding that nobody uses would keep an upgrade from beginning with the edge.
  if (worker === "edge" && summary.relays) requireObject(file, "RELAY", "[relays]");
  if (worker === "edge" && !summary.relays) dropObject(file, "RELAY");
  if (worker === "edge") file.secrets.required.push(...edge_secrets);
  if (worker === "edge") Object.assign(file, addresses(deploy, deploy.routes));
  if (worker === "manage") Object.assign(file, addresses(deploy, deploy.manage_routes));
  return file;
}

function requireObject(file, binding, setting) {
  if (file.durable_objects.bindings.some(({ name }) => name === binding)) return;
  throw new Failed(
    `This package's edge has no binding ${binding}, which ${setting} of keystile.toml needs: its workers are of another ` +
      "version. Install @keystile/cli again; in a clone: npm run package -- cli",
  );
}

function dropObject(file, binding) {
  file.durable_objects.bindings = file.durable_objects.bindings.filter(({ name }) => name !== binding);
}

/** A host alone is a custom domain; a host with a path is a route of a zone that is there. */
const addresses = ({ workers_dev }, routes) => ({
  workers_dev,
  ...(routes.length && { routes: routes.map((at) => (at.includes("/") ? at : { pattern: at, custom_domain: true })) }),
});

/** The wrangler file of the package, of which a deployment's is made. */
export const templateOf = (worker) => JSON.parse(readFileSync(inDist("workers", worker, "wrangler.json"), "utf8"));

/**
 * Writes the workers to `directory`, only what has changed, and returns their wrangler files by name and whether
 * anything `changed`. `texts` are the configuration of each worker.
 */
export function writeWorkers(directory, texts, options, { beside = false } = {}) {
  const configs = {};
  let changed = false;
  for (const worker of [...WORKERS, ...(beside ? BESIDE : [])]) {
    const at = path.join(directory, worker);
    mkdirSync(at, { recursive: true });
    const file = wranglerFile(worker, templateOf(worker), { ...options, pages: inDist("pages") });
    let isNew = false;
    for (const code of readdirSync(inDist("workers", worker)).filter((each) => each !== "wrangler.json")) {
      isNew = copyIfChanged(inDist("workers", worker, code), path.join(at, code)) || isNew;
    }
    if (texts[worker]) {
      const module = `export const ${worker} = ${JSON.stringify(texts[worker])};\n`;
      isNew = writeIfChanged(path.join(at, "keystile-config.js"), module) || isNew;
    }
    configs[worker] = path.join(at, "wrangler.json");
    const isWritten = writeIfChanged(configs[worker], `${JSON.stringify(file, null, 2)}\n`);
    // Wrangler watches its own file, not the modules beside it.
    if (isNew && !isWritten) utimesSync(configs[worker], new Date(), new Date());
    changed ||= isNew || isWritten;
  }
  return { configs, changed };
}

function copyIfChanged(from, to) {
  if (existsSync(to) && readFileSync(to).equals(readFileSync(from))) return false;
  copyFileSync(from, to);
  return true;
}

function writeIfChanged(file, text) {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  writeFileSync(file, text);
  return true;
}
