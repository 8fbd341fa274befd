// The upstream of every subject: a small answer, or under /echo what reached it.

const LEADS = JSON.stringify({
  leads: [
    { id: "lead_1", name: "Ada Lovelace", company: "Analytical Engines", status: "open" },
    { id: "lead_2", name: "Grace Hopper", company: "Flow-Matic", status: "won" },
  ],
  next: null,
});

export default {
  fetch(request) {
    const { pathname, search } = new URL(request.url);
    if (pathname.endsWith("/echo")) return echo(request, pathname + search);
    return new Response(LEADS, { headers: { "Content-Type": "application/json", ETag: '"leads-7"' } });
  },
};

/** What reached it, with headers of the answer that a guard doesn't let through. */
async function echo(request, target) {
  const { method, headers } = request;
  // Keystile's word to Cloudflare's cache is no header, and no rival says it.
  const { cacheTtl, cacheLevel, cacheControl, ...cf } = request.cf;
  const seen = { method, target, cf, headers: Object.fromEntries(headers), body: await request.text() };
  return Response.json(seen, {
    headers: {
      "Keystile-Tenant": "the upstream's own",
      "Server-Timing": "db;dur=5",
      "Set-Cookie": "a=b",
      ...(headers.has("x-cached") && { "Cache-Control": "max-age=60" }),
    },
  });
}
