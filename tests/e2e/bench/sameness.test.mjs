// The benchmark's check that its rivals do what Keystile does: it has to find any difference.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";

import { checkSameness } from "../../../bench/guard/sameness.mjs";

const KEY = "a good key";
const servers = [];
after(() => servers.forEach((server) => server.close()));

/** A guard that adds what it knows of the caller, and refuses other keys. `also` plants a difference. */
async function guard(also = {}) {
  let requests = 0;
  return listen(async (request, response) => {
    const id = `req_${String((requests += 1)).padStart(14, "0")}`;
    let body = "";
    for await (const chunk of request) body += chunk;
    const head = { "Content-Type": "application/json", "Keystile-Request-Id": id, ...also.answers };
    if (request.headers.authorization !== KEY) {
      return response.writeHead(401, head).end(JSON.stringify({ code: "MALFORMED", request_id: id, ...also.refuses }));
    }
    const { authorization, ...sent } = request.headers;
    const headers = { ...sent, "keystile-tenant": "acme", "keystile-key-id": "key_1", ...also.sends };
    response.writeHead(also.status ?? 200, head).end(JSON.stringify({ method: request.method, headers, body }));
  });
}

/** Forwards whatever comes, as it came. */
const bare = () =>
  listen((request, response) => response.end(JSON.stringify({ headers: request.headers })));

async function listen(handler) {
  const server = createServer((request, response) => {
    response.sendDate = false;
    return handler(request, response);
  });
  servers.push(server);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

/** The check, with these subjects in place of good ones. */
async function check(subjects = {}) {
  const urls = { bare: await bare() };
  for (const name of ["keystile", "same_edits", "hono", "refuse"]) urls[name] = subjects[name] ?? (await guard());
  return checkSameness({ urls: { ...urls, ...subjects }, headers: { Authorization: KEY }, forgedHeaders: { Authorization: "forged" }, target: "/x" });
}

test("subjects that do the same pass, whatever their ids of requests", async () => {
  await check();
});

const DIFFERENCES = {
  "a header that the upstream doesn't get": { sends: { "x-kept": undefined } },
  "a header that only the upstream of this one gets": { sends: { "keystile-scopes": "read:leads" } },
  "another value of a header for the upstream": { sends: { "keystile-tenant": "globex" } },
  "a header of the answer": { answers: { "Server-Timing": "more" } },
  "another value of the answer's header": { answers: { "Content-Type": "text/plain" } },
  "another status": { status: 201 },
};
for (const [difference, also] of Object.entries(DIFFERENCES)) {
  test(`${difference} is found in either rival`, async () => {
    for (const rival of ["same_edits", "hono"]) {
      await assert.rejects(check({ [rival]: await guard(also) }), { name: "AssertionError", message: new RegExp(`^${rival} differs`) });
    }
  });
}

test("another refusal is found, in its body and in its headers", async () => {
  for (const also of [{ refuses: { detail: "short" } }, { answers: { "Cache-Control": "no-store" } }]) {
    await assert.rejects(check({ refuse: await guard(also) }), { message: /^refuse differs/ });
  }
});

test("a bare forwarder that edits, and a Keystile that refuses or says nothing, are found", async () => {
  await assert.rejects(check({ bare: await guard() }), { message: /^The bare forwarder edits/ });
  await assert.rejects(check({ keystile: await guard({ status: 503 }) }), { message: /^Keystile answered/ });
  const silent = { sends: { "keystile-key-id": undefined } };
  const [keystile, same_edits, hono] = [await guard(silent), await guard(silent), await guard(silent)];
  await assert.rejects(check({ keystile, same_edits, hono }), { message: /^The upstream sees no keystile-key-id/ });
});
