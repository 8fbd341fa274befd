// The edge worker, asked many times within one request, so that nothing but its own work is between two verdicts. Its
// upstream answers at once: a subrequest would leave the isolate.

import edge from "../../crates/edge/entry.js";

export default {
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/__repeat") return edge.fetch(request, env, context);
    const asked = new Request(new URL("/api/leads", request.url), { headers: request.headers });
    const repeated = { ...env, UPSTREAM: { fetch: async () => new Response(null, { status: 204 }) } };
    for (let left = Number(searchParams.get("count")); left > 0; left -= 1) {
      const { status } = await edge.fetch(asked, repeated, context);
      if (status !== 204) return new Response(`a request was answered ${status}`, { status: 500 });
    }
    return new Response("ok");
  },
};
