// Express and FastAPI behind the edge as `npm start` runs it: the runtime calls them by itself, without the harness of
// the other tests in between.

import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";

import { Hono } from "hono";
import { WebSocket } from "ws";

import { inRoot } from "../../scripts/tools.mjs";
import { emptyHome, startIn } from "../support/local_stack.mjs";
import { startFrameworks } from "./frameworks.mjs";

const SECRET = "the signing secret of both upstreams";
const MIB = 1024 * 1024;

let frameworks;
let running;
let edge;
let key;

before(async () => {
  frameworks = await startFrameworks(SECRET);
  const home = emptyHome();
  writeFileSync(path.join(home, ".dev.vars"), `UPSTREAM_SECRET="${SECRET}"\n`);
  running = await startIn(home, configuration(frameworks.ports), { secrets: ["UPSTREAM_SECRET"] });
  edge = running.stack.edge;
  key = await createKey();
});
after(async () => {
  await running?.close();
  await frameworks?.close();
});

function configuration(ports) {
  const both = Object.entries(ports).map(
    ([name, port]) => `
[[upstreams]]
name = "${name}"
url = "http://127.0.0.1:${port}"
signing_secret = "UPSTREAM_SECRET"
timeout_seconds = 2

[[routes]]
path = "/${name}/*"
upstream = "${name}"
read = []
write = []
`,
  );
  return readFileSync(inRoot("keystile.toml"), "utf8") + both.join("");
}

async function createKey() {
  const response = await fetch(`${running.stack.manage}/v1/tenants/acme/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${running.stack.root_key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "frameworks", scopes: ["read:leads"] }),
  });
  assert.equal(response.status, 201, await response.clone().text());
  return (await response.json()).key;
}

/** Over a socket: `fetch` adds headers of its own, and follows redirects. `chunks` has each with its time. */
function ask(target, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(edge + target, { method, headers: { Authorization: `Bearer ${key}`, ...headers } }, async (answer) => {
      const chunks = [];
      try {
        for await (const bytes of answer) chunks.push({ bytes, at: Date.now() });
      } catch (error) {
        return reject(error);
      }
      const whole = Buffer.concat(chunks.map(({ bytes }) => bytes));
      resolve({ status: answer.statusCode, headers: answer.headers, text: whole.length < MIB ? String(whole) : "", whole, chunks });
    });
    sent.on("error", reject).end(body);
  });
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

for (const name of ["express", "fastapi"]) {
  describe(name, () => {
    const at = (rest) => `/${name}${rest}`;

    test("it knows the caller, and what the caller wrote", async () => {
      const answer = await ask(at("/whoami?a=%2F"), { headers: { "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "gopher" } });
      assert.equal(answer.status, 200, answer.text);
      const { link, ip, scheme, tenant } = JSON.parse(answer.text);
      assert.equal(tenant, "acme");
      assert.ok(["127.0.0.1", "::1"].includes(ip), ip);
      if (name === "express") assert.equal(link, `${edge}${at("/whoami?a=%2F")}`);
      else assert.equal(scheme, "http");
    });

    test("its redirects lead to where the caller can go", async () => {
      const { status, headers } = await ask(at("/moved"));
      assert.deepEqual([status, headers.location], [307, edge + at(name === "express" ? "/there?x=1" : "/items/?x=1")]);
      assert.equal((await ask(at("/moved-within"))).headers.location, at("/there?x=1"));
      assert.equal((await ask(at("/moved-beside"))).headers.location, "there?x=1");
    });

    test("cookies go both ways", async () => {
      const { headers, text } = await ask(at("/cookies"), { headers: { Cookie: "a=1; b=2" } });
      assert.equal(JSON.parse(text).sent, "a=1; b=2");
      assert.equal(headers["set-cookie"].length, 2);
      assert.match(headers["set-cookie"][0], /^session=a.*HttpOnly.*SameSite=Lax/i);
      assert.match(headers["set-cookie"][1], new RegExp(`^theme=dark; Path=/${name}`, "i"));
    });

    test("its ETag comes back, and what has not changed is answered 304", async () => {
      const first = await ask(at("/document"));
      assert.deepEqual([first.status, first.text], [200, "the document"]);
      const again = await ask(at("/document"), { headers: { "If-None-Match": first.headers.etag } });
      assert.deepEqual([again.status, again.text, again.headers.etag], [304, "", first.headers.etag]);
      assert.equal((await ask(at("/document"), { headers: { "If-None-Match": '"other"' } })).status, 200);
    });

    test("ranges", async () => {
      const part = await ask(at("/file"), { headers: { Range: "bytes=10-14" } });
      assert.deepEqual([part.status, part.text, part.headers["content-range"]], [206, "01234", "bytes 10-14/1000"]);
      const whole = await ask(at("/file"));
      assert.deepEqual([whole.status, whole.text.length], [200, 1000]);
    });

    test("HEAD has the headers of GET, and no body", async () => {
      const { status, headers, text } = await ask(at("/file"), { method: "HEAD" });
      assert.deepEqual([status, headers["content-length"], text], [200, "1000", ""]);
    });

    test("server-sent events arrive one by one", async () => {
      const { headers, text, chunks } = await ask(at("/events"));
      assert.match(headers["content-type"], /^text\/event-stream/);
      assert.equal(text, "data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\n");
      assert.ok(chunks.at(-1).at - chunks[0].at > 500, "they came all at once");
    });

    test("50 MB up and down, byte for byte", async () => {
      const body = Buffer.alloc(50 * MIB, "keystile");
      const up = await ask(at("/upload"), { method: "POST", body, headers: { "Content-Type": "application/octet-stream" } });
      assert.deepEqual(JSON.parse(up.text), { length: body.length, sha256: sha256(body) });
      const down = await ask(at("/download"));
      assert.equal(down.headers["content-length"], String(50 * MIB));
      assert.equal(sha256(down.whole), sha256(Buffer.alloc(50 * MIB, 7)));
    });

    test("a WebSocket, compressed or not, for text and bytes", async () => {
      for (const perMessageDeflate of [true, false]) {
        const socket = new WebSocket(edge.replace("http", "ws") + at("/socket"), {
          headers: { Authorization: `Bearer ${key}` },
          perMessageDeflate,
        });
        const upgraded = new Promise((resolve) => socket.once("upgrade", ({ headers }) => resolve(headers)));
        await opened(socket);
        assert.match((await upgraded)["keystile-request-id"], /^req_\w+$/);
        for (const sent of ["hello ".repeat(1000), Buffer.alloc(100_000, 7)]) {
          const echoed = new Promise((resolve) => socket.once("message", resolve));
          socket.send(sent);
          assert.ok(Buffer.from(sent).equals(await echoed));
        }
        socket.close();
        await new Promise((resolve) => socket.once("close", resolve));
      }
    });

    test("it refuses what did not come from the edge, and what was signed for another upstream", async () => {
      const direct = `http://127.0.0.1:${frameworks.ports[name]}`;
      assert.equal((await fetch(direct + at("/whoami"), { headers: { "Keystile-Tenant": "acme" } })).status, 403);
      const other = name === "express" ? "fastapi" : "express";
      assert.equal((await ask(`/${other}/whoami`)).status, 200);
      const signed = signedFor(other, at("/whoami"));
      assert.equal((await fetch(direct + at("/whoami"), { headers: signed })).status, 403);
      assert.equal((await fetch(direct + at("/whoami"), { headers: signedFor(name, at("/whoami")) })).status, 200);
    });
  });
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    socket.once("open", resolve).once("error", reject);
    socket.once("unexpected-response", (_, { statusCode }) => reject(new Error(`answered ${statusCode}`)));
  });
}

