// Only forwards.
export default {
  fetch: (request, env) => env.UPSTREAM.fetch(request),
};
