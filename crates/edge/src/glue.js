// What the edge does with requests and responses in JavaScript. Every crossing
// between WebAssembly and JavaScript costs about as much as hashing a key, so
// each of these does in one call what would be a dozen. Nothing is decided here.

const SEPARATOR = "\0";
const ABSENT = "\x01";

/// All that the guard reads of a request, as one string.
export function describe(request) {
  const headers = request.headers;
  const header = (name) => headers.get(name) ?? ABSENT;
  return [
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

/// Forwards a request that was let through. `drop` and `set` are headers of
/// the request, `answer` headers of the response; `fetcher` is a service
/// binding, or undefined for a URL. `failed` makes the response if there is no
/// upstream to be reached.
export async function forward(fetcher, request, url, drop, set, answer, requestId, failed) {
  const headers = new Headers(request.headers);
  for (const name of request.headers.keys()) {
    // Whatever a server might take for ours, underscores included.
    if (name.startsWith("keystile")) headers.delete(name);
  }
  for (const name of drop.split(SEPARATOR)) headers.delete(name);
  for (const [name, value] of pairs(set)) headers.set(name, value);
  const init = { method: request.method, headers, body: request.body, redirect: "manual", cache: "no-store" };
  let response;
  try {
    response = fetcher ? await fetcher.fetch(url, init) : await fetch(url, init);
  } catch (error) {
    return failed(requestId, String(error));
  }
  if (response.status === 101) return response;
  response = new Response(response.body, response);
  if (!response.headers.has("Cache-Control")) response.headers.set("Cache-Control", "private, no-store");
  for (const [name, value] of pairs(answer)) response.headers.append(name, value);
  return response;
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
