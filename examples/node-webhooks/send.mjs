// Sends a delivery as Stripe would, to try the server. With --forged its body differs from the signed one.
//
//   STRIPE_WEBHOOK_SECRET  the server's

import { sign } from "keystile/webhooks";

const url = `http://localhost:${process.env.PORT ?? "3000"}/webhooks/stripe`;
const body = JSON.stringify({ id: "evt_1", type: "invoice.paid", data: { object: { amount_paid: 1200 } } });
const { headers } = sign("stripe", process.env.STRIPE_WEBHOOK_SECRET, { headers: {}, body });

const sent = process.argv.includes("--forged") ? body.replace("1200", "1") : body;
const response = await fetch(url, { method: "POST", headers, body: sent });
console.log(response.status, await response.text());
