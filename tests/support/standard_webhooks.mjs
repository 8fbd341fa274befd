// A sender by Standard Webhooks for the tests, and a check of the answers that it gets.

import assert from "node:assert/strict";
import { createHash, createHmac, randomUUID } from "node:crypto";

export const seconds = () => Math.floor(Date.now() / 1000);

/** The secret of this name, always the same. */
export const secret = (name) => `whsec_${createHash("sha256").update(name).digest("base64")}`;

/** The three headers of a delivery. */
export function standard(body, { key = secret("standard"), id = `msg_${randomUUID()}`, at = seconds() } = {}) {
  const bytes = Buffer.from(key.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", bytes).update(`${id}.${at}.`).update(body).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1,${signature}` };
}

/** Whether an answer is the problem with this code. */
export function refused(answer, status, code) {
  assert.deepEqual([answer.status, answer.code], [status, code], answer.text);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  assert.equal(answer.body.request_id, answer.headers.get("keystile-request-id"));
}
