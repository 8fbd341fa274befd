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
const LOCATIONS = new Set(["location", "content-location"]);

// Response headers that are added to those of another worker. Others replace them.
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
///
/// Request and response are each made once, from a list of headers: to set the headers of a copy one by one would take a
/// call of the platform for each.
export async function forward(fetcher, request, url, prefix, publicPrefix, timeoutMs, set, answer, cors, requestId, failed) {
  try {
    const headers = [...ofCaller(request.headers, requestId), ...pairs(set)];
    const init = { headers, redirect: "manual", cf: fetcher ? { ...request.cf, ...UNCACHED } : UNCACHED };
    const to = withMethodAndBody(init, url, request);
    const response = await inTime(fetcher ? fetcher.fetch(to, init) : fetch(to, init), timeoutMs);
    const shown = (location) => publicLocation(location, url, prefix, request.url, publicPrefix);
    return new Response(response.body, {
      status: response.status,
      statusText: response.statusText,
      headers: [...ofUpstream(response.headers, shown, cors), ...pairs(answer)],
      webSocket: response.webSocket,
    });
  } catch (error) {
    return withHeaders(failed(requestId, String(error)), answer);
  }
}

/// Adds the request's method and body. Returns the address: `url`, or a request of which both are copied, since the
/// platform takes a body for GET and HEAD in no other way.
function withMethodAndBody(init, url, request) {
  const { method, body } = request;
  if (body !== null && (method === "GET" || method === "HEAD")) return new Request(url, request);
  init.method = method;
  init.body = body;
  return url;
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

/// The caller's headers that are forwarded.
function ofCaller(headers, requestId) {
  const forwarded = [];
  for (const header of headers) {
    const [name, value] = header;
    // Authorization is not searched if it stays behind: it holds the very key that was judged.
    if (name === "authorization" ? isOwn(value) : isDropped(name)) continue;
    const isInName = name.length >= MIN_KEY && keysInHeaders.test(name);
    if (isInName || holdsKey(value)) {
      const named = isInName ? "(a key)" : name;
      console.warn(JSON.stringify({ level: "warn", event: "key_not_forwarded", header: named, request_id: requestId }));
    } else {
      forwarded.push(header);
    }
  }
  return forwarded;
}

/// Whether an Authorization has a scheme that is Keystile's, or holds a key that has no beginning of its own.
function isOwn(authorization) {
  return matches(authorization, ownAuthorization) || matches(basicOf(authorization) ?? "", ownAuthorization);
}

function isDropped(header) {
  const name = header.replaceAll("_", "-");
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

/// An address as the caller can reach it, if it is one at the upstream itself. Others stay as they are, and so does one
/// that begins with what is stripped from paths: it is public already.
function publicLocation(location, url, prefix, publicUrl, publicPrefix) {
  if (!URL.canParse(location, url)) return location;
  const to = new URL(location, url);
  if (to.origin !== new URL(url).origin || !isBelow(to.pathname, prefix)) return location;
  const shown = new URL(`${publicPrefix}${to.pathname.slice(prefix.length)}${to.search}${to.hash}`);
  const asSent = new URL(location, publicUrl);
  const { pathname: stripped } = new URL(publicPrefix);
  const isPublic = stripped !== "/" && asSent.origin === shown.origin && isBelow(asSent.pathname, stripped);
  return asSent.href === shown.href || isPublic ? location : shown.href;
}

function isBelow(path, prefix) {
  return path === prefix || path.startsWith(`${prefix}/`);
}

/// The upstream's headers that its answer keeps, and the one that keeps shared caches from storing the answer.
function ofUpstream(headers, shown, cors) {
  const kept = [];
  let cacheable = false;
  for (const header of headers) {
    const [name, value] = header;
    const crosses = cors && name.startsWith("access-control-") && name !== "access-control-expose-headers";
    if (crosses || name.startsWith("keystile")) continue;
    if (name === "cache-control") cacheable = true;
    kept.push(LOCATIONS.has(name) ? [name, shown(value)] : header);
  }
  kept.push(cacheable ? ["Vary", ["Authorization", ...keyHeaders].join(", ")] : ["Cache-Control", "private, no-store"]);
  return kept;
}
