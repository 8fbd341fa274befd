// Events as a service gets them, checked with the libraries of Standard Webhooks as the guide says: bodies that are
// forms, as Slack and GitHub send them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { Webhook } from "standardwebhooks";

import { inRoot, uvicorn } from "../../scripts/tools.mjs";
import { emptyHome, startIn } from "../support/local_stack.mjs";

const SECRET = "the secret that GitHub signs with";
const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const FORM = "payload=%7B%22action%22%3A%22opened%22%2C%22title%22%3A%22Gr%C3%BC%C3%9Fe+%26+more%22%7D";

/** The code that the guide has for a library. */
function documented(library) {
  const guide = readFileSync(inRoot("docs", "guide", "receive-webhooks.md"), "utf8");
  return new RegExp(`^\\| ${library}[^|]*\\| \`([^\`]+)\``, "m").exec(guide)[1];
}

let service;
let running;
let event;
before(async () => {
  const arrived = [];
  service = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    arrived.push({ body: Buffer.concat(chunks), headers: request.headers });
    response.end();
  });
  await once(service.listen(0, "127.0.0.1"), "listening");
  const home = emptyHome("events");
  // The secrets are named as those of the demo's source, which the worker knows.
  const secrets = `DEMO_WEBHOOK_SECRET="${SECRET}"\nDEMO_EVENTS_SECRET="${SIGNING_SECRET}"\n`;
  writeFileSync(path.join(home, ".dev.vars"), secrets);
  const configuration = `
[[upstreams]]
name = "service"
url = "http://127.0.0.1:${service.address().port}"
`;
  const demo = readFileSync(inRoot("keystile.toml"), "utf8")
    .replace('provider = "standard-webhooks"', 'provider = "github"\nreplays = "refuse-same-id"')
    .replace('upstream = "demo"\npath = "/events"', 'upstream = "service"\npath = "/events"');
  running = await startIn(home, demo + configuration);
  const signature = createHmac("sha256", SECRET).update(FORM).digest("hex");
  const answer = await fetch(`${running.stack.edge}/hooks/demo`, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded",
      "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
      "X-Hub-Signature-256": `sha256=${signature}`,
    },
    body: FORM,
  });
  assert.equal(answer.status, 200, await answer.text());
  [event] = arrived;
});
after(async () => {
  await running?.close();
  service?.close();
});

/** Two deliveries: the one that came, and the same with a letter changed. */
const deliveries = () => [event, { ...event, body: Buffer.from(String(event.body).replace("opened", "closed")) }];

describe("a form is checked as the guide says:", () => {
  test("JavaScript", () => {
    const check = new Function("webhook", "body", "headers", `return ${documented("JavaScript")}`);
    const webhook = new Webhook(SIGNING_SECRET);
    const [genuine, changed] = deliveries();
    check(webhook, genuine.body, genuine.headers);
    assert.throws(() => check(webhook, changed.body, changed.headers), /No matching signature/);
    // Without the option a genuine event fails.
    assert.throws(() => webhook.verify(genuine.body, genuine.headers), SyntaxError);
  });

  test("Python", async () => {
    const program = `
import json, sys
from standardwebhooks import Webhook
webhook = Webhook(${JSON.stringify(SIGNING_SECRET)})
for line in sys.argv[1:]:
    delivery = json.loads(line)
    body, headers = delivery["body"].encode(), delivery["headers"]
    try:
        ${documented("Python")}
        print("genuine")
    except Exception as error:
        print(error)
try:
    webhook.verify(json.loads(sys.argv[1])["body"], json.loads(sys.argv[1])["headers"])
except json.JSONDecodeError:
    print("no JSON")
`;
    const each = deliveries().map(({ body, headers }) => JSON.stringify({ body: String(body), headers }));
    const { stdout } = await promisify(execFile)(uvicorn().python, ["-c", program, ...each]);
    assert.deepEqual(stdout.trim().split("\n"), ["genuine", "No matching signature found", "no JSON"]);
  });
});
