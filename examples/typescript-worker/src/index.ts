// A Worker behind the edge. It also has an address of its own, so it serves only requests that the edge signed.

import { isFromKeystile } from "keystile/upstream";

interface Env {
  /** The secret that `signing_secret` of keystile.toml names. */
  UPSTREAM_SECRET: string;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    // "api" is the upstream's name: a request that was signed for another upstream is refused.
    if (!isFromKeystile(request, env.UPSTREAM_SECRET, "api")) {
      return Response.json({ error: "Call this API at its public address." }, { status: 403 });
    }
    // The signature covers the method, the path and these headers: they are the edge's own.
    const { headers, method, url } = request;
    return Response.json({
      called: `${method} ${new URL(url).pathname}`,
      tenant: headers.get("keystile-tenant"),
      key: headers.get("keystile-key-id"),
      scopes: headers.get("keystile-scopes")?.split(" ") ?? [],
    });
  },
};
