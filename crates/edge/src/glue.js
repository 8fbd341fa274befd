// The edge's work on requests and responses in JavaScript. Every crossing between WebAssembly and JavaScript costs
// about as much as hashing a key, so each function does in one call the work of a dozen. No request is judged here.

import { pairs, SEPARATOR } from "#runtime/crossing.js";

const ABSENT = "\x01";

// The part of a URL that holds a key.
const IN_PATH = "path";
const IN_QUERY = "query";

// The reason of `failed` if the upstream did not answer in time.
const LATE = "late";

// Request headers that are never forwarded to an upstream, with hyphens for underscores, since some servers take one
// for the other.
const DROPPED = new Set([
  // A credential in any place; `configure` adds the configured ones. Authorization is dropped elsewhere, if it is one.
  "x-api-key",
  "proxy-authorization",
  // These make some frameworks see another method, path, host or caller than the judged one.
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
  // Only the edge may set these.
  "signature",
  "signature-input",
]);
// Families of the same. Keystile sets some of them itself.
const DROPPED_FAMILIES = ["keystile", "x-forwarded-", "x-original-"];

// Response headers that hold an address of what was asked for.
const LOCATIONS = ["Location", "Content-Location"];

// Response headers that are added to the upstream's. Others replace the upstream's.
const APPENDED = new Set(["Vary", "Server-Timing", "RateLimit", "RateLimit-Policy", "Access-Control-Expose-Headers"]);

// The effect of `cache: "no-store"` on Cloudflare's cache: it neither answers nor keeps the response, since it can't
// see which caller a response belongs to. (The option itself would also send `Cache-Control: no-cache`. No caller asked
// for that, and no server answers it with 304.)
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" };

// The minimum length of a key, characters. Few headers have so long a name.
const MIN_KEY = 16;

// The number of nested encodings in which a header is searched for keys.
const MAX_DECODED = 4;

// The headers beside Authorization that may carry a key; the patterns of an Authorization that may carry one, of keys in
// headers, and of keys in URLs.
let keyHeaders;
let ownAuthorization;
let keysInHeaders;
let keysInUrls;

/// Sets the places of keys and the patterns, once, when the isolate starts.
export function configure(names, authorization, inHeaders, inUrls) {
  keyHeaders = names.split(",").filter(Boolean);
  for (const name of keyHeaders) DROPPED.add(name);
  ownAuthorization = new RegExp(authorization, "i");
  keysInHeaders = new RegExp(inHeaders);
  keysInUrls = new RegExp(inUrls);
}

/// The parts of a request that the guard reads, and the time, as one string.
export function describe(request) {
  const headers = request.headers;
  const header = (name) => headers.get(name) ?? ABSENT;
  const authorization = header("Authorization");
  return [
    Date.now(),
    request.method,
    request.url,
    authorization,
    header("CF-Connecting-IP"),
    header("Origin"),
    header("Access-Control-Request-Method"),
    describedBasic(authorization),
    keyInUrl(request.url),
    ...keyHeaders.map(header),
  ].join(SEPARATOR);
}

/// Forwards a request that was let through. `set` are headers of the request, `answer` headers of the response.
/// `fetcher` is a service binding, or undefined for a URL. The path of `url` begins with `prefix`, and the URL that the
/// caller wrote with `publicPrefix`; what follows is the same. `cors` says whether Keystile sets the
/// cross-origin headers. `failed` makes the response if the upstream gives none.
export async function forward(fetcher, request, url, prefix, publicPrefix, timeoutMs, set, answer, cors, requestId, failed) {
  let response;
  try {
    const headers = upstreamHeaders(request.headers, set, requestId);
    const init = { headers, redirect: "manual", cf: fetcher ? { ...request.cf, ...UNCACHED } : UNCACHED };
    // Copying keeps the body for any method, unlike `new Request(url, init)`.
    const copy = new Request(url, request);
    response = await inTime(fetcher ? fetcher.fetch(copy, init) : fetch(copy, init), timeoutMs);
    // This also takes an open WebSocket over.
    response = new Response(response.body, response);
    ownOnly(response.headers, cors);
    for (const name of LOCATIONS) showPublic(response.headers, name, url, prefix, request.url, publicPrefix);
  } catch (error) {
    response = failed(requestId, String(error));
  }
  return withHeaders(response, answer);
}

/// The answer to a call, or a failure if it takes longer. A signal would end the body of the answer, too. A call that is late
/// is left to the platform.
function inTime(call, ms) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, LATE);
    const settled = () => clearTimeout(timer);
    call.then(settled, settled);
    call.then(resolve, reject);
  });
}

