// The edge worker, with a handle that sends it a request from within its isolate and tells what that made the platform
// do. The code in between is the deployed one.

import { counting, platformCalls } from "./platform_calls.js";
import edge from "../../../crates/edge/entry.js";

export { Guard } from "../../../crates/edge/entry.js";

export default {
  async fetch(request, env, context) {
    const [, target] = /^\/__calls(\/.*)$/.exec(new URL(request.url).pathname) ?? [];
    const upstream = counting(env.UPSTREAM, "UPSTREAM.fetch", "fetch");
    const seen = new Proxy(env, { get: (all, name) => (name === "UPSTREAM" ? upstream : all[name]) });
    const seenContext = counting(context, "waitUntil", "waitUntil");
    if (!target) return edge.fetch(request, seen, seenContext);
    const incoming = new Request(new URL(target, request.url), request);
    const { result, calls } = await platformCalls(() => edge.fetch(incoming, seen, seenContext));
    const { status, headers } = result;
    await result.body?.cancel();
    return Response.json({ status, timing: headers.get("Server-Timing"), calls });
  },
};
