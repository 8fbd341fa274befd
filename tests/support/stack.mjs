// The workers of a stack and their bindings, in the form that a harness takes: the deployed workers, and the tests'
// upstreams, senders and shims.

import path from "node:path";

import { inRoot } from "../../scripts/tools.mjs";

const COMPATIBILITY_DATE = "2026-11-01";
/** The ids of KV namespaces, by an edge's option `kv`. */
const KV = { shared: "keys", empty: "empty", stale: "stale" };

/** The classes of object_shims.js. */
const SHIMS = ["EdgesFeed", "EdgesRelay", "LedgersFeed", "EdgesLimiter", "LedgersLimiter", "Router"];

/** For a worker whose data points a test reads. */
const DATASET = { analytics_engine_datasets: [{ binding: "METRICS", dataset: "keystile_metrics" }] };

/** The options of a harness: every worker of the stack. The first one answers at the harness's own address. */
export function stack({ config, secret, rootKey, edges, handles, hooks, services = [], pages }) {
  const shared = {
    compatibility_date: COMPATIBILITY_DATE,
    alias: { "keystile-config": config },
    vars: { KEYSTILE_SECRET: secret, KEYSTILE_ROOT_KEY: rootKey },
  };
  const guards = Object.entries(edges).map(([edge, options]) => ({ config: edgeConfig(edge, options, shared, hooks) }));
  const manage = { config: manageConfig(handles, shared, hooks, pages) };
  return {
    // Not the repository's root, where `npm start` keeps its secrets.
    root: path.dirname(config),
    workers: [
      ...(pages ? [manage, ...guards] : [...guards, manage]),
      { config: limiterConfig(shared) },
      { config: senderConfig(shared) },
      ...Object.keys(edges).slice(0, 1).map((edge) => ({ config: rpcCallerConfig(edge) })),
      ...(hooks ? hooksConfigs(hooks, shared) : []),
      ...(hooks && Object.keys(edges).length ? [{ config: vanishingSenderConfig(Object.keys(edges)[0]) }] : []),
      { config: { name: "upstream", main: inRoot("dev", "upstream", "worker.js"), compatibility_date: COMPATIBILITY_DATE } },
      { config: { name: "hanging-kv", main: ofTests("hanging_kv"), compatibility_date: COMPATIBILITY_DATE } },
      { config: { name: "odd", main: ofTests("odd_upstream"), compatibility_date: COMPATIBILITY_DATE } },
      { config: shimConfig() },
      ...services.map((service) => ({ config: { compatibility_date: COMPATIBILITY_DATE, ...service } })),
    ],
  };
}

function edgeConfig(name, { kv = "shared", vars = {}, upstream = "upstream", handles = false, counts = false, points = false }, shared, hooks) {
  // A service in place of the namespace: it lacks the method, or never answers.
  const instead = { down: "upstream", hang: "hanging-kv" }[kv];
  const instrumented = (handles && "edge_with_handles") || (counts && "edge_with_counts") || (points && "edge_with_points");
  return {
    ...shared,
    name,
    main: instrumented ? ofTests(instrumented) : inRoot("crates", "edge", "entry.js"),
    vars: { ...shared.vars, UPSTREAM_SECRET: "signing secret of the test upstream", ...vars },
    kv_namespaces: instead ? [] : [{ binding: "KEYS", id: KV[kv] }],
    ...(points && DATASET),
    services: [
      { binding: "UPSTREAM", service: upstream },
      { binding: "ODD", service: "odd" },
      ...(instead ? [{ binding: "KEYS", service: instead }] : []),
      ...(hooks ? [{ binding: "HOOKS", service: "hooks" }] : []),
    ],
    durable_objects: {
      bindings: [
        { name: "FEED", class_name: "EdgesFeed", script_name: "shim" },
        { name: "RELAY", class_name: "EdgesRelay", script_name: "shim" },
        { name: "LEDGER", class_name: "Ledger", script_name: "manage" },
        { name: "LIMITER", class_name: "EdgesLimiter", script_name: "shim" },
      ],
    },
  };
}

function manageConfig(handles, shared, hooks, pages) {
  return {
    ...shared,
    ...(pages && { assets: { directory: inRoot("build", "www"), binding: "ASSETS", run_worker_first: ["/portal"] } }),
    name: "manage",
    ...(handles && DATASET),
    main: handles ? ofTests("manage_with_faults") : inRoot("crates", "manage", "entry.js"),
    kv_namespaces: [{ binding: "KEYS", id: KV.shared }],
    durable_objects: {
      bindings: [
        { name: "LEDGER", class_name: "Ledger" },
        { name: "FEED", class_name: "LedgersFeed", script_name: "shim" },
        { name: "LIMITER", class_name: "LedgersLimiter", script_name: "shim" },
        { name: "REAL_FEED", class_name: "Feed" },
        { name: "OVERVIEW", class_name: "Overview" },
        { name: "RELAY", class_name: "Relay" },
        { name: "EVENT_ROUTER", class_name: "Router", script_name: "shim" },
        { name: "EVENT_ENDPOINT", class_name: "EventEndpoint", script_name: "sender" },
        ...(hooks
          ? [
              { name: "DEAD_LETTERS", class_name: "DeadLetters", script_name: "hooks" },
              { name: "DELIVERIES", class_name: "Deliveries", script_name: "hooks" },
              { name: "WEBHOOK_KEYS", class_name: "Keys", script_name: "hooks" },
            ]
          : []),
      ],
    },
    migrations: [
      { tag: "v1", new_sqlite_classes: ["Ledger", "Feed"] },
      { tag: "v2", new_sqlite_classes: ["Overview"] },
      { tag: "v3", new_sqlite_classes: ["Relay"] },
    ],
  };
}

