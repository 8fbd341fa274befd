// A counter in KV, as tutorials show it: one for each caller and window.
const WINDOW_MS = 10_000;

export default {
  async fetch(request, env) {
    const key = `${request.headers.get("Authorization")}:${Math.floor(Date.now() / WINDOW_MS)}`;
    const count = Number((await env.COUNTERS.get(key)) ?? 0);
    if (count >= env.LIMIT) return new Response("Too many requests", { status: 429 });
    await env.COUNTERS.put(key, String(count + 1), { expirationTtl: 60 });
    return env.UPSTREAM.fetch(request);
  },
};
