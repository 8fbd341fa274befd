// The edge's work on requests and responses in JavaScript. Every crossing between WebAssembly and JavaScript costs
// about as much as hashing a key, so each function does in one call the work of a dozen. No request is judged here.

import { record, SEPARATOR } from "#runtime/crossing.js";

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
const DROPPED_FAMILIES = /^(?:keystile|x-forwarded-|x-original-)/;

// Response headers that are added to the upstream's. Others replace the upstream's.
const APPENDED = new Set(["Vary", "Server-Timing", "RateLimit", "RateLimit-Policy", "Access-Control-Expose-Headers"]);

// The effect of `cache: "no-store"` on Cloudflare's cache: it neither answers nor keeps the response, since it can't
// see which caller a response belongs to. To a called Worker's own cache the platform says it as `cacheControl`. (The
// option itself would also send `Cache-Control: no-cache`. No caller asked for that, and no server answers it with 304.)
const UNCACHED = { cacheTtl: -1, cacheLevel: "bypass" };

// The minimum length of a key, characters. Few headers have so long a name.
const MIN_KEY = 16;

// The parts of `forward`'s text before its headers.
const FIXED_PARTS = 5;

// The number of nested encodings in which a header is searched for keys.
const MAX_DECODED = 4;

// The credentials of Basic.
const BASIC = /^basic +([\w+/-]+)/i;

// The headers beside Authorization that may carry a key; the patterns of an Authorization that may carry one, of keys in
// headers, and of keys in URLs.
let keyHeaders;
let ownAuthorization;
let keysInHeaders;
let keysInUrls;

// The value of Vary in an answer that a cache may keep; whether Keystile sets the cross-origin headers.
let varies;
let cors;

// The refusals that were prepared, by their numbers.
const refusals = [];

/// Sets the places of keys, the patterns and `cors`, once, when the isolate starts.
export function configure(names, authorization, inHeaders, inUrls, ownCors) {
  keyHeaders = names.split(",").filter(Boolean);
  for (const name of keyHeaders) DROPPED.add(name);
  varies = ["Authorization", ...keyHeaders].join(", ");
  cors = ownCors;
  ownAuthorization = new RegExp(authorization, "i");
  keysInHeaders = new RegExp(inHeaders);
  keysInUrls = new RegExp(inUrls);
}

/// The parts of a request that the guard reads, and the time, as one string.
export function describe(request) {
  const { headers, url } = request;
  const header = (name) => headers.get(name) ?? ABSENT;
  const authorization = header("Authorization");
  let text = [
    Date.now(),
    request.method,
    url,
    authorization,
    header("CF-Connecting-IP"),
    cors ? header("Origin") : ABSENT,
    cors ? header("Access-Control-Request-Method") : ABSENT,
    describedBasic(authorization),
    keyInUrl(url),
  ].join(SEPARATOR);
  for (const name of keyHeaders) text += SEPARATOR + header(name);
  return text;
}

/// The location of Cloudflare's that a request came in at, and the continent that it came from; empty if it doesn't say.
export function location({ cf }) {
  return (cf?.colo ?? "") + SEPARATOR + (cf?.continent ?? "");
}

/// Prepares a refusal of which only the request's id will differ.
export function prepare(number, status, headers, body, requestId) {
  const [before, behind] = body.split(requestId);
  // The platform takes headers over from a response in a third of the time that it takes for an object.
  refusals[number] = { before, behind, like: new Response(null, { status, headers: record(headers) }) };
}

/// A refusal that was prepared.
export function refuse(number, requestId) {
  const { before, behind, like } = refusals[number];
  const response = new Response(before + requestId + behind, like);
  response.headers.set("Keystile-Request-Id", requestId);
  return response;
}

