// `keystile deploy` and an account that can't be reached, or isn't as it should be. The account is a server
// that answers wrangler as Cloudflare's API does, and fails the test at any request that would change it.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import http from "node:http";
import { after, before, test } from "node:test";

import { installedCli } from "./installed_cli.mjs";

const ACCOUNT = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";

let cli;
before(async () => {
  cli = installedCli();
  await cli.run(["init", "--name", "Keystile"]);
});
after(() => cli.remove());

const deployTo = (answer) => runTo(answer, ["deploy"]);

/** Runs a command against an API that answers so; returns what it said, and the requests: all, and those for changes. */
async function runTo(answer, words, given = { CLOUDFLARE_ACCOUNT_ID: ACCOUNT }) {
  const changes = [];
  const requests = [];
  const server = http.createServer((request, response) => {
    requests.push(request.url);
    if (request.method !== "GET") changes.push(`${request.method} ${request.url}`);
    const { pathname, searchParams } = new URL(request.url, "http://account");
    // All lists are of one page.
    const { status, body } = Number(searchParams.get("page") ?? 1) > 1 ? ok([]) : answer(pathname);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const base = `http://127.0.0.1:${server.address().port}/client/v4`;
    const result = await cli.run(words, { env: { CLOUDFLARE_API_TOKEN: "token", CLOUDFLARE_API_BASE_URL: base, ...given } });
    return { ...result, changes, requests };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const ok = (result) => ({ status: 200, body: { success: true, errors: [], messages: [], result } });
const refused = (status, code, message) => ({ status, body: { success: false, errors: [{ code, message }], messages: [], result: null } });

/** An account in which nothing of Keystile is. */
function empty(path) {
  if (path.endsWith("/user")) return ok({ id: "u", email: "a@example.com" });
  if (path.endsWith("/user/tokens/verify")) return ok({ id: "t", status: "active" });
  if (path.endsWith("/accounts")) return ok([{ id: ACCOUNT, name: "Mine" }]);
  if (path.endsWith("/memberships")) return ok([{ id: "m", account: { id: ACCOUNT, name: "Mine" } }]);
  if (path.endsWith("/storage/kv/namespaces")) return ok([{ id: "f".repeat(32), title: "other" }]);
  return refused(404, 10007, "This Worker does not exist on your account.");
}

test("no network", async () => {
  const env = { CLOUDFLARE_API_TOKEN: "token", CLOUDFLARE_ACCOUNT_ID: ACCOUNT, CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1/client/v4" };
  const { code, err } = await cli.run(["deploy"], { env });
  assert.equal(code, 1);
  assert.match(err, /^Cloudflare can't be reached\. See to the network, or to HTTPS_PROXY/m);
});

test("no login", async () => {
  const { code, err } = await cli.run(["deploy"], { env: { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1/client/v4" } });
  assert.equal(code, 1);
  assert.match(err, /Log in anew: keystile wrangler -- login, or set CLOUDFLARE_API_TOKEN\./);
});

test("a login that has expired", async () => {
  const { code, err, changes } = await deployTo(() => refused(403, 10000, "Authentication error"));
  assert.equal(code, 1);
  assert.match(err, /^Cloudflare doesn't accept the login, or there is none\. Log in anew: keystile wrangler -- login/m);
  assert.deepEqual(changes, []);
});

test("a KV namespace of another account", async () => {
  const good = cli.read("keystile.toml");
  const namespace = "a".repeat(32);
  cli.write("keystile.toml", good.replace("[deploy]", `[deploy]\nkv_namespace = "${namespace}"`));
  const { code, err, changes } = await deployTo(empty);
  cli.write("keystile.toml", good);
  assert.equal(code, 1);
  assert.match(err, new RegExp(`The KV namespace ${namespace} is not in this account\\. .*Nothing was changed\\.`));
  assert.deepEqual(changes, []);
});

for (const [title, newest] of [["the newest one", []], ["before a rollback", ["0.1.0"]], ["before a `secret put`", [undefined]]]) {
  test(`a later version that was deployed: ${title}`, async () => {
    const version = (tag, at) => ({
      id: String(at),
      number: at,
      metadata: { created_on: `2026-11-0${at}T00:00:00Z`, source: "wrangler" },
      annotations: tag ? { "workers/tag": tag } : {},
    });
    const items = ["0.1.0", "0.2.0", ...newest].map((tag, at) => version(tag, at + 1));
    const { code, err, changes } = await deployTo((path) => (/\/versions$/.test(path) ? ok({ items }) : empty(path)));
    assert.equal(code, 1);
    assert.match(err, /keystile-hooks was deployed with Keystile 0\.2\.0, and this is 0\.1\.0.*npm install --save-dev @keystile\/cli@0\.2\.0/);
    assert.match(err, /deploy with --older/);
    assert.deepEqual(changes, []);
  });
}

test("an answer that something else isn't found doesn't make a worker a new one", async () => {
  for (const [part, code] of [["versions", 10013], ["secrets", 10013], ["secrets", 100123]]) {
    const answer = (path) => (path.endsWith(`/${part}`) ? refused(404, code, "The settings were not found.") : empty(path));
    const { code: exit, err, changes } = await deployTo(answer);
    assert.equal(exit, 1);
    assert.match(err, /The settings were not found/);
    assert.deepEqual(changes, [], part);
  }
});

test("a signing secret that the edge lacks", async () => {
  const good = cli.read("keystile.toml");
  cli.write("keystile.toml", good.replace('service = "UPSTREAM"', 'service = "UPSTREAM"\nsigning_secret = "UPSTREAM_SECRET"'));
  const { code, err, changes } = await deployTo(empty);
  cli.write("keystile.toml", good);
  assert.equal(code, 1);
  assert.match(err, /keystile wrangler -- secret put UPSTREAM_SECRET --name keystile-edge/);
  assert.deepEqual(changes, []);
});

/** A login with two accounts. */
function two(path) {
  const account = (id, name) => ({ id, name });
  const both = [account(ACCOUNT, "Mine"), account(OTHER, "Other")];
  if (path.endsWith("/accounts")) return ok(both);
  if (path.endsWith("/memberships")) return ok(both.map((each) => ({ id: each.id, account: each })));
  return empty(path);
}

test("a login with two accounts, and none is named", async () => {
  const { code, err, changes } = await runTo(two, ["deploy"], {});
  assert.equal(code, 1);
  assert.match(err, /The login has several accounts\. Write account_id = "…" in \[deploy\]/);
  assert.deepEqual(changes, []);
});

test("all questions go to the only account of the login, also if wrangler remembers another one", async () => {
  cli.write("node_modules/.cache/wrangler/wrangler-account.json", JSON.stringify({ account: { id: OTHER, name: "Other" } }));
  // Nothing is created: the list of namespaces fails.
  const answer = (path) => (path.endsWith("/storage/kv/namespaces") ? refused(500, 1, "no list") : empty(path));
  const { requests } = await runTo(answer, ["deploy"], {});
  rmSync(cli.file("node_modules", ".cache"), { recursive: true });
  const accounts = requests.flatMap((url) => url.match(/\/accounts\/(\w+)\//)?.[1] ?? []);
  assert.ok(requests.some((url) => url.includes("/storage/kv/namespaces")), requests.join("\n"));
  assert.deepEqual([...new Set(accounts)], [ACCOUNT]);
});

test("each question goes to the account of keystile.toml", async () => {
  const good = cli.read("keystile.toml");
  // The namespace isn't there, so that nothing is created.
  const deploy = `[deploy]\naccount_id = "${OTHER}"\nkv_namespace = "${"a".repeat(32)}"`;
  cli.write("keystile.toml", good.replace("[deploy]", deploy));
  try {
    for (const [words, asked] of [
      [["deploy"], "/storage/kv/namespaces"],
      [["logs", "--worker", "edge"], "/workers/scripts/keystile-edge/tails"],
      [["wrangler", "--", "secret", "list", "--name", "keystile-edge"], "/workers/scripts/keystile-edge/secrets"],
    ]) {
      const { err, out, requests } = await runTo(two, words, {});
      const accounts = requests.flatMap((url) => url.match(/\/accounts\/(\w+)\//)?.[1] ?? []);
      assert.deepEqual([...new Set(accounts)], [OTHER], `${words.join(" ")}\n${requests.join("\n")}\n${err}${out}`);
      assert.ok(requests.some((url) => url.includes(`/accounts/${OTHER}${asked}`)), `${words.join(" ")}\n${requests.join("\n")}`);

      const refused = await runTo(two, words, { CLOUDFLARE_ACCOUNT_ID: ACCOUNT });
      assert.equal(refused.code, 1);
      assert.match(refused.err, new RegExp(`CLOUDFLARE_ACCOUNT_ID is ${ACCOUNT}, .* account_id = "${OTHER}".* Unset the variable, or`));
      assert.deepEqual(refused.requests, []);
    }
  } finally {
    cli.write("keystile.toml", good);
  }
});
