// The worker of the limiters, with handles for tests. They move the clock of its isolate, put the objects of restores
// out of reach, do with its objects what object_handles.js can, and stand in for the platform's way back to an earlier
// point, which the local runtime lacks. The code in between is the deployed one.

import { limiter as config } from "keystile-config";
import { durableObject, handlers } from "../../../crates/runtime/worker.js";
import * as rust from "../../../crates/limiter/build/index.js";
import { failSql, withHandles } from "./object_handles.js";

globalThis.KEYSTILE_CONFIG = config;

const Worker = handlers(rust, ["fetch"]);

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
let restores = "ok";

/** The state of each limiter's tables at the point that it goes back to, by the object's name. */
const points = new Map();

const TABLES = ["counts", "tenant", "keys", "additions", "state"];

/** All rows of all tables. */
const stateOf = (sql) => TABLES.map((table) => [table, sql.exec(`SELECT * FROM ${table}`).toArray()]);

function putBack(sql, state) {
  for (const [table, rows] of state) {
    sql.exec(`DELETE FROM ${table}`);
    for (const row of rows) {
      const places = Object.keys(row).map(() => "?").join(", ");
      sql.exec(`INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${places})`, ...Object.values(row));
    }
  }
}

export class Limiter extends withHandles(durableObject(rust, "Limiter", ["fetch", "alarm"])) {
  #context;

  constructor(context, env) {
    const { id, storage } = context;
    const getBookmarkForTime = storage.getBookmarkForTime.bind(storage);
    Object.defineProperties(storage, {
      getBookmarkForTime: {
        value: async (time) => (points.has(id.name) ? `the point of ${id.name}` : getBookmarkForTime(time)),
      },
      onNextSessionRestoreBookmark: { value: async () => putBack(storage.sql, points.get(id.name)) },
    });
    super(context, env);
    this.#context = context;
  }

  async fetch(request) {
    const { id, storage } = this.#context;
    if (new URL(request.url).pathname !== "/__point") return super.fetch(request);
    points.set(id.name, stateOf(storage.sql));
    return Response.json(null);
  }
}

export class LimiterRestores extends withHandles(durableObject(rust, "LimiterRestores", ["fetch"])) {
  async fetch(request) {
    if (restores === "down") throw new Error("injected");
    if (restores.late) await new Promise((resolve) => setTimeout(resolve, restores.late));
    return super.fetch(request);
  }
}

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/__clock":
        offset = await request.json();
        return Response.json(Date.now());
      case "/__fail":
        return Response.json(failSql(await request.json()));
      case "/__restores":
        restores = await request.json();
        return Response.json(restores);
    }
    const [, object, binding, name, path] = /^\/(__object)\/(\w+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (object) return env[binding].getByName(name).fetch(`https://object/${path}`, { method: "POST", body: request.body });
    return Worker.fetch(request, env, context);
  },
};
