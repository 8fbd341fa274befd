// A project of the packed command line: init, check, and mistakes in keystile.toml.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";

import { installedCli, lineOf } from "./installed_cli.mjs";

let cli;
before(() => (cli = installedCli()));
after(() => cli.remove());

test("without a keystile.toml each command says how to write one", async () => {
  for (const args of [["check"], ["dev"], ["deploy", "--dry-run"], ["logs"]]) {
    const { code, out, err } = await cli.run(args);
    assert.deepEqual([code, out], [1, ""], args.join(" "));
    assert.match(err, /There is no keystile\.toml in .*\. Write one with: keystile init/);
  }
});

test("init writes what is missing, which passes the check, and overwrites nothing", async () => {
  cli.write(".gitignore", "mine");
  const first = await cli.run(["init", "--name", "My Gate", "--json"]);
  assert.equal(first.code, 0, first.err);
  assert.equal(first.out, '{"written":["keystile.toml","package.json"],"changed":[".gitignore"],"kept":[]}\n');
  assert.equal(cli.read(".gitignore"), "mine\n.keystile/\n.dev.vars\n");
  assert.match(first.err, /✓ \.gitignore has \.keystile\/ and \.dev\.vars now/);
  assert.match(cli.read("keystile.toml"), /^name = "My Gate"$/m);
  const { devDependencies, scripts } = JSON.parse(cli.read("package.json"));
  assert.deepEqual(devDependencies, { "@keystile/cli": "0.1.0" });
  assert.equal(scripts.wrangler, "keystile wrangler --", "what the guide's `npm run wrangler -- …` runs in a clone, too");
  const written = cli.read("keystile.toml");
  const second = await cli.run(["init", "--name", "Other", "--json"]);
  assert.deepEqual(JSON.parse(second.out), { written: [], changed: [], kept: ["keystile.toml", "package.json", ".gitignore"] });
  assert.match(second.err, /keystile\.toml is there, and stays as it is/);
  assert.equal(cli.read("keystile.toml"), written);
  assert.equal(cli.read(".gitignore"), "mine\n.keystile/\n.dev.vars\n");
  const checked = await cli.run(["check"]);
  assert.deepEqual([checked.code, checked.err], [0, "✓ keystile.toml is good.\n"]);
});

test("dev says which lines .gitignore lacks; git's word counts where there is a repository", async () => {
  const good = cli.read(".gitignore");
  // It ends before anything starts.
  cli.write(".dev.vars", 'KEYSTILE_SECRET="short"\n');
  const lacks = async (text) => {
    cli.write(".gitignore", text);
    return (await cli.run(["dev"])).err.match(/^! \.gitignore lacks (.*): local secrets could get into git/m)?.[1];
  };
  try {
    assert.equal(await lacks("mine\n"), ".keystile/ and .dev.vars");
    assert.equal(await lacks("/.keystile\r\n.dev.vars*\r\n"), undefined);
    execFileSync("git", ["init", "--quiet"], { cwd: cli.directory });
    assert.equal(await lacks("mine\n"), ".dev.vars", "what is in .keystile ignores itself");
    assert.equal(await lacks(".*\n"), undefined);
  } finally {
    rmSync(cli.file(".git"), { recursive: true, force: true });
    for (const name of [".dev.vars", ".keystile"]) rmSync(cli.file(name), { recursive: true, force: true });
    cli.write(".gitignore", good);
  }
});

