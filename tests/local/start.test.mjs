// `npm start` as its user has it: what it prints, edits while it runs, and its end by force.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { makeClone, npmStart, provide } from "./clone.mjs";

const READY = /Ctrl-C stops everything/;
const CONFIG = path.join("own", "product.toml");

let clone;
let running;
const inClone = (...parts) => path.join(clone, ...parts);
const stackFile = () => JSON.parse(readFileSync(inClone(".keystile", "stack.json"), "utf8"));
const edit = (change) => writeFileSync(inClone(CONFIG), change(readFileSync(inClone(CONFIG), "utf8")));
const lineOf = (text) => readFileSync(inClone(CONFIG), "utf8").split(text)[0].split("\n").length;
const start = () => (running = npmStart({ KEYSTILE_CONFIG: CONFIG }));

before(() => {
  clone = makeClone();
  provide("examples/konvoq/keystile.toml", CONFIG);
});
after(async () => {
  running?.signal("SIGTERM");
  await running?.exit;
  rmSync(clone, { recursive: true, force: true });
});

/** Asks again until the answer is as wanted: the workers take a change over some seconds after it is said. */
async function until(wanted, ask) {
  let answer;
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(200)) {
    answer = await ask().catch((error) => error);
    if (wanted(answer)) return answer;
  }
  throw new Error(`not in a minute; the last answer was ${answer.status ?? answer}`);
}

/** Runs a command of the terminal. */
const shell = async (command) => (await promisify(execFile)("bash", ["-c", command])).stdout;

describe("with another configuration", () => {
  let key;

  test("the printed commands work, and stack.json is of it", async () => {
    start();
    await running.says(READY);
    const said = running.said();
    assert.match(said, /guards \/v1\/leads and 2 more\n/);
    assert.doesNotMatch(said, /webhooks at/);
    const [, create] = said.match(/Create a key:\n\n(.*?)\n\n/s);
    key = JSON.parse(await shell(create)).key;
    assert.match(key, /^knq_live_/);
    const [, call] = said.match(/with the "key" of the answer:\n\n(.*?)\n\n/s);
    const echoed = JSON.parse(await shell(call.replace("PASTE_THE_KEY", key)));
    assert.equal(echoed.path, "/v1/leads");
    assert.deepEqual([stackFile().guarded, stackFile().scopes], ["/v1/leads", ["read:leads"]]);
  });

  const call = (path, headers = {}) =>
    fetch(`${stackFile().edge}${path}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });

  test("an edit in place is taken over", async () => {
    const from = running.now();
    edit((toml) => toml.replace("/v1/leads/*", "/v2/leads/*"));
    await running.says(/✓ own\/product\.toml has changed; the workers take it over\.\n/, { from });
    await until(({ status }) => status === 200, () => call("/v2/leads"));
    assert.equal((await call("/v1/leads")).status, 404);
    assert.equal(stackFile().guarded, "/v2/leads");
  });

  test("each of two edits by rename is taken over", async () => {
    for (const version of ["v3", "v4"]) {
      const from = running.now();
      const saved = readFileSync(inClone(CONFIG), "utf8").replace(/\/v\d\/leads/, `/${version}/leads`);
      writeFileSync(inClone("own", ".product.toml.swp"), saved);
      renameSync(inClone("own", ".product.toml.swp"), inClone(CONFIG));
      await running.says(/has changed/, { from });
      await until(({ status }) => status === 200, () => call(`/${version}/leads`));
    }
  });

  test("a mistake is said in one line, and the last good configuration goes on", async () => {
    const from = running.now();
    edit((toml) => toml.replace('read = ["read:leads"]', 'read = ["read:laeds"]'));
    await running.says(/✗/, { from });
    await delay(2_000);
    const said = running.said(from);
    const scopes = [...readFileSync(inClone(CONFIG), "utf8").matchAll(/^\[\[scopes\]\]\nname = (".*")$/gm)].map(([, name]) => name);
    assert.deepEqual(said.match(/^✗.*/gm), [
      `✗ own/product.toml:${lineOf("read:laeds")}: routes.0.read.0: no [[scopes]] defines "read:laeds"; define it, or name ` +
        `another: ${scopes.join(", ")}; the last good configuration goes on.`,
    ]);
    assert.doesNotMatch(said, /ERROR|read:laeds[^]*read:laeds[^]*read:laeds/, "nothing else speaks of it");
    assert.equal((await call("/v4/leads")).status, 200);
    const mended = running.now();
    edit((toml) => toml.replace("read:laeds", "read:leads"));
    await running.says(/✓ own\/product\.toml: what the workers read of it is as before\./, { from: mended });
  });

  test("whoever asks for no gzip gets none, though the upstream sends it", async () => {
    const body = "plain ".repeat(100);
    const upstream = http.createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" });
      response.end(gzipSync(body));
    });
    await new Promise((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${upstream.address().port}`;
    const route = '[[routes]]\npath = "/zipped"\nupstream = "own"\nread = []\n';
    edit((toml) => `${toml}\n[[upstreams]]\nname = "own"\nurl = "${url}"\n${route}`);
    await until(({ status }) => status === 200, () => call("/zipped"));
    const { edge } = stackFile();
    const curl = (options) => shell(`curl -s ${options} '${edge}/zipped' -H 'Authorization: Bearer ${key}'`);
    assert.equal(await curl(""), body);
    assert.equal(await curl("--compressed"), body);
    assert.match(await curl("-o /dev/null -D - -H 'Accept-Encoding: gzip'"), /content-encoding: gzip/i);
    upstream.closeAllConnections();
    upstream.close();
  });

  test("a new source names its file and its secret; added there, it works", async () => {
    const from = running.now();
    const source = '[[webhooks]]\nsource = "own"\nprovider = "standard-webhooks"\nsecrets = ["OWN_SENDER"]\n';
    edit((toml) => `${toml}\n${source}upstream = "api"\nsigning_secret = "OWN_SIGNING"\nmode = "queue"\n`);
    await running.says(/! \.dev\.vars lacks OWN_SENDER, .* `secrets` of a source\. Add OWN_SENDER="…"/, { from });
    assert.match(readFileSync(inClone(".dev.vars"), "utf8"), /^OWN_SIGNING="whsec_/m);
    await running.says(/! The local queue keeps events in memory: those of own that still wait are forgotten/, { from });
    const send = () => fetch(`${stackFile().edge}/hooks/own`, { method: "POST", body: "{}" });
    await until(({ status }) => status === 500, send);
    appendFileSync(inClone(".dev.vars"), `OWN_SENDER="whsec_${Buffer.alloc(32, 7).toString("base64")}"\n`);
    await running.says(/✓ \.dev\.vars has changed; the workers take it over\./, { from });
    await until(({ status }) => status === 400 || status === 401, send);
  });

  test("a signing secret that `required` lacks is named with file and list", async () => {
    const from = running.now();
    edit((toml) => toml.replace('service = "UPSTREAM"', 'service = "UPSTREAM"\nsigning_secret = "UPSTREAM_SECRET"'));
    await running.says(
      /! UPSTREAM_SECRET is in \.dev\.vars, but not in .*`required` under \[secrets\] in wrangler\.toml.*"UPSTREAM_SECRET"\]/,
      { from },
    );
    edit((toml) => toml.replace('\nsigning_secret = "UPSTREAM_SECRET"', ""));
    await running.says(/has changed[^]*has changed/, { from });
  });

  test("a second start is refused while the first runs", async () => {
    const second = npmStart({ KEYSTILE_CONFIG: CONFIG });
    assert.equal(await second.exit, 1);
    assert.match(second.said(), new RegExp(`npm start already runs here, as process ${running.pid}\\.`));
  });

  test("what a start leaves that was killed outright, the next one ends; its keys are there", async () => {
    const { group } = JSON.parse(readFileSync(inClone(".keystile", "pid"), "utf8"));
    running.signal("SIGKILL");
    await running.exit;
    assert.ok(isRunning(-group), "wrangler lives on");
    start();
    await running.says(/Ending what a killed npm start left behind/);
    await running.says(READY);
    assert.ok(!isRunning(-group));
    await until(({ status }) => status === 200, () => call("/v4/leads"));
  });

  test("it ends in order", async () => {
    running.signal("SIGINT");
    assert.equal(await running.exit, 0);
    assert.ok(!existsSync(inClone(".keystile", "pid")));
  });
});

