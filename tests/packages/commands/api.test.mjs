// The commands of the management API, over the real workers.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";

import { operations } from "../../support/contract.mjs";
import { eventually, startRig, WITH_LIMITS, WITH_SOURCE } from "../../support/rig.mjs";
import { asRoot, commandLine, emptyDirectory } from "./command.mjs";

let rig;
let run;
const seen = new Set();
before(async () => {
  const settings = {
    'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]',
    "\n[edge]": WITH_LIMITS,
    ...WITH_SOURCE,
  };
  rig = await startRig({ name: "commands", edges: {}, settings, hooks: {} });
  const noted = (url, init) => {
    seen.add(operationOf(init.method, new URL(url).pathname));
    return fetch(url, init);
  };
  run = commandLine({ env: asRoot(rig.url), fetch: noted });
});
after(() => rig.close());

/** The id of the operation that a request is. */
function operationOf(method, pathname) {
  const fits = ({ path: template }) => new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`).test(pathname);
  const found = operations.filter((each) => each.method === method && fits(each));
  return found.sort((a, b) => a.path.split("{").length - b.path.split("{").length)[0].operationId;
}

/** Runs a command that has to succeed. */
async function done(...words) {
  const ended = await run(...words);
  assert.equal(ended.code, 0, `${words.join(" ")}\n${ended.err}${ended.out}`);
  return ended;
}
const json = async (...words) => JSON.parse((await done(...words, "--json")).out);
const lines = async (...words) => (await done(...words, "--json")).out.trim().split("\n").map((line) => JSON.parse(line));
const newKey = (tenant, name = "a key", ...more) => json("keys", "create", tenant, "--name", name, "--scope", "read:leads", ...more);

describe("keys", () => {
  test("a new key is alone on stdout, and its facts are on stderr", async () => {
    const { out, err } = await done("keys", "create", "acme", "--name", "first", "--scope", "read:leads", "--expires-at", "30d");
    assert.match(out, /^knq_live_[0-9A-Za-z]{38}\n$/);
    assert.match(err, /^Created key_\w{20}, "first", with read:leads, until 20\d\d-[^\n]+ In effect by [^\n]+\nThis is its text\. It isn't shown again\.\n$/);
    assert.ok(!err.includes(out.trim()));
  });

  test("with --json the answer is a line", async () => {
    const made = await newKey("acme", "json", "--metadata", '{"plan": "pro"}', "--allowed-ip", "192.0.2.0/24", "--environment", "test");
    assert.match(made.key, /^knq_test_/);
    assert.deepEqual([made.metadata, made.allowed_ips], [{ plan: "pro" }, ["192.0.2.0/24"]]);
  });

  test("a key's life: get, update, disable, enable, rotate, cancel, erase, revoke", async () => {
    const { id } = await newKey("life", "one");
    assert.match((await done("keys", "get", "life", id)).out, /^name +one$/m);
    const patched = await json("keys", "update", "life", id, "--name", "two", "--quota", "daily=5", "--metadata", '{"a": 1}', "--if-version", "1");
    assert.deepEqual([patched.name, patched.quotas, patched.metadata], ["two", { daily: { limit: 5 } }, { a: 1 }]);
    assert.deepEqual((await json("keys", "update", "life", id, "--quota", "daily=plan")).quotas, {});
    assert.match((await done("keys", "disable", "life", id)).out, new RegExp(`^${id} is disabled\\. In effect by 20`));
    assert.match((await done("keys", "enable", "life", id)).out, /is enabled/);
    const { out, err } = await done("keys", "rotate", "life", id, "--overlap", "12h");
    assert.match(out, /^knq_live_\w{38}\n$/);
    assert.match(err, new RegExp(`^Rotated ${id} to key_`));
    assert.match((await done("keys", "cancel-rotation", "life", id)).out, /goes on/);
    assert.match((await done("keys", "erase-metadata", "life", id, "--yes")).out, /has no metadata any more/);
    assert.match((await done("keys", "revoke", "life", id, "--yes", "--reason", "leaked", "--wait", "5")).out, /is revoked/);
    const { status, revoke_reason } = await json("keys", "get", "life", id);
    assert.deepEqual([status, revoke_reason], ["revoked", "leaked"]);
  });

  test("a list is a table, or a line of JSON for each key, as long as --limit or --all says", async () => {
    for (const name of ["first", "second", "third"]) await newKey("listed", name);
    const { out, err } = await done("keys", "list", "listed", "--limit", "2");
    const [head, ...rows] = out.trimEnd().split("\n");
    assert.match(head, /^ID +NAME +KEY +STATUS +SCOPES +EXPIRES +LAST USED$/);
    assert.deepEqual(rows.map((row) => row.split(/ {2,}/)[1]), ["third", "second"]);
    assert.match(err, /There are more\. See them with --limit N, or --all\./);
    assert.deepEqual((await lines("keys", "list", "listed", "--all")).map(({ name }) => name), ["third", "second", "first"]);
    assert.equal((await done("keys", "list", "listed", "--limit", "3")).err, "");
    assert.deepEqual((await lines("keys", "list", "listed", "-q", "second")).map(({ name }) => name), ["second"]);
    const none = await done("keys", "list", "listed", "--status", "revoked");
    assert.deepEqual([none.out, none.err], ["", "listed has no such keys.\n"]);
  });

  test("on a terminal a row is a line of it", async () => {
    await newKey("wide", "n".repeat(100));
    const { out } = await done("keys", "list", "wide", { tty: true });
    for (const line of out.trimEnd().split("\n")) assert.ok(line.length <= 80, `${line.length}: ${line}`);
    assert.match(out, /n…/);
    assert.match((await done("keys", "list", "wide")).out, /n{100}/);
  });

  test("usage and limits", async () => {
    const { id } = await newKey("used");
    assert.match((await done("keys", "usage", "used", id)).out, /^LAST +ALLOWED +REFUSED +CODES\n24h +0 +0\n7d/);
    assert.equal((await json("keys", "usage", "used", id, "--period", "24h")).hourly.length, 24);
    assert.match((await done("keys", "limits", "used", id)).out, /^daily +quota +key +1000 +day +1000 /m);
    assert.match((await done("keys", "add-quota", "used", id, "daily", "5")).out, /^daily +quota +key +1000 +day +1005 /m);
  });

  test("revoking many: by ids, by scope, all", async () => {
    const ids = [];
    for (let n = 0; n < 4; n += 1) ids.push((await newKey("many", `k${n}`)).id);
    const lost = `key_${"0".repeat(20)}`;
    const some = await run("keys", "revoke", "many", ids[0], ids[1], lost, "--yes");
    assert.equal(some.code, 1);
    assert.match(some.out, /^2 revoked, 0 were revoked already, 1 not found\. In effect by /);
    assert.match(some.err, new RegExp(`Not found: ${lost}`));
    assert.equal((await json("keys", "revoke", "many", "--scope", "read:leads", "--yes")).revoked, 2);
    assert.equal((await json("keys", "revoke", "many", "--all", "--yes")).revoked, 0);
    for (const words of [["--scope", "x", "--all"], [], [ids[0], "--all"]]) {
      assert.equal((await run("keys", "revoke", "many", "--yes", ...words)).code, 2);
    }
  });
});

describe("what can't be undone", () => {
  test("is refused without --yes where nobody can be asked", async () => {
    const { id } = await newKey("asked");
    for (const words of [
      ["keys", "revoke", "asked", id],
      ["keys", "rotate", "asked", id],
      ["keys", "erase-metadata", "asked", id],
      ["tenants", "suspend", "asked"],
      ["operators", "revoke", "op_1"],
      ["operators", "rotate", "op_1"],
      ["tenants", "restore-limits", "asked", "--to", "1h"],
      ["webhooks", "discard", "queued", "dlv_1"],
      ["webhooks", "reveal", "queued", "hsk_1"],
    ]) {
      const { code, out, err } = await run(...words);
      assert.deepEqual([code, out], [2, ""], words.join(" "));
      assert.match(err, /Nobody can be asked here: write --yes\.\n$/);
    }
    assert.equal((await json("keys", "get", "asked", id)).status, "active");
  });

  test("is asked for on a terminal", async () => {
    const { id } = await newKey("asked");
    assert.equal((await run("keys", "revoke", "asked", id, { tty: true })).code, 1);
    const no = await run("keys", "revoke", "asked", id, { tty: true, stdin: "n\n" });
    assert.equal(no.code, 1);
    assert.match(no.err, new RegExp(`Revoke ${id} of asked at http://\\S+\\? That can't be undone\\. \\[y/N\\]`));
    assert.match(no.err, /Nothing was changed\./);
    assert.equal((await json("keys", "get", "asked", id)).status, "active");
    assert.equal((await run("keys", "revoke", "asked", id, { tty: true, stdin: "y\n" })).code, 0);
    assert.equal((await json("keys", "get", "asked", id)).status, "revoked");
  });
});

