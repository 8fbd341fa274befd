// Shims between the workers and the objects that they call: each passes every call on to the real object of the same
// name, or is down, hangs or is late, as a test sets it.

import { DurableObject } from "cloudflare:workers";

/** The behaviour of each shim, and the number of calls so far by path. All objects of a shim share them. */
const shims = {};

/** The calls of the feed that only relays make, beside edges. */
const OF_RELAYS = ["/poll", "/follow", "/record"];

/** The class of a shim, before the objects of this namespace. Calls of relays have another shim, if one is named. */
function before(namespace, name, nameForRelays = name) {
  for (const each of [name, nameForRelays]) shims[each] ??= { mode: "ok", calls: {} };
  return class extends DurableObject {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const shim = shims[OF_RELAYS.includes(pathname) ? nameForRelays : name];
      const { mode } = shim;
      shim.calls[pathname] = (shim.calls[pathname] ?? 0) + 1;
      if (mode === "down") throw new Error(`${name} is down`);
      if (mode === "hang") await new Promise((resolve) => setTimeout(resolve, 60_000));
      if (mode.late) await new Promise((resolve) => setTimeout(resolve, mode.late));
      return this.env[namespace].getByName(this.ctx.id.name).fetch(request);
    }
  };
}

export class EdgesFeed extends before("REAL_FEED", "feed/edges") {}
export class EdgesRelay extends before("REAL_RELAY", "relay/edges") {}
export class LedgersFeed extends before("REAL_FEED", "feed/ledgers", "feed/relays") {}
export class EdgesLimiter extends before("REAL_LIMITER", "limiter/edges") {}
export class LedgersLimiter extends before("REAL_LIMITER", "limiter/ledgers") {}

/**
 * The events that routers were given by ledgers and limiters, by tenant, and the behaviour of all routers to them: "ok",
 * "down", or "silent" (it takes them).
 */
const routed = { mode: "ok", batches: {} };

/** Before the routers of events. */
export class Router extends DurableObject {
  async fetch(request) {
    if (routed.mode === "down") throw new Error("the router is down");
    if (new URL(request.url).pathname === "/record") {
      const { events } = await request.clone().json();
      (routed.batches[this.ctx.id.name] ??= []).push(events);
    }
    const answer = await this.env.REAL_ROUTER.getByName(this.ctx.id.name).fetch(request);
    if (routed.mode === "silent") throw new Error("the router says nothing");
    return answer;
  }
}

export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/router") {
      if (request.method === "PUT") routed.mode = await request.json();
      return Response.json(routed.batches);
    }
    const shim = shims[new URL(request.url).pathname.slice(1)];
    if (!shim) return new Response(null, { status: 404 });
    if (request.method === "PUT") shim.mode = await request.json();
    return Response.json(shim.calls);
  },
};
