// A guard by @cloudflare/workers-oauth-provider: an opaque access token, whose record the library reads from KV and
// whose holder it decrypts at each request, its end, its scopes, and then the same changes to the headers.

import { OAuthProvider } from "@cloudflare/workers-oauth-provider";

import { forward } from "./edits.mjs";

const READS = new Set(["GET", "HEAD", "OPTIONS"]);
const REDIRECT = "https://client.example/callback";

const api = {
  fetch(request, env, context) {
    const needed = READS.has(request.method) ? "read:leads" : "write:leads";
    if (!context.auth.scope.includes(needed)) return Response.json({ code: "INSUFFICIENT_SCOPE" }, { status: 403 });
    return forward(env.UPSTREAM, request, context.props.holder);
  },
};

/** Grants a token to whoever asks, once, before anything is measured. */
const authorize = {
  async fetch(request, env) {
    const { holder, scopes } = await request.json();
    const { clientId, clientSecret } = await env.OAUTH_PROVIDER.createClient({ redirectUris: [REDIRECT] });
    const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
      request: { responseType: "code", clientId, redirectUri: REDIRECT, scope: scopes, state: "" },
      userId: "holder",
      metadata: {},
      scope: scopes,
      props: { holder },
    });
    const code = new URL(redirectTo).searchParams.get("code");
    return Response.json({ client: clientId, secret: clientSecret, code, redirect: REDIRECT });
  },
};

let provider;

export default {
  fetch(request, env, context) {
    // A token is for the origin that the worker is asked at, and the port is known now.
    provider ??= new OAuthProvider({
      apiRoute: "/api/",
      apiHandler: api,
      defaultHandler: authorize,
      authorizeEndpoint: "/authorize",
      tokenEndpoint: "/token",
      scopesSupported: ["read:leads", "write:leads"],
      resourceMetadata: { resource: new URL(request.url).origin },
    });
    return provider.fetch(request, env, context);
  },
};
