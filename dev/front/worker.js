// Passes each request on, untouched, to the worker whose port it came to.
// PORTS is given by scripts/stack.mjs: {"8787": "EDGE", …}.

export default {
  async fetch(request, env) {
    const ports = JSON.parse(env.PORTS);
    const name = ports[new URL(request.url).port];
    if (!name) return new Response(`No worker on this port: ${env.PORTS}\n`, { status: 404 });
    return plainIfNotAsked(request, await env[name].fetch(request));
  },
};

/**
 * The runtime asks every worker for gzip, as Cloudflare does. Unlike Cloudflare, it hands gzip on to a caller that sent
 * no Accept-Encoding. Without the header that names it, the runtime unpacks the body.
 */
function plainIfNotAsked(request, response) {
  if (request.cf?.clientAcceptEncoding || !response.headers.has("content-encoding")) return response;
  const plain = new Response(response.body, response);
  plain.headers.delete("content-encoding");
  return plain;
}
