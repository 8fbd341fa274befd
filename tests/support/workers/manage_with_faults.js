// The management worker, with handles for tests. They move the clock of its isolate, put objects out of reach, shorten
// long waits, make the WebAssembly trap, and do with its objects what object_handles.js can. The code in between is the
// deployed one.

import { manage as config } from "keystile-config";
import { durableObject, handlers } from "../../../crates/runtime/worker.js";
import * as deployed from "../../../crates/manage/build/index.js";
import { failSql, withHandles } from "./object_handles.js";
import { recording, takeWritten } from "./points.js";
import { trapping } from "./trapping.js";

globalThis.KEYSTILE_CONFIG = config;

const rust = trapping(deployed, ["Feed", "Ledger", "Overview", "Relay"]);
const Manage = handlers(rust, ["fetch"]);

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
const realSetTimeout = setTimeout;
let hurried = false;
// Only a body's deadline is this long; no other wait of a request is.
globalThis.setTimeout = (callback, ms, ...given) => realSetTimeout(callback, hurried && ms >= 30_000 ? 100 : ms, ...given);
let ledgers = "ok";
let ledgerCalls = {};
let overview = "ok";
let relays = {};
let relaysCalled = {};

export class Feed extends withHandles(durableObject(rust, "Feed", ["fetch", "alarm"])) {}
export class Ledger extends withHandles(durableObject(rust, "Ledger", ["fetch", "alarm"])) {
  async fetch(request) {
    if (ledgers === "down") throw new Error("injected");
    const { pathname } = new URL(request.url);
    ledgerCalls[pathname] = (ledgerCalls[pathname] ?? 0) + 1;
    return super.fetch(request);
  }
}
export class Overview extends withHandles(durableObject(rust, "Overview", ["fetch"])) {
  async fetch(request) {
    if (overview === "down") throw new Error("injected");
    const answer = await super.fetch(request);
    // It has taken the report, and nobody hears of it.
    if (overview === "silent" && request.url.endsWith("/report")) throw new Error("injected");
    return answer;
  }
}

export class Relay extends withHandles(durableObject(rust, "Relay", ["fetch"])) {
  #name;
  constructor(context, env) {
    super(context, env);
    this.#name = context.id.name;
  }
  async fetch(request) {
    const mode = relays[this.#name];
    relaysCalled[this.#name] = (relaysCalled[this.#name] ?? 0) + 1;
    if (mode === "down") throw new Error("injected");
    if (mode === "hang") await new Promise((resolve) => realSetTimeout(resolve, 60_000));
    return super.fetch(request);
  }
}

export default {
  async fetch(request, env, context) {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/__clock") {
      offset = await request.json();
      return Response.json(Date.now());
    }
    if (pathname === "/__points") return takeWritten();
    if (pathname === "/__hurry") {
      hurried = await request.json();
      return Response.json(hurried);
    }
    if (pathname === "/__fail") {
      return Response.json(failSql(await request.json()));
    }
    if (pathname === "/__ledgers") {
      ledgers = await request.json();
      return Response.json(ledgers);
    }
    if (pathname === "/__ledger_calls") {
      const calls = ledgerCalls;
      ledgerCalls = {};
      return Response.json(calls);
    }
    if (pathname === "/__overview") {
      overview = await request.json();
      return Response.json(overview);
    }
    if (pathname === "/__relays") {
      relays = await request.json();
      return Response.json(relays);
    }
    if (pathname === "/__relays_called") {
      const called = relaysCalled;
      relaysCalled = {};
      return Response.json(called);
    }
    if (pathname === "/__instance") return Response.json(globalThis.__worker_init_state.instanceId);
    const [, object, binding, name, path] = /^\/(__object)\/(\w+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (object) return env[binding].getByName(name).fetch(`https://object/${path}${search}`, { method: "POST", body: request.body });
    return Manage.fetch(request, recording(env), context);
  },
};
