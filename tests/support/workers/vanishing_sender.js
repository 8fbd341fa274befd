// A sender of webhooks that hangs up after a number of milliseconds. It calls the edge from within the runtime. Between
// a test and the edge is a proxy, which keeps its own connection to the edge, so the edge would not notice a test's
// hanging up.

export default {
  async fetch(request, env) {
    const { path, headers, body, stalls, after } = await request.json();
    const signal = AbortSignal.timeout(after);
    // With `stalls` the end of the body never comes.
    const sent = stalls ? unended(body) : body;
    try {
      const answer = await env.EDGE.fetch(`http://edge.example${path}`, { method: "POST", headers, body: sent, signal });
      return Response.json(answer.status);
    } catch {
      return Response.json("hung up");
    }
  },
};

function unended(text) {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
    },
    pull: () => new Promise(() => {}),
  });
}
