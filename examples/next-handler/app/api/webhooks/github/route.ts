// Receives GitHub's webhooks.

import { Verifier } from "keystile/webhooks";

/** Made at the first delivery, as the build of Next loads this file without the secrets. */
let verifier: Verifier | undefined;

export async function POST(request: Request): Promise<Response> {
  verifier ??= new Verifier("github", [process.env.GITHUB_WEBHOOK_SECRET ?? ""]);

  // The bytes as they came: `request.json()` would lose what was signed.
  const body = new Uint8Array(await request.arrayBuffer());
  const verdict = verifier.verify({ headers: request.headers, body });
  if (!verdict.valid) return Response.json({ code: verdict.code }, { status: verdict.status });

  const event = JSON.parse(new TextDecoder().decode(body));
  console.log(`GitHub: ${event.action} in ${event.repository?.full_name}`);
  return new Response(null, { status: 204 });
}
