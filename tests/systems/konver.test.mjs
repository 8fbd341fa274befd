// The rows of konver: a title begins with its row's id.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { Product, allowed, refused, revoke } from "./product.mjs";

describe("konver", () => {
  const konver = new Product("konver");
  const use = (text, path = "/api/deals", method = "GET") => konver.use(undefined, path, method, { "X-Api-Key": text });
  const create = (fields) => konver.create({ scopes: ["read", "write"], ...fields });

  test("konver 1: the key travels in the X-Api-Key header", async () => {
    const key = await create();
    allowed(await use(key.key));
    refused(await konver.use(key, "/api/deals"), 401, "MISSING_CREDENTIAL");
  });

  test("konver 2: a key reaches its organization and never another's; shown once, revoked at once", async () => {
    const mine = await create();
    const theirs = await konver.rig.create("globex", { scopes: ["read"] });
    assert.equal((await use(mine.key)).body.headers["keystile-tenant"], "acme");
    assert.equal((await use(theirs.key)).body.headers["keystile-tenant"], "globex");
    const forged = await konver.use(undefined, "/api/deals", "GET", { "X-Api-Key": mine.key, "Keystile-Tenant": "globex" });
    assert.equal(forged.body.headers["keystile-tenant"], "acme");
    assert.ok(!(await konver.list()).text.includes(mine.key));
    await revoke(konver, mine);
    refused(await use(mine.key), 401, "REVOKED");
  });

  test("konver 3: 401 when wrong, revoked or badly sent, and the answer says so; 403 without permission", async () => {
    const key = await create({ scopes: ["read"] });
    const wrong = key.key.slice(0, -1) + (key.key.endsWith("a") ? "b" : "a");
    refused(await use(wrong), 401, "MALFORMED");
    const spaced = await use(`${key.key} x`);
    refused(spaced, 401, "MALFORMED");
    assert.match(spaced.body.detail, /white space/);
    const quoted = await use(`"${key.key}"`);
    refused(quoted, 401, "MALFORMED");
    assert.match(quoted.body.detail, /character/);
    refused(await use(key.key, "/api/deals", "POST"), 403, "INSUFFICIENT_SCOPE");
    await revoke(konver, key);
    refused(await use(key.key), 401, "REVOKED");
  });

  test("konver 4: any HTTP client sends it, curl with an environment variable among them", async () => {
    const key = await create();
    // A port for curl; every other language's client sends the same header.
    const server = createServer(async (request, response) => {
      const answer = await konver.rig.edge("edge1", request.url, { headers: { "X-Api-Key": request.headers["x-api-key"] ?? "" } });
      response.writeHead(answer.status).end(answer.text);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const script = `curl -s -o /dev/null -w '%{http_code}' -H "X-Api-Key: $KONVER_API_KEY" http://127.0.0.1:${server.address().port}/api/deals`;
    const { stdout } = await promisify(execFile)("sh", ["-c", script], { env: { ...process.env, KONVER_API_KEY: key.key } });
    assert.equal(stdout, "200");
    await new Promise((resolve) => server.close(resolve));
  });
});
