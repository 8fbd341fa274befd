// Passes calls on to the real relays and to the feed, and counts them: those of isolates, which come to this worker as
// requests, and those of relays and ledgers, which come to its objects.

import { DurableObject } from "cloudflare:workers";

/** By tier ("local", "regional" or "feed"), by name and path, the number of calls since they were last taken. */
let calls = {};

function count(tier, name, path) {
  const key = `${name} ${path}`;
  calls[tier] ??= {};
  calls[tier][key] = (calls[tier][key] ?? 0) + 1;
}

const before = (tier, namespace) =>
  class extends DurableObject {
    fetch(request) {
      const { name } = this.ctx.id;
      count(tier, name, new URL(request.url).pathname);
      return this.env[namespace].getByName(name).fetch(request);
    }
  };

/** The relays, as relays see them. */
export class RelaysRelay extends before("regional", "REAL_RELAY") {}
/** The feed, as relays and ledgers see it. */
export class CountedFeed extends before("feed", "REAL_FEED") {}

export default {
  async fetch(request, { REAL_RELAY, REAL_FEED }) {
    const { pathname, search } = new URL(request.url);
    const [kind, name, path] = pathname.slice(1).split("/");
    if (kind === "taken") {
      const taken = calls;
      calls = {};
      return Response.json(taken);
    }
    const body = await request.text();
    const objects = { relay: REAL_RELAY, feed: REAL_FEED }[kind];
    if (!objects) return Response.json({});
    if (kind === "relay") count("local", name, `/${path}`);
    return objects.getByName(name).fetch(`https://object/${path}${search}`, { method: "POST", body });
  },
};
