// The management worker, with handles that only a test has: the clock of its
// isolate can be moved, an object's alarm called or read, a statement of SQL
// run or made to fail, the rows that statements read and the alarms that are
// set counted, a ledger killed or put out of reach, long waits cut short. What runs
// in between is what is deployed.

import config from "keystile-config";
import Manage, { Feed as DeployedFeed, Ledger as DeployedLedger } from "../crates/manage/build/index.js";

globalThis.KEYSTILE_CONFIG = config;

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
const realSetTimeout = setTimeout;
let hurried = false;
// A body's deadline, and nothing else that a request waits for, is this long.
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

export class Feed extends withHandles(DeployedFeed) {}
export class Ledger extends withHandles(DeployedLedger) {
  async fetch(request) {
    if (ledgers === "down") throw new Error("injected");
    return super.fetch(request);
  }
}

export default class extends Manage {
  async fetch(request) {
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
    const [, object, binding, name, path] = /^\/(__object)\/(\w+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (object) return this.env[binding].getByName(name).fetch(`https://object/${path}`, { method: "POST", body: request.body });
    return super.fetch(request);
  }
}
