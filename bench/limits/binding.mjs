// The platform's rate-limit binding, as its documentation shows it.
export default {
  async fetch(request, env) {
    const { success } = await env.LIMIT.limit({ key: request.headers.get("Authorization") });
    if (!success) return new Response("Too many requests", { status: 429 });
    return env.UPSTREAM.fetch(request);
  },
};
