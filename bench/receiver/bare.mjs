// Only forwards: it verifies nothing and remembers nothing.

export default {
  fetch: (request, env) => env.UPSTREAM.fetch(request),
};