describe("import", () => {
  const digest = (text) => createHash("sha256").update(text).digest("hex");
  const file = (name, text) => {
    const at = path.join(emptyDirectory(), name);
    writeFileSync(at, text);
    return at;
  };

  test("of CSV, with quotes, lists, JSON, and keys whose digest is taken here", async () => {
    const key = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
    const csv = file(
      "keys.csv",
      `\uFEFFkey,display,name,scopes,metadata\r\n${key},sk_live_4eC3,"billing, ""old""",read:leads,"{""plan"": ""pro""}"\r\n` +
        'sk_live_9x7QHqLyjWDarjtT1zdp7dc2,sk_live_9x7Q,"two\nlines",read:leads,\r\n',
    );
    const { code, out, err } = await run("keys", "import", "csv", csv);
    assert.equal(code, 1);
    assert.match(out, /^1 imported, 0 were there already, 1 failed\.\n$/);
    assert.match(err, /^2 of 2 keys\nline 3: name: /); // A name of two lines isn't one. It begins in the file's third.
    const [imported] = await lines("keys", "list", "csv");
    assert.deepEqual([imported.name, imported.metadata, imported.imported], ['billing, "old"', { plan: "pro" }, true]);
    const again = await json("keys", "import", "csv", file("one.ndjson", JSON.stringify({ digest: digest(key), display: "sk_live_4eC3", name: "billing", scopes: ["read:leads"] })));
    assert.deepEqual([again.existing, again.results[0].differs], [1, ["name", "metadata"]]);
  });

  test("of more lines than a request takes, from stdin", async () => {
    const all = Array.from({ length: 5003 }, (_, n) =>
      JSON.stringify({ digest: n === 5001 ? "none" : digest(`sk_live_${n}_of_many_lines`), display: "sk_live_", name: `key ${n}`, scopes: ["read:leads"] }),
    );
    const { code, out, err } = await run("keys", "import", "lines", "-", { stdin: all.join("\n") });
    assert.equal(code, 1);
    assert.match(out, /^5002 imported, 0 were there already, 1 failed\.\n$/);
    assert.match(err, /^line 5002: digest: the SHA-256 of the key expected/m);
  });

  test("of the API's own form; a file in which every line is wrong", async () => {
    const good = { digest: digest("sk_live_of_the_apis_form"), display: "sk_live_", name: "a", scopes: ["read:leads"] };
    assert.equal((await json("keys", "import", "form", file("keys.json", JSON.stringify({ keys: [good] })))).imported, 1);
    const { code, out } = await run("keys", "import", "form", file("keys.ndjson", '{"digest": "x", "display": "y", "name": ""}\n'));
    assert.deepEqual([code, out], [1, "0 imported, 0 were there already, 1 failed.\n"]);
  });

  test("of what isn't a file of keys says so, without showing it", async () => {
    for (const [name, text, said] of [
      ["a.ndjson", "sk_live_secret", /line 1 isn't a JSON object/],
      ["a.json", '{"secret": 1}', /has no list of keys/],
      ["a.csv", 'key,name\n"sk_live_secret', /The quote in line 2 doesn't end/],
      ["b.csv", "key,name\nsk_live_secret", /line 2 has 1 fields, the first row 2/],
      ["c.csv", "", /has no keys/],
    ]) {
      const { code, err } = await run("keys", "import", "wrong", file(name, text));
      assert.equal(code, 2);
      assert.match(err, said);
      assert.doesNotMatch(err, /secret/);
    }
    assert.equal((await run("keys", "import", "wrong", "/nowhere.csv")).code, 2);
  });
});

describe("tenants, operators, audit, webhooks, the deployment", () => {
  test("tenants", async () => {
    await newKey("globex");
    const { out } = await done("tenants", "update", "globex", "--max-active-keys", "5", "--plan", "pro", "--quota", "monthly=50");
    assert.match(out, /^max_active_keys +5$/m);
    assert.match(out, /^own quotas +monthly=50$/m);
    const back = await json("tenants", "update", "globex", "--max-active-keys", "plan", "--plan", "none", "--quota", "monthly=plan");
    assert.deepEqual([back.plan, back.own_limits.max_active_keys, back.quotas], [null, null, {}]);
    assert.match((await done("tenants", "suspend", "globex", "--yes")).out, /^globex is suspended, with 1 keys\. In effect by/);
    assert.match((await done("tenants", "get", "globex")).out, /^suspended +yes$/m);
    assert.match((await done("tenants", "resume", "globex")).out, /^globex is resumed/);
    assert.match((await done("tenants", "limits", "globex")).out, /^monthly +quota +tenant +1000/m);
    assert.match((await done("tenants", "add-quota", "globex", "monthly", "7")).out, / 1007 /);
    assert.match((await done("tenants", "usage", "globex")).out, /^all +0 +0$/m);
    await eventually(async () => assert.match((await done("tenants", "list", "-q", "glob")).out, /^globex +no +20/m));
    const link = await done("tenants", "portal-session", "globex", "--actor-id", "1", "--may", "keys:read");
    assert.match(link.out, /^https?:\/\/\S+\n$/);
    assert.equal((await run("tenants", "restore-limits", "globex", "--to", "2020-01-01T00:00:00Z", "--yes")).code, 1);
  });

  test("tenants erase, of a suspended one whose name is written once more", async () => {
    await newKey("leaving");
    const unconfirmed = await run("tenants", "erase", "leaving");
    assert.deepEqual([unconfirmed.code, unconfirmed.out], [2, ""], unconfirmed.err);
    const early = await run("tenants", "erase", "leaving", "--confirm", "leaving");
    assert.match(early.err, /^TENANT_NOT_SUSPENDED: /);
    await done("tenants", "suspend", "leaving", "--yes");
    const { out } = await done("tenants", "erase", "leaving", "--confirm", "leaving");
    assert.match(out, /^leaving is being erased, by .+ at the latest\./);
    assert.match((await run("keys", "list", "leaving")).err, /^TENANT_ERASED: /);
  });

  test("operators", async () => {
    const { out } = await done("operators", "create", "--name", "reader", "--scope", "keys:read", "--tenant", "acme");
    const asReader = { env: { KEYSTILE_KEY: out.trim() } };
    assert.match((await done("status", asReader)).out, /^operator +reader$/m);
    const refused = await run("keys", "create", "acme", "--name", "x", "--scope", "read:leads", asReader);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^INSUFFICIENT_SCOPE: .+\n\(req_\w+\)\n$/);
    const [{ id }] = await lines("operators", "list", "-q", "reader");
    assert.match((await done("operators", "rotate", id, "--overlap", "1h")).out, /^\w+\n$/);
    assert.match((await done("operators", "cancel-rotation", id)).out, /goes on/);
    assert.match((await done("operators", "revoke", id, "--yes", "--reason", "left")).out, /is revoked/);
    assert.match((await done("operators", "get", id)).out, /^revoke_reason +left$/m);
    await eventually(async () => {
      const { code, err } = await run("plans", asReader);
      assert.equal(code, 1);
      assert.match(err, /^REVOKED: [^\n]+\nhttp:\S+ doesn't take the key of KEYSTILE_KEY\. Give it another\./);
    });
  });

  test("audit", async () => {
    await newKey("logged");
    assert.match((await done("audit", "list", "logged")).out, /^AT +ACTION +BY +ON/);
    const [entry] = await lines("audit", "export", "logged");
    assert.equal(entry.action, "created");
    assert.equal((await done("audit", "export", "logged", "--after", entry.id)).out, "");
    assert.ok((await lines("audit", "list", "--operators")).length > 0);
    assert.ok((await lines("audit", "export", "--operators", "--key", (await lines("operators", "list"))[0].id)).length > 0);
    for (const words of [["audit", "list"], ["audit", "export", "logged", "--operators"]]) assert.equal((await run(...words)).code, 2);
  });

  test("exposures", async () => {
    const [key, other] = [await newKey("leaky"), await newKey("leaky")];
    const where = ["--source", "chat", "--at", "https://forum.example.org/t/1"];
    const { code, out } = await run("exposures", "report", "-", ...where, { stdin: `${key.key}\n\nnothing\n` });
    assert.equal(code, 1, "one of them is no key");
    assert.match(out, new RegExp(`^1 +${key.id} +revoked +20`, "m"));
    assert.match(out, /^2 .*not_found/m);
    assert.ok(!out.includes(key.key));
    const file = path.join(emptyDirectory(), "found.json");
    writeFileSync(file, JSON.stringify([{ token: other.key, url: "https://a.example.org" }]));
    assert.equal((await lines("exposures", "report", file, "--source", "chat"))[0].status, "revoked");
    const { exposure } = await json("keys", "get", "leaky", other.id);
    assert.deepEqual([exposure.source, exposure.url], ["chat", "https://a.example.org"]);
    // More than one request takes: each of these is of a tenant of its own.
    const many = [];
    for (let tenant = 0; tenant < 35; tenant += 1) many.push(await newKey(`leaky-${tenant}`));
    const parts = await run("exposures", "report", "-", { stdin: [...many.map((each) => each.key), "nothing"].join("\n") });
    assert.equal(parts.code, 1, parts.err);
    assert.match(parts.out, new RegExp(`^35 +${many[34].id} +revoked +20`, "m"));
    assert.match(parts.out, /^36 .*not_found/m);
    assert.equal(parts.out.match(/^RECORD/gm).length, 1);
    const argument = await run("exposures", "report", key.key);
    assert.equal(argument.code, 2);
    assert.ok(!argument.err.includes(key.key));
    assert.equal((await run("exposures", "report", "-", { stdin: "[" })).code, 2);
    const { endpoint, types } = await json("exposures", "registration");
    assert.equal(endpoint, new URL("/v1/exposures", rig.url).href);
    for (const { key } of [await newKey("leaky"), await newKey("leaky", "t", "--environment", "test")]) assert.match(key, new RegExp(`^${types[0].pattern}$`));
    assert.match((await done("exposures", "registration")).out, /^knq_api_key +knq_\(live\|test\)_/m);
  });

  test("webhooks", async () => {
    assert.match((await done("webhooks", "sources")).out, /^queued +standard-webhooks +queue +enforce +api$/m);
    const id = await rig.bury("queued", undefined, { inline: Buffer.from("héllo").toString("base64") });
    assert.match((await done("webhooks", "dead-letters", "queued")).out, new RegExp(`^${id} `, "m"));
    assert.equal((await done("webhooks", "body", "queued", id)).out, "héllo");
    const out = path.join(emptyDirectory(), "body");
    await done("webhooks", "body", "queued", id, "--out", out);
    assert.equal(readFileSync(out, "utf8"), "héllo");
    // Of a source that there isn't: nothing is asked, since the audit log has each reading.
    const taken = { code: 2, out: "", err: `${out} is there already. Name a new file.\n` };
    assert.deepEqual(await run("webhooks", "body", "nowhere", id, "--out", out), taken);
    assert.match((await done("webhooks", "redrive", "queued", id)).out, /is queued\.$/m);
    const other = await rig.bury("queued");
    assert.match((await done("webhooks", "discard", "queued", other, "--yes")).out, /is discarded/);
    await rig.bury("queued");
    assert.match((await done("webhooks", "redrive", "queued", "--all")).out, /^1 are in the queue again/);
    const kept = await rig.remember("queued", { kept: true });
    assert.match((await done("webhooks", "deliveries", "queued", "--outcome", "delivered", "--since", "1h")).out, new RegExp(`^${kept} `, "m"));
    assert.match((await done("webhooks", "replay", "queued", kept)).out, /is queued/);
    assert.equal((await done("webhooks", "handshakes", "queued")).err, "queued has no handshakes.\n");
    const { code, err } = await run("webhooks", "reveal", "queued", "hsk_Qh0a9zVVqE0eTn6ZPmRf", "--yes");
    assert.equal(code, 1);
    assert.match(err, /^HANDSHAKE_NOT_FOUND: /);
  });

  test("the deployment", async () => {
    await eventually(async () => assert.match((await done("overview")).out, /^tenants +[1-9]/m));
    assert.match((await done("plans")).out, /^PLAN +MAX KEYS/);
    assert.match((await done("scopes")).out, /^read:leads$/m);
    assert.match((await done("usage", "--period", "7d")).out, /^all +0 +0$/m);
    assert.match((await done("metrics")).out, /^keystile_object_up\{object="feed"\} 1$/m);
    const hour = (ago) => new Date(Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000).toISOString();
    const { out } = await done("usage", "export", "--from", hour(6), "--to", hour(4));
    assert.equal(JSON.parse(out.trim().split("\n").at(-1)).end.next, null);
    const ofOne = await done("usage", "export", "acme", "--from", hour(6), "--to", hour(4));
    assert.equal(JSON.parse(ofOne.out.trim().split("\n").at(-1)).end.next, null);
    assert.match((await run("usage", "export", "acme")).err, /--from and --to/);
    assert.match((await done("status")).out, /^status +ok$/m);
    assert.equal(JSON.parse((await done("openapi")).out).openapi, "3.1.1");
  });
});

describe("failures", () => {
  test("name the code, the mistakes and the request, and go to stderr", async () => {
    const { code, out, err } = await run("keys", "create", "acme", "--name", " ", "--scope", "fly");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^INVALID_REQUEST: what was sent has mistakes\.\n {2}--name: .+\n {2}--scope: unknown scope "fly".+\n\(req_\w+\)\n$/);
  });

  test("name the option that a field is of, and the command that helps", async () => {
    const { err } = await run("keys", "create", "acme", "--name", "x");
    assert.match(err, /^ {2}--scope: name one scope at least; keystile scopes lists them$/m);
    const { id } = await newKey("acme");
    const wrong = ["--overlap", "9999d", "--latest-end", "9999d"];
    assert.match((await run("keys", "rotate", "acme", id, ...wrong)).err, /^ {2}--overlap: /m);
    assert.match((await run("keys", "update", "acme", id, "--allowed-ip", "x", "--allowed-ip", "y")).err, /^ {2}--allowed-ip: /m);
    const asJson = JSON.parse((await run("keys", "create", "acme", "--name", "x", "--json")).err);
    assert.deepEqual(asJson.errors, [{ field: "scopes", detail: "name one scope at least; GET /v1/scopes lists them" }]);
  });

  test("are JSON with --json", async () => {
    const { code, err } = await run("keys", "get", "acme", `key_${"0".repeat(20)}`, "--json");
    assert.equal(code, 1);
    assert.equal(JSON.parse(err).code, "KEY_NOT_FOUND");
  });

  test("that aren't the API's are shown without what a terminal would obey", async () => {
    const proxy = commandLine({
      env: asRoot(rig.url),
      fetch: async () => new Response("\u001b[2Jgone\u001b[0m", { status: 403 }),
    });
    const { code, err } = await proxy("plans");
    assert.equal(code, 1);
    assert.equal(err, "HTTP_403: HTTP 403, and no answer of the management API: �[2Jgone�[0m\n");
  });

  test("of a version say which it is", async () => {
    const { id } = await newKey("acme");
    const { err } = await run("keys", "update", "acme", id, "--name", "x", "--if-version", "9");
    assert.match(err, /^VERSION_MISMATCH: .+\nIt has the version 1 now\. Look at it again before you change it\.\n/);
  });

  test("of usage are exit code 2, before anything is sent", async () => {
    for (const [words, said] of [
      [["keys", "create", "acme", "--scope", "s"], /Write its name/],
      [["keys", "create", "acme", "--name", "a", "--expires-at", "soon"], /--expires-at: soon is neither a time/],
      [["keys", "create", "acme", "--name", "a", "--metadata", "{"], /--metadata: /],
      [["keys", "create", "acme", "--name", "a", "--quota", "daily"], /--quota: daily isn't NAME=50/],
      [["keys", "create", "acme", "--name", "a", "--wait", "31"], /--wait: 31/],
      [["keys", "create", "acme", "--name", "a", "--environment", "prod"], /none of live, test/],
      [["keys", "update", "acme", "key_1"], /Say what to change, by one of --name/],
      [["keys", "list", "acme", "--limit", "x"], /--limit: x isn't a whole number/],
      [["keys", "list", ""], /An argument is ""\. Is a variable not set\?/],
      [["operators", "create", "--name", "a", "--scope", "verify"], /one of --tenant TENANT and --all-tenants/],
    ]) {
      const { code, out, err } = await run(...words);
      assert.deepEqual([code, out], [2, ""], words.join(" "));
      assert.match(err, said);
    }
  });
});

for (const [whose, ...of] of [["a tenant", "--tenant", "acme"], ["the deployment"]]) {
  test(`endpoints for events of ${whose} are made, changed, tried and deleted`, async () => {
    const made = await done("events", "create", "https://example.com/events", "--type", "key.revoked", ...of);
    assert.match(made.out, /^whsec_\S+\n$/);
    const [{ id }] = await lines("events", "endpoints", ...of);
    await done("events", "update", id, "--description", "of tests", "--status", "paused", ...of);
    const shown = await json("events", "get", id, ...of);
    assert.deepEqual([shown.status, shown.description, shown.types], ["paused", "of tests", ["key.revoked"]]);
    assert.match((await done("events", "rotate-secret", id, ...of)).out, /^whsec_\S+\n$/);
    // Nobody answers there. The attempt is the answer all the same.
    await run("events", "test", id, ...of);
    const [attempt] = await lines("events", "attempts", id, ...of);
    assert.equal(attempt.type, "endpoint.test");
    assert.equal((await done("events", "dead-letters", id, "--json", ...of)).out, "");
    await done("events", "redrive", id, "--all", ...of);
    const none = `evt_${"0".repeat(20)}`;
    for (const words of [["redrive", id, none], ["discard", id, none, "--yes"]]) assert.equal((await run("events", ...words, ...of)).code, 1);
    await done("events", "delete", id, "--yes", ...of);
    assert.equal((await done("events", "endpoints", "--json", ...of)).out, "");
  });
}

test("what is exported is restored into nothing but an empty place", async () => {
  const files = { all: path.join(emptyDirectory(), "all"), one: path.join(emptyDirectory(), "one") };
  await newKey("exported");
  await done("operators", "create", "--name", "exporter", "--all-tenants", "--scope", "tenants:export");
  await done("export", "--to", files.all);
  writeFileSync(files.one, (await done("export", "--tenant", "exported")).out);
  for (const file of Object.values(files)) {
    const { code, err } = await run("restore", file);
    assert.deepEqual([code, /RESTORE_REFUSED: There is something here already/.test(err)], [1, true], err);
  }
});

test("each operation that is one of a command line is one of these commands", () => {
  const ofPages = ["beginSession", "endSession", "exchangePortalCode", "getPortalSession", "endPortalSession"];
  assert.deepEqual(operations.map(({ operationId }) => operationId).filter((id) => !seen.has(id)).sort(), ofPages.sort());
});
