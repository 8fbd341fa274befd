// What the edge does with requests and responses in JavaScript. Every crossing
// between WebAssembly and JavaScript costs about as much as hashing a key, so
// each of these does in one call what would be a dozen. No request is judged here.

const SEPARATOR = "\0";
const ABSENT = "\x01";

// Request headers that never go on to an upstream, hyphens for underscores:
// some servers take one for the other. Keystile's own begin with "keystile".
const DROPPED = new Set([
  // A credential, wherever it stands. Authorization goes if it is one.
  "x-api-key",
  "proxy-authorization",
  // These make some frameworks see another method, path or host than was judged.
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "x-original-url",
  "x-rewrite-url",
  "x-forwarded-host",
  "x-forwarded-prefix",
  "forwarded",
  // The edge's to write.
  "signature",
  "signature-input",
]);

// Response headers that are added to what the upstream sent; others replace it.
const APPENDED = new Set(["Vary", "Server-Timing"]);

/// All that the guard reads of a request, and the time, as one string.
export function describe(request) {
  const headers = request.headers;
  const header = (name) => headers.get(name) ?? ABSENT;
  return [
    Date.now(),
    request.method,
    request.url,
    header("Authorization"),
    header("X-Api-Key"),
    header("CF-Connecting-IP"),
    header("Origin"),
    header("Access-Control-Request-Method"),
  ].join(SEPARATOR);
}

/// A response made here. `headers` is names and values, one after the other.
export function respond(status, headers, body) {
  return new Response(body, { status, headers: pairs(headers) });
}

/// Forwards a request that was let through. `set` are headers of the request,
/// `answer` headers of the response; `fetcher` is a service binding, or
/// undefined for a URL. `cors` says that cross-origin headers are ours to write.
/// `failed` makes the response if there is none from the upstream.
export async function forward(fetcher, request, url, dropAuthorization, set, answer, cors, requestId, failed) {
  let response;
  try {
    const headers = upstreamHeaders(request.headers, dropAuthorization, set);
    const init = { headers, redirect: "manual", cache: "no-store" };
    // A copy keeps the body whatever the method, as `new Request(url, init)` would not.
    const copy = new Request(url, request);
    response = await (fetcher ? fetcher.fetch(copy, init) : fetch(copy, init));
    if (response.status === 101) return response;
    response = new Response(response.body, response);
    ownOnly(response.headers, cors);
  } catch (error) {
    response = failed(requestId, String(error));
  }
  return withHeaders(response, answer);
}

function withHeaders(response, headers) {
  for (const [name, value] of pairs(headers)) {
    if (APPENDED.has(name)) response.headers.append(name, value);
    else response.headers.set(name, value);
  }
  return response;
}

/// Hands a request to the worker that receives webhooks, as it came, but for
/// what we say of it: that is set whatever came, so that nobody else can say it.
export async function handOver(env, request, reach, answer, requestId, failed) {
  let response;
  try {
    const copy = new Request(request);
    copy.headers.set("Keystile-Request-Id", requestId);
    copy.headers.set("Keystile-Reach", reach);
    response = await env.HOOKS.fetch(copy);
    response = new Response(response.body, response);
  } catch (error) {
    response = failed(requestId, String(error));
  }
  return withHeaders(response, answer);
}

function upstreamHeaders(incoming, dropAuthorization, set) {
  const headers = new Headers(incoming);
  for (const name of incoming.keys()) {
    const plain = name.replaceAll("_", "-");
    if (plain.startsWith("keystile") || DROPPED.has(plain)) headers.delete(name);
  }
  if (dropAuthorization) headers.delete("Authorization");
  for (const [name, value] of pairs(set)) headers.set(name, value);
  return headers;
}

/// Takes away what an upstream can't say, and keeps shared caches off.
function ownOnly(headers, cors) {
  for (const name of [...headers.keys()]) {
    if (name.startsWith("keystile") || (cors && name.startsWith("access-control-"))) headers.delete(name);
  }
  if (headers.has("Cache-Control")) headers.append("Vary", "Authorization, X-Api-Key");
  else headers.set("Cache-Control", "private, no-store");
}

/// A body as text, or null once it is longer than `limit` bytes.
export async function bodyText(request, limit) {
  if (Number(request.headers.get("Content-Length")) > limit) return null;
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > limit) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function pairs(joined) {
  const parts = joined === "" ? [] : joined.split(SEPARATOR);
  const pairs = [];
  for (let i = 0; i + 1 < parts.length; i += 2) pairs.push([parts[i], parts[i + 1]]);
  return pairs;
}
