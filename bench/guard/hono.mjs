// A guard as one writes it with Hono: the key's form, its SHA-256 digest by
// WebCrypto, the key's record from KV and for a minute from the isolate's
// memory, its end, its scopes, and then the same changes to the headers.

import { Hono } from "hono";
import { createMiddleware } from "hono/factory";

import { forward, refusal } from "./edits.mjs";

const FORM = /^bench_(live|test)_[0-9A-Za-z]{38}$/;
const READS = new Set(["GET", "HEAD", "OPTIONS"]);
const KEPT_MS = 60_000;
const MAX_KEPT = 10_000;

/** By digest: what is known of a key, and until when that is good. */
const kept = new Map();

const guard = ({ environment, read, write }) =>
  createMiddleware(async (c, next) => {
    const key = presented(c.req);
    const form = key && FORM.exec(key);
    if (!form) return refusal();
    if (form[1] !== environment) return c.json({ code: "WRONG_ENVIRONMENT" }, 403);
    const record = await find(key, c.env.KEYS);
    if (!record) return refusal();
    if (record.expiresAt !== null && record.expiresAt <= Date.now()) return c.json({ code: "EXPIRED" }, 401);
    if (!record.allowed.has(READS.has(c.req.method) ? read : write)) return c.json({ code: "INSUFFICIENT_SCOPE" }, 403);
    c.set("holder", record);
    await next();
  });

function presented(request) {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(request.header("Authorization") ?? "") ?? [];
  return bearer ?? request.header("X-Api-Key");
}

async function find(key, kv) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))).toHex();
  const known = kept.get(digest);
  if (known && known.until > Date.now()) return known.record;
  const record = await kv.get(digest, "json");
  if (record) record.allowed = new Set(record.scopes.split(" "));
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value);
  kept.set(digest, { record, until: Date.now() + KEPT_MS });
  return record;
}

const app = new Hono();
app.all(
  "/api/leads/*",
  guard({ environment: "live", read: "read:leads", write: "write:leads" }),
  (c) => forward(c.env.UPSTREAM, c.req.raw, c.get("holder")),
);

export default app;