function limiterConfig({ compatibility_date, alias }) {
  return {
    compatibility_date,
    alias,
    name: "limiter",
    main: ofTests("limiter_with_handles"),
    durable_objects: {
      bindings: [
        { name: "LIMITER", class_name: "Limiter" },
        { name: "LIMITER_RESTORES", class_name: "LimiterRestores" },
        { name: "EVENT_ROUTER", class_name: "Router", script_name: "shim" },
      ],
    },
    migrations: [{ tag: "v1", new_sqlite_classes: ["Limiter", "LimiterRestores"] }],
  };
}

/** The worker that sends events. */
function senderConfig({ compatibility_date, alias, vars: { KEYSTILE_SECRET } }) {
  return {
    compatibility_date,
    compatibility_flags: ["global_fetch_strictly_public"],
    alias,
    vars: { KEYSTILE_SECRET },
    name: "sender",
    main: ofTests("sender_with_handles"),
    ...DATASET,
    durable_objects: {
      bindings: [
        { name: "EVENT_ROUTER", class_name: "EventRouter" },
        { name: "EVENT_ENDPOINT", class_name: "EventEndpoint" },
      ],
    },
    migrations: [{ tag: "v1", new_sqlite_classes: ["EventRouter", "EventEndpoint"] }],
  };
}

/** The worker that receives webhooks, and an upstream that remembers the events that it received. */
function hooksConfigs({ vars = {} }, shared) {
  const hooks = {
    ...shared,
    name: "hooks",
    main: ofTests("hooks_with_handles"),
    vars,
    services: [
      { binding: "UPSTREAM", service: "upstream" },
      { binding: "EVENTS_UPSTREAM", service: "events-upstream" },
    ],
    durable_objects: {
      bindings: [
        { name: "DELIVERIES", class_name: "Deliveries" },
        { name: "DEAD_LETTERS", class_name: "DeadLetters" },
        { name: "BODIES", class_name: "Bodies" },
        { name: "WEBHOOK_KEYS", class_name: "Keys" },
      ],
    },
    migrations: [
      { tag: "v1", new_sqlite_classes: ["Deliveries", "DeadLetters", "Bodies"] },
      { tag: "v2", new_sqlite_classes: ["Keys"] },
    ],
    queues: {
      producers: [{ binding: "EVENTS", queue: "events" }],
      consumers: [
        { queue: "events", max_batch_timeout: 1, max_retries: 2, dead_letter_queue: "events-dead" },
        { queue: "events-dead", max_batch_timeout: 1 },
      ],
    },
  };
  const upstream = {
    name: "events-upstream",
    main: ofTests("events_upstream"),
    compatibility_date: COMPATIBILITY_DATE,
  };
  return [{ config: hooks }, { config: upstream }];
}

function vanishingSenderConfig(edge) {
  return {
    name: "vanishing-sender",
    main: ofTests("vanishing_sender"),
    compatibility_date: COMPATIBILITY_DATE,
    services: [{ binding: "EDGE", service: edge }],
  };
}

function rpcCallerConfig(edge) {
  return {
    name: "rpc-caller",
    main: ofTests("rpc_caller"),
    compatibility_date: COMPATIBILITY_DATE,
    services: [
      { binding: "EDGE", service: edge },
      { binding: "GUARD", service: edge, entrypoint: "Guard" },
    ],
    durable_objects: { bindings: [{ name: "LEDGER", class_name: "Ledger", script_name: "manage" }] },
  };
}

function shimConfig() {
  return {
    name: "shim",
    main: ofTests("object_shims"),
    compatibility_date: COMPATIBILITY_DATE,
    kv_namespaces: [{ binding: "STALE", id: KV.stale }],
    durable_objects: {
      bindings: [
        { name: "REAL_FEED", class_name: "Feed", script_name: "manage" },
        { name: "REAL_RELAY", class_name: "Relay", script_name: "manage" },
        { name: "REAL_LIMITER", class_name: "Limiter", script_name: "limiter" },
        { name: "REAL_ROUTER", class_name: "EventRouter", script_name: "sender" },
        ...SHIMS.map((shim) => ({ name: shim, class_name: shim })),
      ],
    },
    migrations: [{ tag: "v1", new_sqlite_classes: SHIMS }],
  };
}

/** A worker that only tests have. */
const ofTests = (name) => inRoot("tests", "support", "workers", `${name}.js`);
