// One case for each of the vendors' packages: how it signs, how it verifies.
// They are in files by what is signed, and by which kind of secret.
//
// `sign` makes a delivery as the vendor does: by its package, or, where that
// only verifies, by Node's own cryptography. Without it only our signatures
// are checked. `verify` asks the package. Both get the delivery's
// `{ method, url, body, secret, params, now }`; `now` is in seconds and is also the
// clock that the package sees. What throws is a refusal.
//
// `checksTime: false`: the package takes a delivery of any age.

import { ofBody } from "./cases/body.mjs";
import { EVENT } from "./cases/deliveries.mjs";
import { byPublicKey } from "./cases/public_key.mjs";
import { braintree, ofRequest } from "./cases/request.mjs";
import { ofStandardWebhooks } from "./cases/standard_webhooks.mjs";
import { byToken } from "./cases/token.mjs";

const URL_HERE = "https://hooks.example.com/in?source=1";
const SHARED = "a-secret-of-the-vendors-own-making";
const OTHER = "another-secret-of-the-vendors-own";

/** All cases, with what most have in common. */
export const cases = [...ofBody, ...ofRequest, ...ofStandardWebhooks, ...byPublicKey, ...byToken].map((each) => ({
  method: "POST",
  url: URL_HERE,
  body: EVENT,
  secret: SHARED,
  other: OTHER,
  headers: {},
  params: {},
  ours: true,
  checksTime: true,
  ...each,
}));

/** What a handshake is answered, by the vendor's package and by us. */
export const handshakes = [
  {
    package: "braintree",
    provider: "braintree",
    params: { public_key: "public" },
    method: "GET",
    url: "https://hooks.example.com/in?bt_challenge=20f9f8ed05f77439fe955c977e4c8a53",
    body: "",
    theirs: (secret) => braintree(secret).webhookNotification.verify("20f9f8ed05f77439fe955c977e4c8a53"),
  },
];

