// Passes each request on, untouched, to the worker whose port it came to.
// PORTS is given by scripts/stack.mjs: {"8787": "EDGE", …}.

export default {
  fetch(request, env) {
    const ports = JSON.parse(env.PORTS);
    const name = ports[new URL(request.url).port];
    if (!name) return new Response(`No worker on this port: ${env.PORTS}\n`, { status: 404 });
    return env[name].fetch(request);
  },
};
