// The worker that receives webhooks, with handles that only a test has: the
// clock of its isolate can be moved, an object's alarm called, a statement of
// SQL run. What runs in between is what is deployed.

import config from "keystile-config";
import Hooks, { Deliveries as DeployedDeliveries } from "../crates/hooks/build/index.js";

globalThis.KEYSTILE_CONFIG = config;

const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
let deliveries = "ok";

/** An object whose `/__…` paths are the test's. */
export class Deliveries extends DeployedDeliveries {
  #context;

  constructor(context, env) {
    super(context, env);
    this.#context = context;
  }

  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__alarm") return Response.json((await this.alarm(), null));
    if (pathname === "/__alarm_at") return Response.json(await this.#context.storage.getAlarm());
    if (pathname === "/__sql") return Response.json(this.#context.storage.sql.exec(await request.json()).toArray());
    if (deliveries === "down") throw new Error("injected");
    return super.fetch(request);
  }
}

export default class extends Hooks {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__clock") {
      offset = await request.json();
      return Response.json(Date.now());
    }
    if (pathname === "/__deliveries") {
      deliveries = await request.json();
      return Response.json(deliveries);
    }
    const [, object, binding, name, path] = /^\/(__object)\/(\w+)\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    if (object) {
      const stub = this.env[binding].getByName(decodeURIComponent(name));
      return stub.fetch(`https://object/${path}`, { method: "POST", body: request.body });
    }
    return super.fetch(request);
  }
}
