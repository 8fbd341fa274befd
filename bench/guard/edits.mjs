// The changes that Keystile's edge makes to the headers of a request and an answer, and its answer to a forged key, as a
// careful developer would write them by hand.

const DROPPED = new Set([
  "x-api-key",
  "proxy-authorization",
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-override-url",
  "x-rewrite-url",
  "x-host",
  "x-real-ip",
  "x-client-ip",
  "x-cluster-client-ip",
  "true-client-ip",
  "fastly-client-ip",
  "forwarded",
  "signature",
  "signature-input",
]);
const DROPPED_FAMILIES = ["keystile", "x-forwarded-", "x-original-"];

const REFUSED = "The key's checksum is wrong: a character was mistyped or changed.";
const WITHOUT_STORAGE = 'keystile;desc="kv=0 feed=0 cache=hit"';

const isolate = Math.random().toString(36).slice(2, 10).padEnd(8, "0");
let requests = 0;

/** Forwards a request of this holder of a key: `{id, tenant, environment, scopes}`. */
export async function forward(upstream, request, holder) {
  const requestId = nextRequestId();
  const headers = new Headers(request.headers);
  for (const name of request.headers.keys()) {
    const plain = name.includes("_") ? name.replaceAll("_", "-") : name;
    if (DROPPED.has(plain) || DROPPED_FAMILIES.some((family) => plain.startsWith(family))) headers.delete(name);
  }
  if (/bearer/i.test(headers.get("Authorization"))) headers.delete("Authorization");
  headers.set("Keystile-Key-Id", holder.id);
  headers.set("Keystile-Tenant", holder.tenant);
  headers.set("Keystile-Environment", holder.environment);
  headers.set("Keystile-Scopes", holder.scopes);
  headers.set("Keystile-Request-Id", requestId);
  const address = request.headers.get("CF-Connecting-IP");
  if (address) headers.set("Keystile-Client-Ip", address);

  const answered = await upstream.fetch(request, { headers, redirect: "manual" });
  if (answered.status === 101) return answered;
  const answer = new Response(answered.body, answered);
  for (const name of [...answer.headers.keys()]) {
    if (name.startsWith("keystile")) answer.headers.delete(name);
  }
  if (answer.headers.has("Cache-Control")) answer.headers.append("Vary", "Authorization, x-api-key");
  else answer.headers.set("Cache-Control", "private, no-store");
  answer.headers.append("Server-Timing", WITHOUT_STORAGE);
  answer.headers.set("Keystile-Request-Id", requestId);
  return answer;
}

/** The answer to a key that nobody made. */
export function refusal() {
  const requestId = nextRequestId();
  const problem = {
    code: "MALFORMED",
    detail: REFUSED,
    request_id: requestId,
    status: 401,
    title: "Unauthorized",
    type: "about:blank",
  };
  return new Response(JSON.stringify(problem), {
    status: 401,
    headers: {
      "WWW-Authenticate": `Bearer realm="Benchmark", error="invalid_token", error_description="${REFUSED}"`,
      "Content-Type": "application/problem+json",
      "Cache-Control": "private, no-store",
      "Keystile-Request-Id": requestId,
      "Server-Timing": WITHOUT_STORAGE,
    },
  });
}

function nextRequestId() {
  requests += 1;
  return `req_${isolate}${requests.toString(36).padStart(6, "0")}`;
}
