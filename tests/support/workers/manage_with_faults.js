// The management worker, with handles for tests. They move the clock of its isolate, call or read an object's alarm,
// run a statement of SQL or make one fail, count the rows that statements read and the alarms that are set, kill a
// ledger or put it out of reach, shorten long waits, and make the WebAssembly trap. The code in between is the deployed
// one.

import { manage as config } from "keystile-config";
import { durableObject, handlers } from "../../../crates/runtime/worker.js";
import * as deployed from "../../../crates/manage/build/index.js";
import { trapping } from "./trapping.js";

globalThis.KEYSTILE_CONFIG = config;

const rust = trapping(deployed, ["Feed", "Ledger"]);
const Manage = handlers(rust, ["fetch"]);

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
const realSetTimeout = setTimeout;
let hurried = false;
// Only a body's deadline is this long; no other wait of a request is.
globalThis.setTimeout = (callback, ms, ...given) => realSetTimeout(callback, hurried && ms >= 30_000 ? 100 : ms, ...given);
let failing = null;
let ledgers = "ok";

function outcome(sql, statement) {
  try {
    return { error: null, rows: sql.exec(statement).toArray() };
  } catch (error) {
    return { error: String(error), rows: [] };
  }
}

/** An object whose `/__…` paths are the test's. */
const withHandles = (Deployed) =>
  class extends Deployed {
    #context;
    #cursors = [];
    #alarmsSet = 0;

    constructor(context, env) {
      const { sql } = context.storage;
      const exec = sql.exec.bind(sql);
      const cursors = [];
      Object.defineProperty(sql, "exec", {
        value(query, ...bindings) {
          if (failing && query.includes(failing)) throw new Error("injected");
          const cursor = exec(query, ...bindings);
          cursors.push(cursor);
          return cursor;
        },
      });
      const setAlarm = context.storage.setAlarm.bind(context.storage);
      Object.defineProperty(context.storage, "setAlarm", {
        value: (...given) => {
          this.#alarmsSet += 1;
          return setAlarm(...given);
        },
      });
      super(context, env);
      this.#context = context;
      this.#cursors = cursors;
    }

    async fetch(request) {
      switch (new URL(request.url).pathname) {
        case "/__alarm":
          await this.alarm();
          return Response.json(null);
        case "/__alarm_at":
          return Response.json(await this.#context.storage.getAlarm());
        case "/__sql":
          return Response.json(outcome(this.#context.storage.sql, await request.json()));
        case "/__rows_read":
          return Response.json(this.#cursors.splice(0).reduce((rows, { rowsRead }) => rows + rowsRead, 0));
        case "/__alarms_set": {
          const set = this.#alarmsSet;
          this.#alarmsSet = 0;
          return Response.json(set);
        }
        case "/__kill":
          return this.#context.abort("killed by a test");
        default:
          return super.fetch(request);
      }
    }
  };

export class Feed extends withHandles(durableObject(rust, "Feed", ["fetch", "alarm"])) {}
export class Ledger extends withHandles(durableObject(rust, "Ledger", ["fetch", "alarm"])) {
  async fetch(request) {
    if (ledgers === "down") throw new Error("injected");
    return super.fetch(request);
  }
}

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__clock") {
      offset = await request.json();
      return Response.json(Date.now());
    }
    if (pathname === "/__hurry") {
      hurried = await request.json();
      return Response.json(hurried);
    }
    if (pathname === "/__fail") {
      failing = await request.json();
      return Response.json(failing);
    }
    if (pathname === "/__ledgers") {
      ledgers = await request.json();
      return Response.json(ledgers);
    }
    if (pathname === "/__instance") return Response.json(globalThis.__worker_init_state.instanceId);
    const [, object, binding, name, path] = /^\/(__object)\/(\w+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (object) return env[binding].getByName(name).fetch(`https://object/${path}`, { method: "POST", body: request.body });
    return Manage.fetch(request, env, context);
  },
};
