// A server of plain Node that receives Stripe's webhooks. It verifies the bytes as they came, before it parses them, and
// handles each event once.
//
//   STRIPE_WEBHOOK_SECRET  the signing secret of the endpoint, whsec_…; several, joined by commas, while one is replaced
//   PORT                   3000 unless given

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

import { Verifier } from "keystile/webhooks";

const BODY_LIMIT = 256 * 1024;

/** The server, not yet listening. `handle(event)` may throw: then Stripe sends the event again. */
export function receiver({ secrets, handle }) {
  const verifier = new Verifier("stripe", secrets); // once, for all deliveries
  /** The ids of the events that were handled. Keep them in your database, in the transaction that handles the event. */
  const handled = new Set();

  async function receive({ method, url, headers }, body) {
    if (url !== "/webhooks/stripe") return { status: 404 };
    if (method !== "POST") return { status: 405, headers: { Allow: "POST" } };
    if (!body) return { status: 413 };

    const verdict = verifier.verify({ headers, body });
    if (!verdict.valid) return { status: verdict.status, body: verdict.code };

    // Stripe repeats what it takes for lost, and anybody can repeat what they have seen.
    if (handled.has(verdict.event_id)) return { status: 200 };
    await handle(JSON.parse(body));
    handled.add(verdict.event_id);
    return { status: 200 };
  }

  return createServer((request, response) => {
    read(request)
      .then((body) => receive(request, body))
      .catch((error) => {
        console.error(error);
        return { status: 500 };
      })
      .then(({ status, headers, body = "" }) => response.writeHead(status, headers).end(body));
  });
}

/** The body as bytes; undefined if it is too long. */
async function read(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length <= BODY_LIMIT) parts.push(part);
  }
  return length <= BODY_LIMIT ? Buffer.concat(parts) : undefined;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { STRIPE_WEBHOOK_SECRET: secret, PORT: port = "3000" } = process.env;
  if (!secret) {
    console.error("Set STRIPE_WEBHOOK_SECRET: the signing secret of the endpoint, from Stripe's dashboard.");
    process.exit(1);
  }
  receiver({
    secrets: secret.split(","),
    handle: (event) => console.log(`${event.type} ${event.id}`),
  }).listen(Number(port), () => console.log(`http://localhost:${port}/webhooks/stripe`));
}
