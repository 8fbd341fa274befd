// `keystile/webhooks/explain`: why a webhook is refused, proved by trying.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { dist } from "./guarded.mjs";

const { sign } = await import(pathToFileURL(dist("webhooks", "node.js")));
const { explain } = await import(pathToFileURL(dist("webhooks", "explain_node.js")));

const SECRET = "a shared secret";
const NOW = 1_800_000_000;
const body = '{"action":"opened"}';

test("a genuine delivery needs no explanation", () => {
  const { headers } = sign("github", SECRET, { headers: {}, body });
  const { verdict, search } = explain("github", [SECRET], { headers: new Headers(headers), body }, { now: NOW });
  assert.deepEqual([verdict.valid, search.ending], [true, "not_needed"]);
});

test("a changed body and a cut secret are found", () => {
  const { headers } = sign("github", SECRET, { headers: {}, body: JSON.stringify(JSON.parse(body)) });
  const parsed = explain("github", [SECRET], { headers, body: JSON.stringify(JSON.parse(body), null, 2) }, { now: NOW });
  assert.deepEqual([parsed.verdict.code, parsed.search.ending], ["NO_MATCH", "found"]);
  const blank = explain("github", [`${SECRET}\n`], { headers, body }, { now: NOW });
  assert.ok(blank.causes.length > 0, JSON.stringify(blank));
});

test("what can't be asked is the caller's mistake", () => {
  assert.throws(() => explain("github", SECRET, { headers: {} }), /`secrets` is a list/);
  assert.throws(() => explain("nobody", [SECRET], { headers: {} }), /No provider "nobody"/);
  assert.throws(() => explain("github", [SECRET], { headers: {}, body: {} }), /`body` is the bytes/);
});
