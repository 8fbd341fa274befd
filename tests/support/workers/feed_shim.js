// A shim between the workers and the feed: it passes every call on to the real object, or is down, hangs or is late, as
// a test sets it.

import { DurableObject } from "cloudflare:workers";

const FEED_NAME = "feed";

class FeedShim extends DurableObject {
  mode = "ok";
  calls = {};

  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__shim") return this.control(request);
    this.calls[pathname] = (this.calls[pathname] ?? 0) + 1;
    if (this.mode === "down") throw new Error("the feed is down");
    if (this.mode === "hang") await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (this.mode.late) await new Promise((resolve) => setTimeout(resolve, this.mode.late));
    return this.env.REAL_FEED.getByName(FEED_NAME).fetch(request);
  }

  async control(request) {
    if (request.method === "PUT") this.mode = await request.json();
    return Response.json(this.calls);
  }
}

export class EdgesFeed extends FeedShim {}
export class LedgersFeed extends FeedShim {}

export default {
  fetch(request, env) {
    const namespace = new URL(request.url).pathname === "/edges" ? env.EDGES : env.LEDGERS;
    const { method } = request;
    return namespace.getByName(FEED_NAME).fetch("http://shim/__shim", { method, body: request.body });
  },
};
