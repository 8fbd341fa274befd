// The generated wrangler files: those of this repository's keystile.toml are its own wrangler files, but for the build.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";

import { readConfiguration } from "../../../packages/cli/src/project/configuration.mjs";
import { isLater, latest } from "../../../packages/cli/src/project/later.mjs";
import { findServices } from "../../../packages/cli/src/project/services.mjs";
import { templateOf, WORKERS, wranglerFile } from "../../../packages/cli/src/project/wrangler_files.mjs";
import { CONFIGS } from "../../../scripts/place.mjs";
import { inRoot, root } from "../../../scripts/tools.mjs";

const OF_THE_BUILD = ["main", "build", "alias", "minify", "keep_names", "dependencies_instrumentation", "no_bundle", "find_additional_modules", "rules"];
const { experimental_readRawConfig: read } = await import("wrangler");
const { summary } = await readConfiguration(inRoot("keystile.toml"), root);
const { services } = await findServices(summary, root);

const generated = (worker, changed = {}, kv) =>
  wranglerFile(worker, templateOf(worker), { summary: { ...summary, ...changed }, services, kv, pages: inRoot("build", "www") });

for (const worker of WORKERS) {
  test(`${worker}: the repository's own file is what is generated`, () => {
    // As JSON, since the reader's objects have no prototype.
    const own = JSON.parse(JSON.stringify(read({ config: CONFIGS[worker] }).rawConfig));
    if (own.assets) own.assets.directory = path.resolve(path.dirname(CONFIGS[worker]), own.assets.directory);
    const made = generated(worker, { relays: true });
    for (const setting of OF_THE_BUILD) {
      delete own[setting];
      delete made[setting];
    }
    const byBinding = (a, b) => a.binding.localeCompare(b.binding);
    for (const file of [own, made]) file.services?.sort(byBinding);
    assert.deepEqual(made, own);
  });
}

test("another name of the deployment is in each name that workers call each other by", () => {
  const deploy = { ...summary.deploy, name: "gate" };
  for (const worker of WORKERS) {
    const text = JSON.stringify(generated(worker, { deploy }));
    const left = text.match(/"keystile-[a-z-]+"/g) ?? [];
    assert.deepEqual(left.filter((name) => !['"keystile-keys"', '"keystile-demo-upstream"'].includes(name)), [], worker);
  }
  assert.equal(generated("edge", { deploy }).services.find(({ binding }) => binding === "HOOKS").service, "gate-hooks");
  assert.equal(generated("hooks", { deploy }).queues.consumers[0].dead_letter_queue, "gate-events-dead");
});

test("routes, account, namespace and signing secrets of keystile.toml are in the files", () => {
  const deploy = {
    ...summary.deploy,
    account_id: "a".repeat(32),
    workers_dev: false,
    routes: ["api.example.com", "example.com/api/*"],
    manage_routes: ["keys.example.com"],
  };
  const edge = generated("edge", { deploy, edge_secrets: ["UPSTREAM_SECRET"] }, "b".repeat(32));
  assert.deepEqual(edge.routes, [{ pattern: "api.example.com", custom_domain: true }, "example.com/api/*"]);
  assert.deepEqual([edge.workers_dev, edge.account_id], [false, "a".repeat(32)]);
  assert.deepEqual(edge.kv_namespaces, [{ binding: "KEYS", id: "b".repeat(32) }]);
  assert.deepEqual(edge.secrets.required, ["KEYSTILE_SECRET", "KEYSTILE_ROOT_KEY", "UPSTREAM_SECRET"]);
  const manage = generated("manage", { deploy }, "b".repeat(32));
  assert.deepEqual(manage.routes, [{ pattern: "keys.example.com", custom_domain: true }]);
  assert.equal(generated("hooks", { deploy }).workers_dev, false);
});

test("the edge is bound to relays only if the configuration has them", () => {
  const objects = (relays) => generated("edge", { relays }).durable_objects.bindings.map(({ name }) => name);
  assert.deepEqual(objects(false).sort(), ["FEED", "LEDGER", "LIMITER"]);
  assert.deepEqual(objects(true).sort(), ["FEED", "LEDGER", "LIMITER", "RELAY"]);
});

test("the workers that measure are bound to a dataset of Analytics Engine only if the configuration names one", () => {
  const datasets = (deploy) => WORKERS.filter((worker) => generated(worker, { deploy }).analytics_engine_datasets).sort();
  assert.deepEqual(datasets(summary.deploy), []);
  const deploy = { ...summary.deploy, metrics_dataset: "gate_metrics" };
  assert.deepEqual(datasets(deploy), ["edge", "manage", "sender"]);
  assert.deepEqual(generated("edge", { deploy }).analytics_engine_datasets, [{ binding: "METRICS", dataset: "gate_metrics" }]);
});

test("relays without their binding are refused", () => {
  const template = templateOf("edge");
  const bindings = template.durable_objects.bindings.filter(({ name }) => name !== "RELAY");
  const without = { ...template, durable_objects: { bindings } };
  const written = (relays) => wranglerFile("edge", without, { summary: { ...summary, relays }, services });
  assert.throws(() => written(true), /edge has no binding RELAY, which \[relays\] of keystile\.toml needs/);
  assert.ok(written(false));
});

test("each worker is deployed after those whose objects it names, but for the edge", () => {
  const names = (worker) => generated(worker).durable_objects.bindings.map(({ script_name }) => script_name).filter(Boolean);
  for (const [at, worker] of WORKERS.entries()) {
    if (worker === "edge") continue;
    const before = WORKERS.slice(0, at).map((each) => `keystile-${each}`);
    assert.deepEqual(names(worker).filter((name) => !before.includes(name)), [], worker);
  }
  assert.ok(names("limiter").includes("keystile-sender"));
});

test("the sender reaches public addresses alone, and has no address of its own", () => {
  const sender = generated("sender");
  assert.deepEqual(sender.compatibility_flags, ["global_fetch_strictly_public"]);
  assert.deepEqual([sender.workers_dev, sender.routes], [false, undefined]);
});

test("a binding is only where an upstream is called", () => {
  const upstreams = [{ name: "api", service: "UPSTREAM", url: null, of_routes: true, of_webhooks: false }];
  assert.ok(generated("edge", { upstreams }).services.some(({ binding }) => binding === "UPSTREAM"));
  assert.equal(generated("hooks", { upstreams }).services, undefined);
});

test("later versions are told by their three numbers", () => {
  assert.ok(isLater("0.2.0", "0.1.9"));
  assert.ok(isLater("0.10.0", "0.9.0"));
  assert.ok(!isLater("0.1.0", "0.1.0"));
  assert.ok(!isLater("0.1.0", "1.0.0"));
  assert.equal(latest(["0.9.0", undefined, "mine", "0.10.0", "0.1.0"]), "0.10.0");
  assert.equal(latest([undefined, "mine"]), undefined);
});
