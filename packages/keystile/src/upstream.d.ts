/** A request of Node, Express, Fastify, or Fetch (`c.req.raw` in Hono). */
export interface UpstreamRequest {
  method?: string;
  url?: string;
  /** Express and Fastify: the URL as it came, where a router shortens `url`. */
  originalUrl?: string;
  headers: Headers | Record<string, string | string[] | undefined>;
}

/**
 * Whether a request came from the edge, for this upstream, at `now` (milliseconds since 1970; the clock's by default).
 * Needs `node:crypto`: Node, Deno, Bun, or a Worker with `nodejs_compat`.
 *
 * @param secret the text of the secret that `signing_secret` names
 * @param upstream the `name` of this upstream in `keystile.toml`
 */
export function isFromKeystile(request: UpstreamRequest, secret: string, upstream: string, now?: number): boolean;