/// Forwards a request that was let through. `fetcher` is a service binding, or undefined for a URL. `failed` makes the
/// response if the upstream gives none. `text` has in one piece: the URL; the beginning of its path, and that of the URL
/// that the caller wrote (what follows is the same); the request's id; the place at which headers of the response begin;
/// headers of the request, and headers of the response. `counted`, if it is given, is told the `upstream`, its status (0 for
/// no answer), and the time until then.
export async function forward(fetcher, request, text, timeoutMs, failed, counted, upstream) {
  const parts = text.split(SEPARATOR);
  const [url, prefix, publicPrefix, requestId, answerAt] = parts;
  const began = counted && Date.now();
  let status = 0;
  let response;
  try {
    const init = {
      method: request.method,
      headers: upstreamHeaders(request.headers, parts, Number(answerAt), requestId),
      redirect: "manual",
      cf: fetcher ? { ...request.cf, ...UNCACHED } : UNCACHED,
    };
    // Copying a request keeps the body for any method, but a copy costs as much as all changes to headers.
    const sent = request.body === null ? url : new Request(url, request);
    const answered = await inTime(fetcher ? fetcher.fetch(sent, init) : fetch(sent, init), timeoutMs);
    if (counted) status = answered.status;
    // This also takes an open WebSocket over.
    response = new Response(answered.body, answered);
    ownOnly(response.headers, request, { url, prefix, publicPrefix });
  } catch (error) {
    response = failed(requestId, String(error));
  }
  counted?.(upstream, status, Date.now() - began);
  return withHeaders(response, parts, Number(answerAt));
}

/// The answer to a call, or a failure if it takes longer. A signal would end the body of the answer, too. A call that is late
/// is left to the platform.
function inTime(call, ms) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, ms, LATE);
    const settled = (settle) => (outcome) => {
      clearTimeout(timer);
      settle(outcome);
    };
    call.then(settled(resolve), settled(reject));
  });
}

/// Adds headers to a response: the names and values from this place on.
function withHeaders(response, parts, from) {
  const { headers } = response;
  for (let at = from; at + 1 < parts.length; at += 2) {
    const name = parts[at];
    if (APPENDED.has(name)) headers.append(name, parts[at + 1]);
    else headers.set(name, parts[at + 1]);
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
  return withHeaders(response, answer.split(SEPARATOR), 0);
}

/// The headers for the upstream: the caller's, without keys and what only Keystile may say, and those of `parts` up to
/// `end`.
function upstreamHeaders(incoming, parts, end, requestId) {
  const headers = new Headers(incoming);
  // An iterator takes half as long again.
  incoming.forEach((value, name) => {
    // Authorization is not searched if it goes: it holds the very key that was judged.
    const goes = name === "authorization" ? isOwn(value) : isDropped(name);
    if (!goes) {
      const isInName = name.length >= MIN_KEY && keysInHeaders.test(name);
      if (!isInName && !holdsKey(value)) return;
      const header = isInName ? "(a key)" : name;
      console.warn(JSON.stringify({ level: "warn", event: "key_not_forwarded", header, request_id: requestId }));
    }
    headers.delete(name);
  });
  for (let at = FIXED_PARTS; at < end; at += 2) headers.set(parts[at], parts[at + 1]);
  return headers;
}

/// Whether an Authorization has a scheme that is Keystile's, or holds a key that has no beginning of its own.
function isOwn(authorization) {
  return matches(authorization, ownAuthorization) || matches(basicOf(authorization) ?? "", ownAuthorization);
}

function isDropped(name) {
  const plain = name.includes("_") ? name.replaceAll("_", "-") : name;
  return DROPPED.has(plain) || DROPPED_FAMILIES.test(plain);
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
  const found = BASIC.exec(authorization);
  if (found === null) return undefined;
  try {
    return atob(found[1].replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return "";
  }
}

/// Deletes headers that an upstream may not set, makes locations public, and keeps shared caches from storing the
/// response.
function ownOnly(headers, request, addresses) {
  let isCacheable = false;
  for (const name of [...headers.keys()]) {
    if (name === "cache-control") isCacheable = true;
    else if (name === "location" || name === "content-location") showPublic(headers, name, request.url, addresses);
    else if (name.startsWith("keystile") || (cors && isCrossOrigin(name))) headers.delete(name);
  }
  if (isCacheable) headers.append("Vary", varies);
  else headers.set("Cache-Control", "private, no-store");
}

function isCrossOrigin(name) {
  return name.startsWith("access-control-") && name !== "access-control-expose-headers";
}

/// Turns an address at the upstream itself into the one that the caller can reach. Others stay as they are, and so does
/// one that begins with what is stripped from paths: it is public already.
function showPublic(headers, name, publicUrl, { url, prefix, publicPrefix }) {
  const location = headers.get(name);
  if (!URL.canParse(location, url)) return;
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
