// Not signed itself: a JSON Web Token says what the delivery is.

import crypto from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

// Of tokens that live 300 s: `exp` is obeyed with a minute for clocks that differ.
const LIFETIME = 360;

export const byToken = [
  {
    package: "atlassian-jwt",
    provider: "atlassian-connect",
    method: "GET",
    url: "https://app.example.com/hook?b=2&a=%20x&a=1",
    body: "",
    ours: false,
    tamper: (delivery) => ({ ...delivery, url: delivery.url.replace("b=2", "b=3") }),
    sign: ({ method, url, secret, now }) => {
      const { createQueryStringHash, encodeSymmetric, fromMethodAndUrl } = require("atlassian-jwt");
      const qsh = createQueryStringHash(fromMethodAndUrl(method, url));
      const claims = { iss: "client", iat: now, exp: now + 180, qsh };
      return { headers: { authorization: `JWT ${encodeSymmetric(claims, secret)}` } };
    },
    // `decodeSymmetric` leaves `exp` to its caller.
    checksTime: false,
    verify: ({ method, url, headers, secret }) => {
      const { createQueryStringHash, decodeSymmetric, fromMethodAndUrl, SymmetricAlgorithm } = require("atlassian-jwt");
      const claims = decodeSymmetric(headers.authorization.slice(4), secret, SymmetricAlgorithm.HS256);
      return claims.qsh === createQueryStringHash(fromMethodAndUrl(method, url));
    },
  },
  {
    package: "@upstash/qstash",
    provider: "qstash",
    url: "https://hooks.example.com/in",
    ours: false,
    lifetime: LIFETIME,
    sign: ({ url, body, secret, now }) => ({
      headers: {
        "upstash-signature": jwt(
          {
            iss: "Upstash",
            sub: url,
            iat: now,
            nbf: now,
            exp: now + 300,
            jti: "jwt_1",
            body: crypto.createHash("sha256").update(body).digest("base64url"),
          },
          secret,
        ),
      },
    }),
    verify: async ({ url, body, headers, secret }) => {
      const { Receiver } = require("@upstash/qstash");
      const receiver = new Receiver({ currentSigningKey: secret, nextSigningKey: secret });
      return receiver.verify({ signature: headers["upstash-signature"], body, url });
    },
  },
  {
    package: "livekit-server-sdk",
    provider: "livekit",
    params: { api_key: "key" },
    body: '{"event":"room_started","id":"EV_1","createdAt":"4200"}',
    ours: false,
    sign: async ({ body, secret }) => {
      const { AccessToken } = await import("livekit-server-sdk");
      const token = new AccessToken("key", secret, { ttl: 300 });
      token.sha256 = crypto.createHash("sha256").update(body).digest("base64");
      return { headers: { authorization: await token.toJwt() } };
    },
    lifetime: LIFETIME,
    verify: async ({ body, headers, secret }) => {
      const { WebhookReceiver } = await import("livekit-server-sdk");
      return new WebhookReceiver("key", secret).receive(body, headers.authorization, false, 0);
    },
  },
];

function jwt(claims, secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${crypto.createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
