// A caller of the edge who leaves after a number of milliseconds, and says what came until then. It calls from within
// the runtime: between a test and the edge is a proxy, which keeps its own connection to the edge.

export default {
  async fetch(request, env) {
    const { path, key, after } = await request.json();
    const headers = { Authorization: `Bearer ${key}` };
    let came = "";
    try {
      const answer = await env.EDGE.fetch(`http://edge.example${path}`, { headers, signal: AbortSignal.timeout(after) });
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) came += chunk;
    } catch {
      return Response.json({ came, left: true });
    }
    return Response.json({ came, left: false });
  },
};
