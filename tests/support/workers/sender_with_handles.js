// The worker that sends events, with handles for tests. They move the clock of its isolate, make its objects late, and
// do with them what object_handles.js can. The code in between is the deployed one.

import { sender as config } from "keystile-config";
import { durableObject, handlers } from "../../../crates/runtime/worker.js";
import * as rust from "../../../crates/sender/build/index.js";
import { failSql, withHandles } from "./object_handles.js";
import { recording, takeWritten } from "./points.js";

globalThis.KEYSTILE_CONFIG = config;

const Worker = handlers(rust, ["fetch"]);

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;

/** How long an object waits before it takes a call, milliseconds. */
let late = 0;
const slow = (Deployed) =>
  class extends withHandles(Deployed) {
    async fetch(request) {
      const isHandle = new URL(request.url).pathname.startsWith("/__");
      if (late && !isHandle) await new Promise((resolve) => setTimeout(resolve, late));
      return super.fetch(request);
    }
  };

/** The platform's alarms go by the moved clock, too: one is moved as far as the clock is when it is set. */
const movable = (Deployed) =>
  class extends Deployed {
    constructor(context, env) {
      const { storage } = context;
      const setAlarm = storage.setAlarm.bind(storage);
      Object.defineProperty(storage, "setAlarm", {
        configurable: true,
        value: (at, ...given) => setAlarm(Number(at) - offset, ...given),
      });
      super(context, env);
    }
  };

export class EventRouter extends movable(slow(durableObject(rust, "EventRouter", ["fetch", "alarm"]))) {}
export class EventEndpoint extends movable(slow(durableObject(rust, "EventEndpoint", ["fetch", "alarm"]))) {
  constructor(context, env) {
    super(context, recording(env));
  }
}

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/__clock":
        offset = await request.json();
        return Response.json(Date.now());
      case "/__points":
        return takeWritten();
      case "/__late":
        late = await request.json();
        return Response.json(null);
      case "/__fail":
        return Response.json(failSql(await request.json()));
    }
    const [, object, binding, name, path] = /^\/(__object)\/(\w+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (object) return env[binding].getByName(name).fetch(`https://object/${path}`, { method: "POST", body: request.body });
    return Worker.fetch(request, env, context);
  },
};
