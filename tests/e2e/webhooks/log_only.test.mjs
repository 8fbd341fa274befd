// Sources that only log that a signature doesn't fit: such a delivery is handed on as it came, unsigned and marked.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { sleep, startRig } from "../../support/rig.mjs";
import { refused, seconds, secret, standard } from "../../support/standard_webhooks.mjs";

const NEW = secret("new");
const vars = {
  STANDARD_SECRET: secret("standard"),
  EVENTS_NEW: NEW,
  EVENTS_OLD: secret("old"),
  AUDIT_SECRET: secret("audit"),
  GITHUB_SECRET: "github's",
  SLACK_SECRET: "slack's",
  GITLAB_TOKEN: "gitlab's token",
};

let rig;
before(async () => {
  const toml = inRoot("tests", "fixtures", "webhook_fanout.toml");
  rig = await startRig({ name: "log_only", toml, edges: { edge1: {} }, hooks: { vars } });
});
after(() => rig.close());
afterEach(async () => {
  await rig.eventsAnswer({});
  await rig.events();
});

const hmac = (key, message) => createHmac("sha256", key).update(message).digest("hex");
const post = (source, body, headers = {}) =>
  rig.edge("edge1", `/hooks/${source}`, { method: "POST", body, headers });
const github = (body, key, more = {}) =>
  post("trial", body, {
    "X-GitHub-Event": "push",
    "X-GitHub-Delivery": "1",
    "X-Hub-Signature-256": `sha256=${hmac(key, body)}`,
    ...more,
  });

/** The events that the upstream got, with what marks and signs each. */
async function events() {
  return (await rig.events()).map(({ path, headers, body }) => ({
    path,
    headers,
    body: Buffer.from(body, "base64").toString(),
    code: headers["keystile-webhook-unverified"],
  }));
}

test("a genuine delivery is handed on once and signed, as ever", async () => {
  const more = { "Keystile-Webhook-Unverified": "made up" };
  assert.equal((await github("{}", vars.GITHUB_SECRET, more)).status, 200);
  assert.deepEqual((await github("{}", vars.GITHUB_SECRET)).body, { status: "duplicate" });
  const [event, ...others] = await events();
  assert.deepEqual(others, []);
  assert.equal(event.code, undefined);
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = event.headers;
  assert.equal(signature, standard(event.body, { key: NEW, id, at })["webhook-signature"]);
  assert.ok(!("x-hub-signature-256" in event.headers));
});

test("a delivery that fails is handed on as it came, each time, with the code and without our signature", async () => {
  await rig.eventsAnswer({ status: 207, body: "taken" });
  const more = { Authorization: "Bearer of someone", Cookie: "a=1", "X-Forwarded-For": "203.0.113.9", "X-Other": "kept" };
  for (let time = 0; time < 2; time += 1) {
    const answer = await github('{"a":1}', "another secret", more);
    assert.deepEqual([answer.status, answer.text], [207, "taken"], "the upstream's answer");
  }
  const got = await events();
  assert.equal(got.length, 2, "it is not remembered");
  for (const { code, headers, body, path } of got) {
    assert.deepEqual([code, body, path], ["NO_MATCH", '{"a":1}', "/trial"]);
    assert.equal(headers["x-hub-signature-256"], `sha256=${hmac("another secret", '{"a":1}')}`);
    assert.equal(headers["x-github-delivery"], "1");
    assert.equal(headers["x-other"], "kept");
    assert.equal(headers["keystile-webhook-source"], "trial");
    assert.equal(headers["keystile-webhook-event-type"], "push");
    assert.ok(headers["keystile-request-id"]);
    const gone = ["webhook-id", "webhook-timestamp", "webhook-signature", "authorization", "cookie", "x-forwarded-for"];
    for (const name of [...gone, "keystile-webhook-event-id", "keystile-webhook-body-authenticated"]) {
      assert.ok(!(name in headers), name);
    }
  }
  await post("trial", "{}");
  const [unsigned] = await events();
  assert.equal(unsigned.code, "MISSING_HEADER");
});

test("without a usable secret everything is handed on, with the sender's own headers of the same names", async () => {
  const headers = standard("{}", { key: secret("theirs"), id: "msg_theirs" });
  assert.equal((await post("trial-unset", "{}", headers)).status, 200);
  const [event] = await events();
  assert.equal(event.code, "CONFIGURATION");
  for (const [name, value] of Object.entries(headers)) assert.equal(event.headers[name], value, name);
});

test("limits, methods and handshakes hold", async () => {
  refused(await github("x".repeat(1_001), "another secret"), 413, "BODY_TOO_LARGE");
  const got = await rig.edge("edge1", "/hooks/trial", { method: "GET" });
  assert.deepEqual([got.status, got.code], [405, "METHOD_NOT_ALLOWED"]);

  const challenge = JSON.stringify({ type: "url_verification", challenge: "abc" });
  const at = `${seconds()}`;
  const slack = (key) =>
    post("trial-slack", challenge, {
      "Content-Type": "application/json",
      "X-Slack-Request-Timestamp": at,
      "X-Slack-Signature": `v0=${hmac(key, `v0:${at}:${challenge}`)}`,
    });
  refused(await slack("another secret"), 401, "NO_MATCH");
  const answer = await slack(vars.SLACK_SECRET);
  assert.deepEqual([answer.status, answer.text], [200, "abc"]);
  assert.deepEqual(await events(), []);
});

test("in mode queue a delivery that fails does not wait in the queue: its header may hold a secret", async () => {
  await rig.eventsAnswer({ paths: { "/audit": { status: 503 } } });
  const answer = await post("trial-queue", "{}", { "X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": "another token" });
  assert.equal(answer.status, 503, "one upstream has not taken it, so the sender tries again");
  const got = await events();
  assert.deepEqual(got.map(({ path, code }) => `${path} ${code}`).sort(), ["/audit NO_MATCH", "/billing NO_MATCH"]);
  assert.ok(got.every(({ headers }) => headers["x-gitlab-token"] === "another token"));
  await sleep(1_500);
  assert.deepEqual(await events(), []);
  assert.deepEqual((await rig.manage("GET", "/v1/webhooks/trial-queue/dead-letters")).body.dead_letters, []);

  const genuine = await post("trial-queue", "{}", { "X-Gitlab-Event": "Tag Push Hook", "X-Gitlab-Token": vars.GITLAB_TOKEN });
  assert.equal(genuine.status, 202);
});