describe("before anything starts", () => {
  const refused = async () => {
    const { exit, said } = start();
    assert.equal(await exit, 1);
    assert.doesNotMatch(said(), /wrangler|Compiling edge/);
    return said();
  };
  const secrets = () => inClone(".dev.vars");
  let good;
  before(() => (good = readFileSync(secrets(), "utf8")));

  test("a lost .dev.vars is said, and where its copy is", async () => {
    rmSync(secrets());
    const said = await refused();
    assert.match(said, /\.dev\.vars has no KEYSTILE_SECRET, and the keys in \.keystile\/state/);
    assert.match(said, /cp crates\/manage\/\.dev\.vars \.dev\.vars/);
    rmSync(inClone("crates", "manage", ".dev.vars"));
    assert.match(await refused(), /Put the file back\nTo begin anew without those keys: rm -r \.keystile\/state/);
    assert.ok(!existsSync(secrets()), "none is made up");
  });

  test("another KEYSTILE_SECRET than that of the keys is said", async () => {
    const other = Buffer.alloc(32, 9).toString("base64");
    writeFileSync(secrets(), good.replace(/^KEYSTILE_SECRET=.*/m, `KEYSTILE_SECRET="${other}"`));
    assert.match(await refused(), /made with another KEYSTILE_SECRET than the one in \.dev\.vars/);
  });

  test("a broken secret and a short root key are said", async () => {
    writeFileSync(secrets(), 'KEYSTILE_SECRET="not base64!"\nKEYSTILE_ROOT_KEY="short"\n');
    const said = await refused();
    assert.match(said, /\.dev\.vars: KEYSTILE_SECRET: secret 1 is not base64; write 32 random bytes in base64/);
    assert.match(said, /\.dev\.vars: KEYSTILE_ROOT_KEY: write a key of 32 characters or more/);
  });

  test("a mistake in the configuration is said", async () => {
    writeFileSync(secrets(), good);
    edit((toml) => toml.replace("[[scopes]]", "[scopes]"));
    assert.match(await refused(), /own\/product\.toml:\d+: /);
  });
});

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