/** The headers that the edge would send with a GET of this path to this upstream, signed with the secret of both. */
function signedFor(upstream, target) {
  const headers = { "keystile-upstream": upstream, "keystile-tenant": "acme", "keystile-scopes": "" };
  const components = { "@method": "GET", "@path": target, "@query": "?", ...headers };
  const parameters = `;created=${Math.floor(Date.now() / 1000)};expires=${Math.floor(Date.now() / 1000) + 60}`;
  const list = Object.keys(components).map((each) => `"${each}"`).join(" ");
  const lines = Object.entries(components).map(([each, value]) => `"${each}": ${value}`);
  const base = [...lines, `"@signature-params": (${list})${parameters}`].join("\n");
  const signature = createHmac("sha256", SECRET).update(base).digest("base64");
  return { ...headers, "signature-input": `keystile=(${list})${parameters}`, signature: `keystile=:${signature}:` };
}

test("FastAPI's redirect for a slash leads to where the caller can go", async () => {
  const { status, headers } = await ask("/fastapi/items");
  assert.deepEqual([status, headers.location], [307, `${edge}/fastapi/items/`]);
  assert.equal((await ask("/fastapi/items/")).text, '["an item"]');
});

test("a created thing's Location is one that the caller can ask for", async () => {
  const { status, headers } = await ask("/express/things", { method: "POST", body: "{}" });
  assert.deepEqual([status, headers.location], [201, "/express/things/7"]);
});

test("a call ends when its time is over", async () => {
  const late = await ask("/express/silent");
  assert.deepEqual([late.status, JSON.parse(late.text).code], [504, "UPSTREAM_TIMEOUT"]);
  const abandoned = async () => JSON.parse((await ask("/express/abandoned")).text).abandoned;
  await eventually(async () => assert.equal(await abandoned(), 1));
});

test("in a router of Hono the check takes Fetch's request", async () => {
  const { isFromKeystile } = await import(pathToFileURL(frameworks.check));
  const inner = new Hono().get("/x", ({ req, json }) => json(isFromKeystile(req.raw, SECRET, "hono")));
  const app = new Hono().route("/v1", inner);
  const judged = async (target, headers) => (await app.request(target, { headers })).json();
  assert.equal(await judged("http://hono.example/v1/x", signedFor("hono", "/v1/x")), true);
  assert.equal(await judged("http://hono.example/v1/x?a=1", signedFor("hono", "/v1/x")), false);
  assert.equal(await judged("http://hono.example/v1/x", signedFor("other", "/v1/x")), false);
});

async function eventually(attempt) {
  for (const end = Date.now() + 25_000; ; await delay(100)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}
