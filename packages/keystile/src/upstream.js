import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Whether a request came from the edge, for this upstream. It is a request of Node, Express or Fastify, or one of Fetch
 * (`c.req.raw` in Hono).
 */
export function isFromKeystile(request, secret, upstream, now = Date.now()) {
  const headers = typeof request.headers.get === "function" ? Object.fromEntries(request.headers) : request.headers;
  const [, list, parameters] = /^keystile=\(([^)]*)\)(.*)$/.exec(headers["signature-input"] ?? "") ?? [];
  if (!list) return false;
  const names = list.split(" ").map((name) => name.slice(1, -1));
  // A router shortens `url` and keeps the whole as `originalUrl`. The URLs of Fetch have an origin.
  const url = (request.originalUrl ?? request.url).replace(/^\w+:\/\/[^/]*/, "");
  const [path, query = ""] = url.split(/\?(.*)/s);
  const derived = { "@method": request.method, "@path": path, "@query": `?${query}` };
  const lines = names.map((name) => `"${name}": ${derived[name] ?? headers[name]}`);
  const base = [...lines, `"@signature-params": (${list})${parameters}`].join("\n");
  const expected = createHmac("sha256", secret).update(base).digest();
  const sent = Buffer.from(/^keystile=:(.*):$/.exec(headers.signature ?? "")?.[1] ?? "", "base64");
  if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) return false;
  const expires = Number(/;expires=(\d+)/.exec(parameters)?.[1]) * 1000;
  const told = Object.keys(headers).filter((name) => name.startsWith("keystile"));
  const isCovered = [...Object.keys(derived), "keystile-upstream", ...told].every((name) => names.includes(name));
  return isCovered && now < expires && headers["keystile-upstream"] === upstream;
}
