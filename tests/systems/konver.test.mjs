// The rows of konver: a title begins with its row's id.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { Product, allowed, refused, revoke } from "./product.mjs";

/** Programs that print the status of a call of `URL` with the key in `KONVER_API_KEY`. */
const CALLS = {
  javascript: `fetch(process.env.URL, { headers: { "X-Api-Key": process.env.KONVER_API_KEY } })
    .then((response) => console.log(response.status));`,
  python: `
import os, urllib.error, urllib.request
request = urllib.request.Request(os.environ["URL"], headers={"X-Api-Key": os.environ["KONVER_API_KEY"]})
try:
    print(urllib.request.urlopen(request).status)
except urllib.error.HTTPError as error:
    print(error.code)`,
  "c#": `
using System;
using System.Net.Http;

static class Call {
    static void Main() {
        var client = new HttpClient();
        client.DefaultRequestHeaders.Add("X-Api-Key", Environment.GetEnvironmentVariable("KONVER_API_KEY"));
        var response = client.GetAsync(Environment.GetEnvironmentVariable("URL")).Result;
        Console.WriteLine((int)response.StatusCode);
    }
}`,
};

/** Compiles the C# for Mono, and returns the program's path. */
async function compiledCSharp(directory) {
  const source = path.join(directory, "call.cs");
  const program = path.join(directory, "call.exe");
  writeFileSync(source, CALLS["c#"]);
  await promisify(execFile)("mcs", [`-out:${program}`, "-r:System.Net.Http.dll", source]);
  return program;
}

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

  describe("konver 4: any HTTP client sends it, from an environment variable:", () => {
    // A port for programs, in front of the rig's edge.
    let server;
    let key;
    const directory = mkdtempSync(path.join(tmpdir(), "keystile-konver-"));
    before(async () => {
      key = await create();
      server = createServer(async (request, response) => {
        const answer = await konver.rig.edge("edge1", request.url, { headers: { "X-Api-Key": request.headers["x-api-key"] ?? "" } });
        response.writeHead(answer.status).end(answer.text);
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
    });
    after(() => {
      server.close();
      rmSync(directory, { recursive: true, force: true });
    });

    for (const [language, program, words] of [
      ["curl", "sh", () => ["-c", `curl -s -o /dev/null -w '%{http_code}' -H "X-Api-Key: $KONVER_API_KEY" "$URL"`]],
      ["JavaScript", process.execPath, () => ["-e", CALLS.javascript]],
      ["Python", "python3", () => ["-c", CALLS.python]],
      ["C#", "mono", async () => [await compiledCSharp(directory)]],
    ]) {
      test(`konver 4: ${language}`, async () => {
        const given = await words();
        const status = async (text) => {
          const env = { ...process.env, KONVER_API_KEY: text, URL: `http://127.0.0.1:${server.address().port}/api/deals` };
          return (await promisify(execFile)(program, given, { env })).stdout.trim();
        };
        assert.equal(await status(key.key), "200");
        assert.equal(await status(`${key.key.slice(0, -1)}_`), "401");
      });
    }
  });
});