function withHeaders(response, headers) {
  for (const [name, value] of pairs(headers)) {
    if (APPENDED.has(name)) response.headers.append(name, value);
    else response.headers.set(name, value);
  }
  return response;
}

/// Hands a request to the worker that receives webhooks, unchanged except for Keystile's own headers. Those are always
/// set, so no sender can forge them.
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

function upstreamHeaders(incoming, set, requestId) {
  const headers = new Headers(incoming);
  for (const [name, value] of incoming) {
    const plain = name.replaceAll("_", "-");
    // Authorization is not searched if it goes: it holds the very key that was judged.
    const goes = name === "authorization" ? isOwn(value) : isDropped(plain);
    if (goes) headers.delete(name);
    else {
      const isInName = name.length >= MIN_KEY && keysInHeaders.test(name);
      if (!isInName && !holdsKey(value)) continue;
      headers.delete(name);
      const header = isInName ? "(a key)" : name;
      console.warn(JSON.stringify({ level: "warn", event: "key_not_forwarded", header, request_id: requestId }));
    }
  }
  for (const [name, value] of pairs(set)) headers.set(name, value);
  return headers;
}

/// Whether an Authorization has a scheme that is Keystile's, or holds a key that has no beginning of its own.
function isOwn(authorization) {
  return matches(authorization, ownAuthorization) || matches(basicOf(authorization) ?? "", ownAuthorization);
}

function isDropped(name) {
  return DROPPED.has(name) || DROPPED_FAMILIES.some((family) => name.startsWith(family));
}

function keyInUrl(url) {
  if (!matches(url, keysInUrls)) return ABSENT;
  return matches(new URL(url).search, keysInUrls) ? IN_QUERY : IN_PATH;
}

/// Whether a header's value is or contains a key: in clear, percent-encoded, or in base64.
function holdsKey(value) {
  if (matches(value, keysInHeaders)) return true;
  // Basic credentials are decoded: they may hold a key whose beginning is too short to be recognised in base64, or one
  // that is encoded once more.
  const credentials = basicOf(value);
  return credentials !== undefined && matches(credentials, keysInHeaders);
}

function matches(value, keys) {
  let text = value;
  for (let round = 0; round < MAX_DECODED; round += 1) {
    if (keys.test(text)) return true;
    if (!text.includes("%")) break;
    text = text.replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return false;
}

/// User name and password, for the guard. They may hold any characters, separators too. Of several headers nobody can
/// say which one counts, so they hold no key.
function describedBasic(authorization) {
  const basic = basicOf(authorization);
  if (basic === undefined) return ABSENT;
  return authorization.includes(",") ? "" : basic.replace(/[\0-\x1f]/g, " ");
}

/// User name and password of Basic credentials.
function basicOf(authorization) {
  const [, credentials] = /^basic +([\w+/-]+)/i.exec(authorization) ?? [];
  try {
    return credentials && atob(credentials.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

/// Turns an address at the upstream itself into the one that the caller can reach. Others stay as they are, and so does
/// one that begins with what is stripped from paths: it is public already.
function showPublic(headers, name, url, prefix, publicUrl, publicPrefix) {
  const location = headers.get(name);
  if (location === null || !URL.canParse(location, url)) return;
  const to = new URL(location, url);
  if (to.origin !== new URL(url).origin || !isBelow(to.pathname, prefix)) return;
  const shown = new URL(`${publicPrefix}${to.pathname.slice(prefix.length)}${to.search}${to.hash}`);
  const asSent = new URL(location, publicUrl);
  const { pathname: stripped } = new URL(publicPrefix);
  const isPublic = stripped !== "/" && asSent.origin === shown.origin && isBelow(asSent.pathname, stripped);
  if (asSent.href !== shown.href && !isPublic) headers.set(name, shown.href);
}

function isBelow(path, prefix) {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/// Deletes headers that an upstream may not set, and keeps shared caches from storing the response.
function ownOnly(headers, cors) {
  for (const name of [...headers.keys()]) {
    const crosses = cors && name.startsWith("access-control-") && name !== "access-control-expose-headers";
    if (crosses || name.startsWith("keystile")) headers.delete(name);
  }
  if (headers.has("Cache-Control")) headers.append("Vary", ["Authorization", ...keyHeaders].join(", "));
  else headers.set("Cache-Control", "private, no-store");
}
