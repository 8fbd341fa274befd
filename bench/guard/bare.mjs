// Forwards, and does nothing else: what a worker before an upstream costs at least.

export default {
  fetch: (request, env) => env.UPSTREAM.fetch(request),
};
