// What the edge does with requests and responses in JavaScript. Every crossing
// between WebAssembly and JavaScript costs about as much as hashing a key, so
// each of these does in one call what would be a dozen. No request is judged here.

import { pairs, SEPARATOR } from "#runtime/crossing.js";

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

// What `cache: "no-store"` tells Cloudflare's cache: neither to answer nor to keep it,
// for it can't see whose answer it is. (The option would also send `Cache-Control:
// no-cache`, which no caller asked for, and after which no server answers 304.)
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" };

// Encodings within encodings that a header is searched for keys in.
const MAX_DECODED = 4;

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

/// Forwards a request that was let through. `set` are headers of the request,
/// `answer` headers of the response; `fetcher` is a service binding, or
/// undefined for a URL. `keys` finds keys in a text. `cors` says that cross-origin
/// headers are ours to write. `failed` makes the response if there is none from the
/// upstream.
export async function forward(fetcher, request, url, keys, dropAuthorization, set, answer, cors, requestId, failed) {
  let response;
  try {
    const headers = upstreamHeaders(request.headers, keys, dropAuthorization, set, requestId);
    const init = { headers, redirect: "manual", cf: fetcher ? { ...request.cf, ...UNCACHED } : UNCACHED };
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

function upstreamHeaders(incoming, keys, dropAuthorization, set, requestId) {
  const headers = new Headers(incoming);
  for (const [name, value] of incoming) {
    const plain = name.replaceAll("_", "-");
    // Authorization is not searched if it goes: it holds the very key that was judged.
    const goes = name === "authorization" ? dropAuthorization : plain.startsWith("keystile") || DROPPED.has(plain);
    if (goes) headers.delete(name);
    else if (holdsKey(value, keys)) {
      headers.delete(name);
      console.warn(JSON.stringify({ level: "warn", event: "key_not_forwarded", header: name, request_id: requestId }));
    }
  }
  for (const [name, value] of pairs(set)) headers.set(name, value);
  return headers;
}

/// Whether a header's value is a key or has one in it: as it is, percent-encoded, or
/// in base64.
function holdsKey(value, keys) {
  let text = value;
  for (let round = 0; round < MAX_DECODED; round += 1) {
    if (keys.test(text)) return true;
    if (!text.includes("%")) break;
    text = text.replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  // A key that begins with too little to be told in base64, in the place made for it.
  const [, credentials] = /^basic +([\w+/-]+)/i.exec(value) ?? [];
  return credentials !== undefined && keys.test(decodedBase64(credentials));
}

function decodedBase64(text) {
  try {
    return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

/// Takes away what an upstream can't say, and keeps shared caches off.
function ownOnly(headers, cors) {
  for (const name of [...headers.keys()]) {
    if (name.startsWith("keystile") || (cors && name.startsWith("access-control-"))) headers.delete(name);
  }
  if (headers.has("Cache-Control")) headers.append("Vary", "Authorization, X-Api-Key");
  else headers.set("Cache-Control", "private, no-store");
}
