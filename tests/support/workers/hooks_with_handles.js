// The worker that receives webhooks, with handles that only a test has: the
// clock of its isolate can be moved, an object's alarm called, a statement of
// SQL run, its queue and its objects put out of reach, its patience with upstreams
// shortened. What runs in between is what is deployed.

import { hooks as config } from "keystile-config";
import { durableObject, handlers } from "../../../crates/runtime/worker.js";
import * as rust from "../../../crates/hooks/build/index.js";

globalThis.KEYSTILE_CONFIG = config;

const Hooks = handlers(rust, ["fetch", "queue"]);

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
/** How long an upstream has at most, in milliseconds, and how long the worker would have given it. */
let patience = Infinity;
let given = null;
const realTimeout = AbortSignal.timeout;
AbortSignal.timeout = (ms) => {
  given = ms;
  return realTimeout.call(AbortSignal, Math.min(ms, patience));
};
let deliveries = "ok";
/** Or "down", or "mute": done, but not answered; or how long to wait: {before, after} what is asked. */
let deadLetters = "ok";
let queue = "ok";

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The environment with a queue that fails when it is told to. */
const withQueue = (env) => ({
  ...env,
  EVENTS: {
    async send(...message) {
      if (queue === "down") throw new Error("injected");
      return env.EVENTS.send(...message);
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

export class Bodies extends withHandles(durableObject(rust, "Bodies", ["fetch", "alarm"])) {}
export class DeadLetters extends withHandles(durableObject(rust, "DeadLetters", ["fetch", "alarm"])) {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const { before = 0, after = 0 } = deadLetters;
    if (!["/redrive", "/discard"].includes(pathname)) return super.fetch(request);
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
    const own = new URL(request.url).pathname.startsWith("/__");
    if (deliveries === "down" && !own) throw new Error("injected");
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
    if (pathname === "/__dead_letters") {
      deadLetters = await request.json();
      return Response.json(deadLetters);
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
