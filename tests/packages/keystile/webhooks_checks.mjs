// What must hold of the npm package wherever it runs: Node and workerd go
// through the same list. Nothing here is of one platform alone.

import published from "../../../crates/webhook/src/tests/vectors.json" with { type: "json" };

const SECRET = "a shared secret";
const WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NOW = 1_800_000_000;
const SHORT = '{"id":"evt_1","amount":4200}';
const LONG = JSON.stringify({ id: "evt_1", pad: "é".repeat(40_000) });

/** Two hashes under one secret, and an id in the body. */
const OWN = {
  signature: "header:x-proof",
  split: ",",
  prefix: "b=",
  encoding: "hex",
  algorithm: "hmac-sha256",
  or: [{ prefix: "a=", encoding: "hex", algorithm: "hmac-sha1" }],
  event_id: "json:id",
};

export const checks = {
  "a verdict says what is known": ({ Verifier, sign }) => {
    const body = '{"type":"invoice.paid"}';
    const { headers } = sign("standard-webhooks", WHSEC, { headers: {}, body }, "msg_1", { now: NOW });
    const verifier = new Verifier("standard-webhooks", [SECRETS.other, WHSEC], { replay_keys: true });
    const verdict = verifier.verify({ headers, body }, NOW + 5);
    const [key] = verdict.replay_keys;
    equal(key.length, 43);
    equal(verdict, {
      valid: true,
      code: "OK",
      secret_index: 1,
      body_authenticated: true,
      timestamp: NOW,
      event_id: "msg_1",
      event_type: "invoice.paid",
      replay_keys: [key],
    });
    const without = new Verifier("standard-webhooks", [WHSEC]).verify({ headers, body }, NOW);
    equal("replay_keys" in without, false);
  },

  "what was changed, comes late or has another secret is refused, with a code and a sentence": ({ Verifier, sign }) => {
    const { headers } = sign("standard-webhooks", WHSEC, { headers: {}, body: SHORT }, "msg_1", { now: NOW });
    const verifier = new Verifier("standard-webhooks", [WHSEC]);
    const code = (more, now = NOW) => {
      const { valid, code, detail } = verifier.verify({ headers, body: SHORT, ...more }, now);
      equal([valid, detail.length > 10], [false, true]);
      return code;
    };
    equal(code({ body: `${SHORT} ` }), "NO_MATCH");
    equal(code({}, NOW + 301), "TIMESTAMP_TOO_OLD");
    equal(code({}, NOW - 301), "TIMESTAMP_TOO_NEW");
    equal(code({ headers: {} }), "MISSING_HEADER");
    equal(new Verifier("standard-webhooks", [SECRETS.other]).verify({ headers, body: SHORT }, NOW).code, "NO_MATCH");
  },

  "public keys come as a set, and a delivery names its own": ({ Verifier, sign, verify }) => {
    const scheme = { signature: "header:s", encoding: "base64", algorithm: "ed25519", key: "whpk", kid: "header:k" };
    const pair = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const { headers } = sign(scheme, pair, { headers: {}, body: SHORT });
    const jwks = { keys: [{ kty: "OKP", crv: "Ed25519", x: "1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4", kid: "a" }] };
    const verifier = new Verifier(scheme, [], { jwks });
    const of = (k) => verifier.verify({ headers: { ...headers, k }, body: SHORT });
    equal([of("a").code, of("a").secret_index, of("b").code, of("b").status], ["OK", 0, "UNKNOWN_KEY", 401]);
    equal(verify(scheme, [], { headers: { ...headers, k: "a" }, body: SHORT }, { jwks }).code, "OK");
    throws(() => new Verifier(scheme, [], { jwks: "https://example.com/keys" }), /`jwks` is a set of keys/);
    throws(() => new Verifier(scheme, [], { jwks: { keys: [] } }), /has no key/);
    throws(() => new Verifier("github", [], { jwks }), /where the shared secret is needed/);
  },

  "headers come as Headers, pairs, a Map, or an object whose values may be lists, in any case": ({ Verifier, sign }) => {
    const { headers } = sign("github", SECRET, { headers: {}, body: SHORT });
    const [[name, value]] = Object.entries(headers);
    const verifier = new Verifier("github", [SECRET]);
    const code = (headers) => verifier.verify({ headers, body: SHORT }).code;
    const upper = name.toUpperCase();
    for (const given of [new Headers({ [upper]: value }), [[upper, value]], new Map([[upper, value]]), { [upper]: [value] }]) {
      equal(code(given), "OK");
    }
    equal(code({ [name]: value, other: undefined, "x-list": ["a", "b"] }), "OK");
    equal(code({ [name]: [value, value] }), "OK");
    equal(code({ [name]: [value, `sha256=${"0".repeat(64)}`] }), "AMBIGUOUS_HEADER");
    equal(code([["x-other", "1"]]), "MISSING_HEADER");
  },

  "a body is bytes or a text, never an object": ({ Verifier, sign }) => {
    const bytes = new TextEncoder().encode(SHORT);
    const { headers } = sign("github", SECRET, { headers: {}, body: bytes });
    const verifier = new Verifier("github", [SECRET]);
    for (const body of [SHORT, bytes, bytes.buffer, bytes.subarray(), new DataView(bytes.buffer)]) {
      equal(verifier.verify({ headers, body }).code, "OK");
    }
    const nothing = sign("github", SECRET, { headers: {} }).headers;
    for (const body of [undefined, null, "", new Uint8Array()]) {
      equal(verifier.verify({ headers: nothing, body }).code, "OK");
    }
    throws(() => verifier.verify({ headers, body: JSON.parse(SHORT) }), /`body` is the bytes as they came/);
  },

  "what can't be a delivery is the caller's mistake": ({ Verifier }) => {
    const verifier = new Verifier("github", [SECRET]);
    throws(() => verifier.verify({ headers: "a: b", body: "" }), /`headers`/);
    throws(() => verifier.verify({ body: "" }), /`headers`/);
    throws(() => verifier.verify({ headers: { "x-hub-signature-256": "a\0b" }, body: "" }), /NUL/);
    throws(() => verifier.verify({ headers: {}, method: 1, body: "" }), /NUL/);
    throws(() => verifier.verify({ headers: ["x-hub-signature-256", "sha256=00"], body: "" }), /`headers`/);
    throws(() => verifier.verify({ headers: { "x-hub-signature-256": 5 }, body: "" }), /x-hub-signature-256/);
    for (const now of [Date.now(), NaN, null, "1800000000"]) {
      throws(() => verifier.verify({ headers: {}, body: "" }, now), /`now` is in seconds/);
    }
  },

  "names that a prototype has are no headers": ({ Verifier, sign }) => {
    const { headers } = sign("github", SECRET, { headers: {}, body: SHORT });
    const code = new Verifier("github", [SECRET]).verify({ headers: Object.create(headers), body: SHORT }).code;
    equal(code, "MISSING_HEADER");
  },

  "the time is seconds, or a Date": ({ Verifier, sign }) => {
    const { headers } = sign("stripe", SECRET, { headers: {}, body: SHORT }, undefined, { now: new Date(NOW * 1000) });
    equal(new Verifier("stripe", [SECRET]).verify({ headers, body: SHORT }, new Date((NOW + 300) * 1000)).timestamp, NOW);
  },

  "a body over the limit is refused, however long": async ({ Verifier, verify, sign }) => {
    const body = new Uint8Array(9 * 1024 * 1024);
    const { headers } = sign("github", SECRET, { headers: {}, body: SHORT });
    const verifier = new Verifier("github", [SECRET]);
    equal(verifier.verify({ headers, body }).code, "BODY_TOO_LARGE");
    equal((await verifier.verifyAsync({ headers, body })).code, "BODY_TOO_LARGE");
    equal(verify("github", [SECRET], { headers, body: SHORT }, { body_limit: 5 }).code, "BODY_TOO_LARGE");
  },

  "what can't work is said when the verifier is made": ({ Verifier }) => {
    throws(() => new Verifier("github", SECRET), /`secrets` is a list/);
    throws(() => new Verifier("github", []), /no secret/);
    throws(() => new Verifier("standard-webhooks", [WHSEC, "not base64!"]), /Secret 2/);
    throws(() => new Verifier("meta", [SECRET]), /`params` with "verify_token"/);
    throws(() => new Verifier("nobody", [SECRET]), /No provider "nobody"/);
    throws(() => new Verifier({ signature: "header:a" }, [SECRET]), /This scheme can't work: .*algorithm/);
    throws(() => new Verifier(undefined, [SECRET]), /This scheme can't work/);
    throws(() => new Verifier("github", [SECRET], { tolerance: 1 }), /options: unknown field `tolerance`/);
    throws(() => new Verifier("vapi", [SECRET]), /one source alone/);
    new Verifier("vapi", [SECRET], { accept_unconfirmed: true });
  },

  "a long body is WebCrypto's to hash, with the same verdict": async ({ Verifier, sign }) => {
    const options = { replay_keys: true };
    for (const [scheme, secret, other] of [["github", SECRET, "x"], ["stripe", SECRET, "x"], ["standard-webhooks", WHSEC, SECRETS.other], [OWN, SECRET, "x"]]) {
      for (const body of [SHORT, LONG]) {
        const { headers } = sign(scheme, secret, { headers: {}, body }, "msg_1", { now: NOW });
        const changed = body.replace("evt_1", "evt_2");
        for (const secrets of [[secret], [other, secret], [other]]) {
          const verifier = new Verifier(scheme, secrets, options);
          for (const delivery of [{ headers, body }, { headers, body: changed }, { headers: {}, body }]) {
            for (const now of [NOW, NOW + 301]) {
              const verdict = await verifier.verifyAsync(delivery, now);
              equal(verdict, verifier.verify(delivery, now));
              const genuine = delivery.headers === headers && delivery.body === body && secrets.includes(secret);
              if (now === NOW) equal(verdict.valid, genuine);
            }
          }
        }
      }
    }
  },

  "a secret that keys two hashes is two keys": async ({ Verifier, sign }) => {
    const sha1 = { ...OWN, prefix: "a=", algorithm: "hmac-sha1", or: [] };
    const verifier = new Verifier(OWN, [SECRET]);
    for (const scheme of [OWN, sha1]) {
      const { headers } = sign(scheme, SECRET, { headers: {}, body: LONG });
      equal((await verifier.verifyAsync({ headers, body: LONG })).event_id, "evt_1");
    }
  },

  "deliveries at once have each their own verdict": async ({ Verifier, sign }) => {
    const verifier = new Verifier(OWN, [SECRET]);
    const asked = [];
    for (let index = 0; index < 40; index += 1) {
      const body = LONG.replace("evt_1", `evt_${index}`);
      const { headers } = sign(OWN, SECRET, { headers: {}, body });
      asked.push(verifier.verifyAsync({ headers, body: index % 4 === 3 ? `${body} ` : body }));
    }
    const verdicts = await Promise.all(asked);
    equal(verdicts.map(({ event_id }) => event_id ?? null), asked.map((_, index) => (index % 4 === 3 ? null : `evt_${index}`)));
  },

  "of many signatures one pass decides, whatever the body's length": async ({ Verifier, sign }) => {
    const verifier = new Verifier(OWN, [SECRET]);
    for (const body of [SHORT, LONG]) {
      const { headers } = sign(OWN, SECRET, { headers: {}, body });
      const junk = Array.from({ length: 90 }, (_, index) => `b=${String(index).padStart(64, "0")}`);
      const many = { "x-proof": [...junk, headers["x-proof"]].join() };
      equal(verifier.verify({ headers: many, body }).code, "OK");
      equal((await verifier.verifyAsync({ headers: many, body })).code, "OK");
    }
  },

  "a platform that fails is no forgery": async ({ Verifier, sign }) => {
    const { headers } = sign("github", SECRET, { headers: {}, body: LONG });
    const { importKey } = SubtleCrypto.prototype;
    const verifier = new Verifier("github", [SECRET]);
    SubtleCrypto.prototype.importKey = () => Promise.reject(new Error("not now"));
    try {
      equal((await verifier.verifyAsync({ headers, body: LONG })).code, "OK");
    } finally {
      SubtleCrypto.prototype.importKey = importKey;
    }
    equal((await verifier.verifyAsync({ headers, body: LONG })).code, "OK");
  },

  "a body that is changed after the call was what it was": async ({ Verifier, sign }) => {
    const body = new TextEncoder().encode(LONG);
    const { headers } = sign("github", SECRET, { headers: {}, body });
    const verifier = new Verifier("github", [SECRET]);
    for (let time = 0; time < 2; time += 1) {
      const asked = verifier.verifyAsync({ headers, body });
      body[20] ^= 1;
      equal((await asked).code, "OK");
      body[20] ^= 1;
    }
  },

  "a verifier that was freed says so, to what still waits for it, too": async ({ Verifier, sign }) => {
    const { headers } = sign("github", SECRET, { headers: {}, body: LONG });
    const delivery = { headers, body: LONG };
    const verifier = new Verifier("github", [SECRET]);
    const said = (ask) =>
      Promise.resolve()
        .then(ask)
        .then(({ code }) => code, ({ message }) => message.slice(0, 35));
    const waiting = said(() => verifier.verifyAsync(delivery));
    await undefined;
    verifier.free();
    verifier.free();
    const freed = "This Verifier was freed by `free()`";
    for (const ask of ["verify", "verifyAsync", "handshake"]) equal(await said(() => verifier[ask](delivery)), freed);
    // A platform that hashes at once has answered before.
    equal(["OK", freed].includes(await waiting), true);
  },

  "handshakes are answered, and nothing else is": ({ Verifier }) => {
    const verifier = new Verifier("x", [SECRET]);
    const url = "https://example.com/hooks?crc_token=abc";
    const answer = verifier.handshake({ method: "GET", url, headers: {} });
    equal(answer.status, 200);
    equal(Object.keys(JSON.parse(answer.body)), ["response_token"]);
    equal(verifier.handshake({ method: "POST", url: "https://example.com/hooks", headers: {}, body: SHORT }), undefined);
    equal("told_secret" in answer, false);
  },

  "a secret that a sender tells in its handshake is returned, and needs none before": ({ Verifier, sign }) => {
    const before = new Verifier("asana", []);
    const told = (secret) => before.handshake({ method: "POST", headers: { "X-Hook-Secret": secret }, body: "" });
    const { status, headers, told_secret } = told("from-asana");
    equal([status, headers["x-hook-secret"], told_secret], [200, "from-asana", "from-asana"]);
    equal(told("no secret has spaces"), undefined);
    const event = sign("asana", told_secret, { headers: {}, body: SHORT });
    const refused = before.verify({ headers: event.headers, body: SHORT });
    equal([refused.code, refused.status], ["CONFIGURATION", 500]);
    equal(new Verifier("asana", [told_secret]).verify({ headers: event.headers, body: SHORT }).code, "OK");
    const token = "secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl";
    const notion = new Verifier("notion", []).handshake({ headers: {}, body: JSON.stringify({ verification_token: token }) });
    equal(notion.told_secret, token);
  },

  "a detached JWS on P-521 is verified, and a key that isn't known is told from a forgery": ({ Verifier }) => {
    const vector = published.vectors.find(({ id }) => id === "truelayer-webhook");
    const [key] = JSON.parse(vector.secrets[0]).keys.filter(({ crv }) => crv === "P-521");
    const code = (key) => {
      const verifier = new Verifier("truelayer", [], { jwks: { keys: [key] } });
      return verifier.verify({ headers: vector.headers, body: vector.body, url: vector.url }, vector.now).code;
    };
    equal([code(key), code({ ...key, kid: "newer" })], ["OK", "UNKNOWN_KEY"]);
  },

  "published deliveries have the verdict that their source says": ({ Verifier }) => {
    const wrong = [];
    let seen = 0;
    for (const vector of published.vectors) {
      const { id, provider, secrets, params, expect, answer, status, now, method, url, headers, body, body_base64 } = vector;
      const options = { accept_unconfirmed: true, ...(params && { params }) };
      const verifier = new Verifier(provider, secrets, options);
      const bytes = body ?? Uint8Array.from(atob(body_base64), (char) => char.charCodeAt(0));
      const delivery = { method, url, headers, body: bytes };
      if (answer) {
        const given = verifier.handshake(delivery, now);
        if (given?.status !== answer.status || given.body !== answer.body) wrong.push([id, given]);
      } else {
        const verdict = verifier.verify(delivery, now);
        const fits = expect === "refused" ? !verdict.valid : verdict.code === expect;
        if (!fits || (status && verdict.status !== status)) wrong.push([id, verdict, expect]);
      }
      verifier.free();
      seen += 1;
    }
    equal(wrong, []);
    equal(seen > 100, true);
  },

  "Twilio's signature holds for a URL as the platform writes it": ({ Verifier, sign }) => {
    const form = { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "To=%2B18005551212" };
    const url = "https://mycompany.com/myapp.php?Body=It's+amazing";
    // Twilio signs what a browser would ask for, and so does this platform write it.
    const asked = new Request(url).url;
    equal(asked.includes("%27"), true);
    const { headers } = sign("twilio", SECRET, { ...form, url: asked });
    const delivery = { ...form, headers: { ...form.headers, ...headers } };
    const verifier = new Verifier("twilio", [SECRET]);
    equal([url, asked].map((url) => verifier.verify({ ...delivery, url }).code), ["OK", "OK"]);
    equal(verifier.verify({ ...delivery, url: url.replace("'", "") }).code, "NO_MATCH");
  },

  "a refusal says with which status": ({ Verifier }) => {
    const status = (provider, secret, delivery) => new Verifier(provider, [secret]).verify(delivery).status;
    equal(status("github", SECRET, { headers: {}, body: SHORT }), 400);
    equal(status("github", SECRET, { headers: { "x-hub-signature-256": `sha256=${"0".repeat(64)}` }, body: SHORT }), 401);
    equal(status("discord", "e7".repeat(32), { headers: {}, body: SHORT }), 401);
    equal(status("github", SECRET, { headers: {}, body: new Uint8Array(9 * 1024 * 1024) }), 413);
  },

  "a secret and an id are texts": ({ sign }) => {
    throws(() => sign("stripe", 5, { headers: {}, body: "" }), /`secret` is a string/);
    throws(() => sign("svix", WHSEC, { headers: {}, body: "" }, 5), /`eventId` is a string/);
  },

  "the providers are those of the registry": ({ providers }) => {
    const all = providers();
    equal(all.length >= 230, true);
    equal(all.filter(({ unconfirmed }) => !unconfirmed).length >= 215, true);
    equal(all.find(({ id }) => id === "stripe").retries, "3 days");
    const { name, unconfirmed, scheme } = all.find(({ id }) => id === "github");
    equal([name.includes("GitHub"), unconfirmed, scheme.algorithm], [true, false, "hmac-sha256"]);
  },
};

const SECRETS = { other: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" };

function equal(actual, expected) {
  const [a, b] = [sorted(actual), sorted(expected)];
  if (a !== b) throw new Error(`${a}\nis not\n${b}`);
}

/** As a text in which the order of members plays no part. */
function sorted(value) {
  const member = (_, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return JSON.stringify(value, member) ?? "undefined";
}

function throws(act, message) {
  try {
    act();
  } catch (error) {
    if (error instanceof Error && message.test(error.message)) return;
    throw new Error(`${error} does not say ${message}`);
  }
  throw new Error(`nothing was thrown, where ${message} was expected`);
}
