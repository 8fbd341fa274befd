// Services that receive webhooks themselves ask the edge for the verdict.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { ROOT_KEY, startRig } from "../../support/rig.mjs";
import { refused, seconds, secret, standard } from "../../support/standard_webhooks.mjs";

const OLD = secret("old");
const vars = { STANDARD_SECRET: secret("standard"), STANDARD_SECRET_OLD: OLD, EVENTS_SECRET: secret("events") };

let rig;
before(async () => {
  const toml = inRoot("tests", "fixtures", "webhooks.toml");
  rig = await startRig({ name: "webhook_verdicts", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());

const hmac = (key, message) => createHmac("sha256", key).update(message).digest("hex");
const verify = (body, { key = ROOT_KEY, headers = {} } = {}) =>
  rig.edge("edge1", "/keystile/v1/webhooks/verify", {
    key: key ?? undefined,
    headers,
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const base64 = (text) => Buffer.from(text).toString("base64");

test("a verdict by source says what is known, and nothing is remembered", async () => {
  const body = '{"type":"invoice.paid"}';
  const headers = standard(body, { key: OLD, id: "msg_asked" });
  const asked = { source: "standard", headers, body: base64(body) };
  for (let time = 0; time < 2; time += 1) {
    const answer = await verify(asked);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.body, {
      valid: true,
      code: "OK",
      detail: null,
      event_id: "msg_asked",
      event_type: "invoice.paid",
      timestamp: Number(headers["webhook-timestamp"]),
      secret_index: 1,
      body_authenticated: true,
    });
  }
  const later = await verify({ ...asked, now: seconds() + 400 });
  assert.deepEqual([later.body.valid, later.body.code, later.body.secret_index], [false, "TIMESTAMP_TOO_OLD", null]);
  assert.equal((await verify({ ...asked, body: base64("[]") })).body.code, "NO_MATCH");
  const unset = await verify({ ...asked, source: "unset" });
  assert.equal(unset.body.code, "CONFIGURATION");
  assert.match(unset.body.detail, /NOBODY_SET_THIS/);
  refused(await verify({ ...asked, source: "nobody" }), 404, "UNKNOWN_SOURCE");
  assert.deepEqual(await rig.events(), []);
});

test("what would hold up every other caller is refused by name, and at once", async () => {
  const scheme = { signature: "header:x-proof", encoding: "hex", algorithm: "hmac-sha256" };
  const messages = Array.from({ length: 32 }, (_, index) => `${index}{body}`);
  const secrets = (count) => Array.from({ length: count }, (_, index) => `secret number ${index} of them`);
  const own = { scheme, secrets: ["a"], headers: { "X-Proof": "00".repeat(32) }, body: "" };
  const zeros = `[${"0,".repeat(5_900_000)}0]`;
  const long = base64("x".repeat(4_000_000));
  const four = { ...scheme, message: messages.slice(0, 4) };
  for (const [what, body, field, refusal = [422, "INVALID_REQUEST"]] of [
    ["3,000 secrets and 32 messages", { ...own, scheme: { ...scheme, message: messages }, secrets: secrets(3000) }, /scheme|secrets/],
    ["17 secrets", { ...own, secrets: secrets(17) }, /^secrets$/],
    ["5 messages", { ...own, scheme: { ...scheme, message: messages.slice(0, 5) } }, /^scheme$/],
    ["the body twice in a message", { ...own, scheme: { ...scheme, message: "{body}{body}" } }, /^scheme$/],
    ["too much together", { ...own, scheme: four, secrets: secrets(16), body: long }, /^body$/],
    ["20,000 names that are looked for", { ...own, scheme: { ...scheme, message: `{present:${Array(20_000).fill("n").join()}}` }, body: base64(`{"a":"${"x".repeat(100_000)}"}`) }, /^body$/],
    ["a hash of the body for each secret", { ...own, scheme: { ...scheme, algorithm: "sha256", message: "{secret}{sha256hex:body}" }, secrets: secrets(16), body: base64("x".repeat(5_000_000)) }, /^body$/],
    ["a member a million times", `{${'"url":0,'.repeat(1_000_000)}"body":""}`, /^url$/, [400, "MALFORMED_JSON"]],
    ["11.8 MB of zeros", zeros, /^$/],
    ["11.8 MB of zeros as the body", `{"scheme":${JSON.stringify(scheme)},"secrets":["a"],"headers":{},"body":${zeros}}`, /^body$/],
    ["11.8 MB of zeros as headers", `{"source":"standard","headers":${zeros},"body":""}`, /^headers$/],
    ["11.8 MB of zeros that nobody asked for", `{"source":"standard","headers":{},"body":"","more":${zeros}}`, /^more$/],
    ["a million names", `{"source":"standard","headers":{},"body":"",${Array.from({ length: 1_000_000 }, (_, index) => `"${index}":0`)}}`, /^\d+$/],
  ]) {
    const asked = verify(body);
    const begun = Date.now();
    const others = await Promise.all(Array.from({ length: 5 }, () => verify({ source: "nobody", headers: {}, body: "" })));
    const waited = Date.now() - begun;
    const answer = await asked;
    assert.deepEqual([answer.status, answer.code], refusal, `${what}: ${answer.text.slice(0, 300)}`);
    for (const error of answer.body.errors ?? []) assert.match(error.field, field, what);
    assert.ok(answer.text.length < 4000, `${what}: an answer of ${answer.text.length} bytes`);
    for (const other of others) assert.equal(other.code, "UNKNOWN_SOURCE");
    assert.ok(waited < 2000, `${what}: others waited for ${waited} ms`);
  }
  // A delivery within the bounds is judged.
  const good = { ...own, scheme: four, secrets: secrets(16), headers: { "X-Proof": hmac("secret number 15 of them", "3{}") }, body: base64("{}") };
  const answer = await verify(good);
  assert.deepEqual([answer.body.valid, answer.body.secret_index], [true, 15], answer.text);
});

test("… and so does one by a scheme of the caller's own", async () => {
  const scheme = { signature: "header:x-proof", encoding: "hex", algorithm: "hmac-sha256", params: ["who"], message: "{param:who}{body}" };
  const body = "\u00ff\u0000";
  const own = { scheme, secrets: ["a", "b"], params: { who: "me" }, headers: [["X-Proof", hmac("b", `me${body}`)]], body: base64(body) };
  assert.deepEqual((await verify(own)).body, {
    valid: true,
    code: "OK",
    detail: null,
    event_id: null,
    event_type: null,
    timestamp: null,
    secret_index: 1,
    body_authenticated: true,
  });
  assert.equal((await verify({ ...own, secrets: [""] })).body.code, "CONFIGURATION");
  const stripe = { provider: "slack", secrets: ["x"], headers: {}, body: "" };
  assert.equal((await verify(stripe)).body.code, "MISSING_HEADER");
  refused(await verify({ ...stripe, provider: "mailgun" }), 422, "INVALID_REQUEST");
  refused(await verify({ ...own, scheme: {} }), 422, "INVALID_REQUEST");
  refused(await verify({ ...own, source: "standard" }), 422, "INVALID_REQUEST");
  refused(await verify("{"), 400, "MALFORMED_JSON");
});

test("… whatever a secret is like, and however long the body", async () => {
  const body = JSON.stringify({ pad: "x".repeat(10_000) });
  for (const key of ["s", "s".repeat(200_000)]) {
    const headers = { "x-hub-signature-256": `sha256=${hmac(key, body)}` };
    const answer = await verify({ provider: "github", secrets: [key], headers, body: base64(body) });
    assert.deepEqual([answer.status, answer.body.code], [200, "OK"], answer.text);
  }
});

test("a verdict needs an operator's key with `verify`; a source's secrets are no tenant's to try out", async () => {
  const asked = { source: "standard", headers: standard("{}"), body: base64("{}") };
  const own = { provider: "slack", secrets: ["x"], headers: {}, body: "" };
  const spoofed = { "Keystile-Reach": "all" };
  refused(await verify(asked, { key: null, headers: spoofed }), 401, "MISSING_CREDENTIAL");
  const customer = await rig.create();
  assert.equal((await verify(asked, { key: customer.key })).status, 401);
  const reader = await rig.operator("*", ["keys:read"]);
  refused(await verify(asked, { key: reader.key }), 403, "INSUFFICIENT_SCOPE");
  const bound = await rig.operator("acme", ["verify"]);
  refused(await verify(asked, { key: bound.key, headers: spoofed }), 403, "TENANT_NOT_ALLOWED");
  assert.equal((await verify(own, { key: bound.key })).status, 200);
  const all = await rig.operator("*", ["verify"]);
  assert.equal((await verify(asked, { key: all.key })).body.valid, true);
  const got = await rig.edge("edge1", "/keystile/v1/webhooks/verify", { key: ROOT_KEY });
  refused(got, 405, "METHOD_NOT_ALLOWED");
});
