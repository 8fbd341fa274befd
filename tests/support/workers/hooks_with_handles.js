// The worker that receives webhooks, with handles for tests. They move the clock of its isolate, call an object's
// alarm, run a statement of SQL, put its queue and its objects out of reach, and shorten its patience with upstreams.
// The code in between is the deployed one.

import { beginCounting, counted } from "./held_bytes.js";
import { hooks as config } from "keystile-config";
import { durableObject, handlers } from "../../../crates/runtime/worker.js";
import * as rust from "../../../crates/hooks/build/index.js";

globalThis.KEYSTILE_CONFIG = config;

const Hooks = handlers(rust, ["fetch", "queue"]);

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
/** The maximum time for an upstream, and the time that the worker would have given it, in milliseconds. */
let patience = Infinity;
let given = null;
const realTimeout = AbortSignal.timeout;
AbortSignal.timeout = (ms) => {
  given = ms;
  return realTimeout.call(AbortSignal, Math.min(ms, patience));
};
/**
 * The state of the objects of deliveries: "ok"; "down"; "deaf at the end": they aren't told what became of a delivery
 * later; or the wait {before} a replay.
 */
let deliveries = "ok";
/** Whether bodies can't be stored: "ok"; "down"; or how many of the next `store` calls still succeed. */
let bodies = "ok";
/** The names of the objects that stored something since the last change. */
let stored = new Set();
/**
 * The state of the objects of dead letters: "ok"; "down"; "mute": the call is done but not answered; or the waits
 * {before, after} the call.
 */
let deadLetters = "ok";
let queue = "ok";
/** Whether the objects of senders' keys can be reached, and how often they were called. */
let keys = "ok";
let keyCalls = 0;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The environment with a queue that fails on command. */
const withQueue = (env) => ({
  ...env,
  EVENTS: {
    async sendBatch(messages) {
      if (queue === "down") throw new Error("injected");
      return env.EVENTS.sendBatch(messages);
    },
  },
});

/** An object whose `/__…` paths are the test's. */
const withHandles = (Deployed) =>
  class extends Deployed {
    #context;

    constructor(context, env) {
      super(context, withQueue(env));
      this.#context = context;
    }

    async fetch(request) {
      const { storage } = this.#context;
      switch (new URL(request.url).pathname) {
        case "/__alarm":
          return Response.json((await this.alarm(), null));
        case "/__alarm_at":
          return Response.json(await storage.getAlarm());
        case "/__sql":
          return Response.json(storage.sql.exec(await request.json()).toArray());
        case "/__keys":
          return Response.json([...(await storage.list()).keys()]);
        default:
          return super.fetch(request);
      }
    }
  };

export class Bodies extends withHandles(durableObject(rust, "Bodies", ["fetch", "alarm"])) {
  #name;

  constructor(context, env) {
    super(context, env);
    this.#name = context.id.name;
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    const fails = bodies === "down" || (pathname.startsWith("/store/") && typeof bodies === "number" && bodies-- <= 0);
    if (fails && !pathname.startsWith("/__")) throw new Error("injected");
    if (pathname.startsWith("/store/")) stored.add(this.#name);
    return super.fetch(request);
  }
}
export class DeadLetters extends withHandles(durableObject(rust, "DeadLetters", ["fetch", "alarm"])) {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const { before = 0, after = 0 } = deadLetters;
    if (!["/redrive", "/discard", "/note-handshake", "/state"].includes(pathname)) return super.fetch(request);
    if (deadLetters === "down") throw new Error("injected");
    if (before) await sleep(before);
    const answer = await super.fetch(request);
    if (deadLetters === "mute") throw new Error("injected");
    if (after) await sleep(after);
    return answer;
  }
}
export class Deliveries extends withHandles(durableObject(rust, "Deliveries", ["fetch", "alarm"])) {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (deliveries === "down" && !pathname.startsWith("/__")) throw new Error("injected");
    if (pathname === "/replay" && deliveries.before) await sleep(deliveries.before);
    if (pathname === "/settle" && deliveries === "deaf at the end") throw new Error("injected");
    return super.fetch(request);
  }
}

export class Keys extends withHandles(durableObject(rust, "Keys", ["fetch", "alarm"])) {
  async fetch(request) {
    const own = new URL(request.url).pathname.startsWith("/__");
    if (keys === "down" && !own) throw new Error("injected");
    if (!own) keyCalls += 1;
    return super.fetch(request);
  }
}

export default {
  queue(batch, env, context) {
    return Hooks.queue(batch, withQueue(env), context);
  },

  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__clock") {
      offset = await request.json();
      return Response.json(Date.now());
    }
    if (pathname === "/__patience") {
      patience = (await request.json()) ?? Infinity;
      return Response.json(given);
    }
    if (pathname === "/__deliveries") {
      deliveries = await request.json();
      return Response.json(deliveries);
    }
    if (pathname === "/__bodies") {
      bodies = await request.json();
      const names = [...stored];
      stored.clear();
      return Response.json(names);
    }
    if (pathname === "/__held") {
      const answer = counted();
      if ((await request.json()) === "begin") beginCounting();
      return Response.json(answer);
    }
    if (pathname === "/__dead_letters") {
      deadLetters = await request.json();
      return Response.json(deadLetters);
    }
    if (pathname === "/__keys") {
      keys = (await request.json()) ?? keys;
      return Response.json(keyCalls);
    }
    if (pathname === "/__queue") {
      queue = await request.json();
      return Response.json(queue);
    }
    const [, object, binding, name, path] = /^\/(__object)\/(\w+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (object) {
      const stub = env[binding].getByName(decodeURIComponent(name));
      return stub.fetch(`https://object/${path}`, { method: "POST", body: request.body });
    }
    return Hooks.fetch(request, withQueue(env), context);
  },
};
