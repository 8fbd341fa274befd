// A list for holders of a key with the scope `read`.

import { Guard } from "keystile/guard";

/** Made at the first request, as the build of Next loads this file without the secrets. */
let guard: Guard | undefined;

export async function GET(request: Request): Promise<Response> {
  guard ??= new Guard({
    url: process.env.KEYSTILE_EDGE_URL, // https://api.example.com/keystile
    operator_key: process.env.KEYSTILE_OPERATOR_KEY,
  });

  const verdict = await guard.verify(request, { scopes: ["read"] });
  if (!verdict.valid) return verdict.response();
  const { tenant, headers } = verdict; // `headers` tell the caller the limits that are left
  headers.set("Cache-Control", "private, no-store"); // the answer is for this caller alone
  return Response.json({ tenant, leads: [] }, { headers });
}