test("a mistake is told with its line and what to write, by check, dev and deploy alike", async () => {
  const good = cli.read("keystile.toml");
  const wrong = good.replace('read = ["read"]', 'read = ["raed"]').replace("[deploy]", '[deploy]\nroutes = ["https://x.example"]');
  cli.write("keystile.toml", wrong);
  const lines = [
    `keystile.toml:${lineOf(wrong, 'read = ["raed"]')}: routes.0.read.0: no [[scopes]] defines "raed"; define it, or name another: "read", "write"`,
    `keystile.toml:${lineOf(wrong, "routes = [")}: deploy.routes.0: write a host such as "api.example.com", or a host and a path`,
  ];
  const before = readdirSync(cli.directory);
  for (const args of [["check"], ["dev"], ["deploy", "--dry-run"], ["deploy"]]) {
    const { code, out, err } = await cli.run(args);
    assert.deepEqual([code, out], [1, ""], args.join(" "));
    for (const line of lines) assert.ok(err.includes(line), `${args}: ${err}`);
  }
  assert.deepEqual(readdirSync(cli.directory), before, "nothing is written for a wrong configuration");
  const asJson = await cli.run(["check", "--json"]);
  assert.equal(asJson.code, 1);
  assert.equal(JSON.parse(asJson.out).mistakes.length, 2);
  cli.write("keystile.toml", good);
});

test("a service whose wrangler file is not there is told", async () => {
  const good = cli.read("keystile.toml");
  cli.write("keystile.toml", good.replace('UPSTREAM = "my-gate-demo-upstream"', 'UPSTREAM = { config = "api/wrangler.toml" }'));
  const { code, err } = await cli.run(["check"]);
  assert.equal(code, 1);
  assert.match(err, /\[deploy\.services\] names api\/wrangler\.toml, and there is no such file/);
  cli.write("keystile.toml", good);
});

test("an older Node is told which one is needed", async () => {
  const older = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.0"}})';
  const { code, err } = await cli.run(["check"], { node: ["--import", older] });
  assert.equal(code, 1);
  assert.match(err, /^keystile needs Node 22\.12 or later; this is v/);
});

test("a dry run deploys nothing, and says what it would", async () => {
  const { code, err, out } = await cli.run(["deploy", "--dry-run", "--json"], { env: { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1" } });
  assert.equal(code, 0, err);
  const { dry_run, kv_namespace, queues, workers } = JSON.parse(out);
  assert.deepEqual([dry_run, kv_namespace, queues.length], [true, null, 2]);
  const names = ["demo-upstream", "hooks", "sender", "limiter", "edge", "manage"].map((worker) => `my-gate-${worker}`);
  assert.deepEqual(workers.map(({ name }) => name), names);
  for (const { gzip_bytes, raw_bytes } of workers) assert.ok(gzip_bytes > 0 && gzip_bytes < raw_bytes);
  for (const worker of ["hooks", "sender", "limiter", "edge", "manage", "demo-upstream"]) {
    assert.match(err, new RegExp(`✓ my-gate-${worker} +\\d+\\.\\d KiB gzip`));
  }
  assert.match(err, /deploy my-gate-demo-upstream, my-gate-hooks, my-gate-sender, my-gate-limiter, my-gate-edge, my-gate-manage\n/);
  assert.match(err, /Dry run: nothing was created or uploaded\./);
  assert.ok(existsSync(cli.file(".keystile", "deploy", "edge", "wrangler.json")));
});

test("what can't work in an account is refused, with what to write", async () => {
  const good = cli.read("keystile.toml");
  for (const [to, said] of [
    ['url = "http://127.0.0.1:3000"', /upstream "api" is http:\/\/127\.0\.0\.1:3000, which is this machine.* Write its public/],
    ['service = "UPSTREAM"\n[events]\nallow_loopback = true', /\[events\] allow_loopback = true lets events go to this machine.* Leave it out\./],
    ['service = "ORDERS"', /service binding ORDERS, and \[deploy\.services\] names no worker for it\. Write there ORDERS = /],
  ]) {
    cli.write("keystile.toml", good.replace('service = "UPSTREAM"', to));
    const { code, err } = await cli.run(["deploy", "--dry-run"]);
    assert.equal(code, 1);
    assert.match(err, said);
    const checked = await cli.run(["check"]);
    assert.equal(checked.code, 0, "it runs on this machine");
    assert.match(checked.err, new RegExp(`^! keystile\\.toml: it runs on this machine, and can't be deployed so\\. .*${said.source}`, "m"));
  }
  cli.write("keystile.toml", good);
});
