// Reports of leaked keys: who may report what, what it does to the key, and what nobody can learn by it.

import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";

import { inRoot } from "../../../scripts/tools.mjs";
import { eventually, importable, ROOT_KEY, sleep, startRig, WITH_SOURCE } from "../../support/rig.mjs";

const PUBLISHED = JSON.parse(readFileSync(inRoot("tests", "fixtures", "github-scanning-vectors.json"), "utf8"));
const JSON_TYPE = { "Content-Type": "application/json" };
const MINUTE = 60_000;

/** A key of GitHub's, as its list has it. */
function githubKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = publicKey.export({ type: "spki", format: "pem" });
  return { privateKey, listed: { key_identifier: createHash("sha256").update(key).digest("hex"), key, is_current: false } };
}

/** GitHub's list of keys at an address of the test's own. */
class GithubKeys {
  asked = [];
  listed = [];
  mode = "ok";

  async listen() {
    this.server = http.createServer((request, response) => {
      this.asked.push(request.headers);
      if (this.mode === "down") return response.writeHead(500).end();
      const body = JSON.stringify({ public_keys: this.listed });
      const etag = `"${createHash("sha256").update(body).digest("hex")}"`;
      if (request.headers["if-none-match"] === etag) return response.writeHead(304).end();
      return response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "max-age=60", ETag: etag }).end(body);
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}/keys`;
  }

  close() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

const github = new GithubKeys();
const ours = githubKey();
let rig;
let offset = 0;
const settings = (exposure) => ({
  'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]',
  ...WITH_SOURCE,
  "\n[edge]": `\n[exposure]\n${exposure}\ngithub_keys_url = "${github.url}"\n[edge]`,
});
before(async () => {
  await github.listen();
  github.listed = [...PUBLISHED.keys, ours.listed];
  rig = await startRig({ name: "exposures", edges: { edge1: {} }, handles: true, settings: settings(""), hooks: {} });
});
after(async () => {
  await rig.close();
  await github.close();
});
beforeEach(async () => {
  github.mode = "ok";
  await rig.feed("ledgers", "ok");
  await rig.ledgers("ok");
});

/** Moves the clocks of the workers that keep GitHub's keys ahead. */
const ahead = async (ms, whose = rig) => {
  offset += ms;
  await whose.clock(offset);
  await whose.hooksHandle("__clock", offset);
};

const record = (token, url = `https://github.com/o/r/blob/${randomBytes(4).toString("hex")}`) => ({ token, type: "knq_api_key", url, source: "commit" });
const post = (raw, headers, key = null, whose = rig) =>
  whose.manage("POST", "/v1/exposures", undefined, { key, raw, headers: { ...JSON_TYPE, ...headers } });
const signed = (body, key = ours) => ({
  "Github-Public-Key-Identifier": key.listed.key_identifier,
  "Github-Public-Key-Signature": sign("sha256", Buffer.from(body), key.privateKey).toString("base64"),
});
const byGithub = (records, whose = rig, key = ours) => {
  const body = JSON.stringify(records);
  return post(body, signed(body, key), null, whose);
};
const byOperator = (records, key = undefined, whose = rig) =>
  whose.manage("POST", "/v1/exposures", records, key === undefined ? {} : { key });
const byAnybody = (records, whose = rig) => post(JSON.stringify(records), {}, null, whose);
const shown = async (key, whose = rig) => (await whose.manage("GET", `/v1/tenants/${key.tenant}/keys/${key.id}`)).body;
const audit = async (tenant, key, whose = rig) =>
  (await whose.manage("GET", `/v1/tenants/${tenant}/audit?key_id=${key.id}`)).body.entries.map(({ action }) => action);
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

describe("GitHub", () => {
  test("the published requests are accepted, and their changed forms refused", async () => {
    for (const { name, key_identifier, signature_der_base64, body, valid } of PUBLISHED.vectors) {
      const headers = { "Github-Public-Key-Identifier": key_identifier, "Github-Public-Key-Signature": signature_der_base64 };
      const answer = await post(body, headers);
      assert.equal(answer.status, valid ? 200 : 401, `${name}: ${answer.text}`);
      if (!valid) assert.equal(answer.code, "INVALID_SIGNATURE", name);
      else assert.deepEqual(answer.body.map(({ label }) => label), JSON.parse(body).map(() => "false_positive"), name);
    }
    assert.equal(github.asked.length, 1, "one fetch serves all");
    assert.ok(github.asked[0]["user-agent"]);
  });

  test("a key that leaked is revoked, told to its owner, and labelled", async () => {
    const [key, other] = [await rig.create("leaky"), await rig.create("leaky")];
    const junk = `${key.key.slice(0, -6)}000000`;
    const url = "https://github.com/o/r/blob/main/.env";
    const answer = await byGithub([record(key.key, url), record(junk), record(key.key, "")]);
    assert.equal(answer.status, 200, answer.text);
    const label = (token, which) => ({ label: which, token_hash: sha256(token), token_type: "knq_api_key" });
    assert.deepEqual(answer.body, [label(key.key, "true_positive"), label(junk, "false_positive"), label(key.key, "true_positive")]);
    const now = await shown(key);
    assert.deepEqual([now.status, now.revoke_reason], ["revoked", "exposed: found by GitHub secret scanning"]);
    assert.equal(now.exposure.source, "commit");
    assert.ok([url, null].includes(now.exposure.url));
    const entries = (await rig.manage("GET", `/v1/tenants/leaky/audit?key_id=${key.id}`)).body.entries;
    const exposed = entries.filter(({ action }) => action === "exposed");
    assert.equal(exposed.length, 1, "the second place is of a key that was revoked by then");
    assert.deepEqual(exposed[0].actor, { id: "github", name: "GitHub secret scanning" });
    assert.equal(exposed[0].detail.reporter.to, "github");
    assert.deepEqual((await shown(other)).exposure, null);
    await eventually(async () => assert.equal((await rig.edge("edge1", "/keystile/v1/me", { key: key.key })).code, "REVOKED"));
    // A signature has no time: whoever repeats the request changes nothing, and it is answered alike.
    const version = (await shown(key)).version;
    assert.equal((await byGithub([record(key.key, url)])).body[0].label, "true_positive");
    assert.equal((await shown(key)).version, version);
    assert.equal((await audit("leaky", key)).length, entries.length);
  });

  test("the key's event is recorded with it", async () => {
    const key = await rig.create("evented");
    await byGithub([record(key.key, "https://github.com/o/r/issues/1")]);
    const ofKey = async () => {
      const given = (await rig.routed("evented")).flat().filter((event) => event.key === key.id);
      return [...new Map(given.map((event) => [event.id, event])).values()];
    };
    await eventually(async () => assert.ok((await ofKey()).some(({ type }) => type === "key.revoked")));
    const data = (await ofKey()).filter(({ type }) => type === "key.exposed").map((event) => event.data);
    assert.equal(data.length, 1);
    assert.equal(data[0].key.exposure.url, "https://github.com/o/r/issues/1");
    assert.equal(data[0].reporter, "github");
  });

  test("keys of two tenants, of an operator, and an imported one, in one report", async () => {
    const [one, two, operator] = [await rig.create("first"), await rig.create("second"), await rig.operator("*", ["keys:read"])];
    const text = `sk_live_${randomBytes(16).toString("hex")}`;
    const line = { ...importable(), digest: sha256(text) };
    const imported = await rig.manage("POST", "/v1/tenants/second/keys/import", { keys: [line] });
    assert.equal(imported.body.imported, 1, imported.text);
    const answer = await byGithub([one.key, two.key, operator.key, text, `sk_live_${"0".repeat(32)}`].map((token) => record(token)));
    const labels = answer.body.map(({ label }) => label);
    assert.deepEqual(labels, [...Array(4).fill("true_positive"), "false_positive"], answer.text);
    for (const key of [one, two]) assert.equal((await shown(key)).status, "revoked");
    const known = (await rig.manage("GET", `/v1/operators/${operator.id}`)).body;
    assert.deepEqual([known.status, known.exposure.source], ["revoked", "commit"]);
    const operators = (await rig.manage("GET", "/v1/audit")).body.entries;
    assert.ok(operators.some(({ action, key_id }) => action === "exposed" && key_id === operator.id));
    const again = await rig.manage("GET", `/v1/tenants/second/keys/${imported.body.results[0].id}`);
    assert.equal(again.body.status, "revoked");
  });

  test("a root key is a true positive, and is audited; only a deployment replaces it", async () => {
    assert.equal((await byGithub([record(ROOT_KEY)])).body[0].label, "true_positive");
    const [entry] = (await rig.manage("GET", "/v1/audit?limit=1")).body.entries;
    assert.deepEqual([entry.action, entry.key_id], ["exposed", null]);
  });

  test("what can't be told is never a false positive", async () => {
    const key = await rig.create("down");
    await rig.feed("ledgers", "down");
    assert.equal((await byGithub([record(key.key)])).status, 503);
    await rig.feed("ledgers", "ok");
    await rig.ledgers("down");
    const answer = await byGithub([record(key.key)]);
    assert.equal(answer.status, 503, answer.text);
    assert.ok(answer.headers.get("retry-after"));
    await rig.ledgers("ok");
    assert.equal((await byGithub([record(key.key)])).body[0].label, "true_positive");
    assert.equal((await shown(key)).status, "revoked");
  });

  test("a key that is not published yet is told when it is", async () => {
    await rig.feed("ledgers", "down");
    const key = await rig.create("unpublished");
    await rig.feed("ledgers", "ok");
    const first = await byGithub([record(key.key)]);
    assert.equal(first.status, 503, first.text);
    await eventually(async () => assert.equal((await byGithub([record(key.key)])).status, 200));
    assert.equal((await shown(key)).status, "revoked");
  });

  test("a signature of another body or key is refused, whatever else is sent", async () => {
    const key = await rig.create();
    const body = JSON.stringify([record(key.key)]);
    const good = signed(body);
    const forged = [
      [body, { ...good, "Github-Public-Key-Identifier": "" }],
      [body, { "Github-Public-Key-Signature": good["Github-Public-Key-Signature"] }],
      [body, { "Github-Public-Key-Identifier": good["Github-Public-Key-Identifier"] }],
      [`${body} `, good],
      [body, { ...good, "Github-Public-Key-Identifier": PUBLISHED.keys[0].key_identifier }],
      [body, { ...good, "Github-Public-Key-Signature": "AAAA" }],
    ];
    for (const [raw, headers] of forged) {
      const answer = await post(raw, headers);
      assert.deepEqual([answer.status, answer.code], [401, "INVALID_SIGNATURE"], JSON.stringify(headers));
    }
    const both = await rig.manage("POST", "/v1/exposures", undefined, { raw: body, headers: { ...JSON_TYPE, ...good } });
    assert.deepEqual([both.status, both.code], [400, "CONFLICTING_CREDENTIALS"]);
    assert.equal((await shown(key)).status, "active");
  });

  test("the keys are kept, asked for once a minute at most, and serve while the address is down", async () => {
    const key = await rig.create();
    const body = JSON.stringify([record(key.key)]);
    const stranger = githubKey();
    await ahead(2 * MINUTE);
    let asked = github.asked.length;
    assert.equal((await post(body, signed(body, stranger))).status, 401, "asked anew, and it isn't there");
    for (let times = 0; times < 5; times += 1) {
      const answer = await post(body, signed(body, stranger));
      assert.equal(answer.status, 503, answer.text);
      assert.ok(Number(answer.headers.get("retry-after")) <= 60);
    }
    assert.equal(github.asked.length, asked + 1);
    assert.ok(github.asked.at(-1)["if-none-match"], "a conditional request");
    // A key that is listed later is known a minute later.
    github.listed = [...github.listed, stranger.listed];
    await ahead(2 * MINUTE);
    assert.equal((await post(body, signed(body, stranger))).status, 200);
    github.mode = "down";
    asked = github.asked.length;
    await ahead(20 * 60 * MINUTE);
    assert.equal((await byGithub([record("x")])).status, 200, "kept for a day");
    assert.equal(github.asked.length, asked);
    await ahead(10 * 60 * MINUTE);
    assert.equal((await byGithub([record("x")])).status, 200, "stale keys serve");
    await ahead(20 * 60 * MINUTE);
    assert.equal((await byGithub([record("x")])).status, 503, "until they are too old: it can't be told");
    github.mode = "ok";
    await ahead(2 * MINUTE);
    assert.equal((await byGithub([record("x")])).status, 200);
  });
});

describe("an operator", () => {
  test("hears what became of each key", async () => {
    const [key, dead] = [await rig.create(), await rig.create()];
    await rig.manage("POST", `/v1/tenants/acme/keys/${dead.id}/revoke`);
    const sent = [record(key.key, "u"), record(dead.key), record("nothing"), { token: `${key.key}x` }];
    const { status, body, text } = await byOperator(sent);
    assert.equal(status, 200, text);
    assert.deepEqual(body.results.map((each) => each.status), ["revoked", "already_revoked", "not_found", "not_found"]);
    assert.deepEqual(body.results.map(({ id }) => id), [key.id, dead.id, null, null]);
    assert.ok(Date.parse(body.results[0].effective_by) > 0);
    assert.equal((await byOperator([record(key.key, "u")])).body.results[0].status, "already_revoked");
    const mistakes = await byOperator([{ token: 1 }, {}]);
    assert.deepEqual(mistakes.body.errors.map(({ field }) => field), ["0.token", "1.token"]);
  });

  test("of a tenant reports its keys, and learns nothing of others", async () => {
    const operator = await rig.operator("acme", ["keys:write"]);
    const [own, foreign] = [await rig.create("acme"), await rig.create("elsewhere")];
    const of = await rig.operator("elsewhere", ["keys:read"]);
    const { body } = await byOperator([own, foreign, of].map(({ key }) => record(key)), operator.key);
    assert.deepEqual(body.results.map(({ status }) => status), ["revoked", "not_found", "not_found"]);
    assert.deepEqual(body.results.slice(1).map(({ id }) => id), [null, null]);
    assert.deepEqual([(await shown(foreign)).status, (await shown(foreign)).exposure], ["active", null]);
    const reader = await rig.operator("acme", ["keys:read"]);
    assert.equal((await byOperator([record(own.key)], reader.key)).code, "INSUFFICIENT_SCOPE");
  });
});

describe("anybody", () => {
  test("gets the same answer whatever the report holds, and the key's owner is told", async () => {
    const key = await rig.create("told");
    const url = "https://forum.example.org/t/1";
    const answers = [];
    for (const token of [key.key, `${key.key.slice(0, -6)}000000`, "x", `sk_live_${"9".repeat(32)}`]) answers.push(await byAnybody([{ token, url }]));
    answers.push(await byAnybody([]), await byAnybody([7, {}]));
    for (const answer of answers) assert.deepEqual([answer.status, answer.text], [202, "{}"]);
    await eventually(async () => assert.equal((await shown(key)).exposure?.url, url));
    assert.equal((await shown(key)).status, "active", "by default anybody is only heard");
    assert.deepEqual((await audit("told", key)).slice(0, 1), ["exposed"]);
    // GitHub's report of the same place is another one.
    await byGithub([record(key.key, url)]);
    assert.equal((await shown(key)).status, "revoked");
  });

  test("is answered before anybody is asked, so the same while nothing can be told", async () => {
    const key = await rig.create("asked");
    await rig.feed("ledgers", "hang");
    const begun = Date.now();
    const answer = await byAnybody([record(key.key)]);
    assert.deepEqual([answer.status, answer.text], [202, "{}"]);
    assert.ok(Date.now() - begun < 1_000, "it waits for nobody");
    await rig.feed("ledgers", "ok");
  });

  test("sends sixty reports in a minute, whatever they hold, of 64 KiB each", async () => {
    const key = await rig.create("often");
    for (const [address, token] of [["192.0.2.1", key.key], ["192.0.2.2", "x"]]) {
      const send = () => post(JSON.stringify([record(token)]), { "CF-Connecting-IP": address });
      for (let times = 0; times < 60; times += 1) assert.equal((await send()).status, 202);
      const answer = await send();
      assert.deepEqual([answer.status, answer.code], [429, "TOO_MANY_FAILURES"]);
      assert.ok(Number(answer.headers.get("retry-after")) <= 60);
    }
    const of = (length) => post(`[]${" ".repeat(length - 2)}`, { "CF-Connecting-IP": "192.0.2.3" });
    assert.deepEqual([(await of(65_536)).status, (await of(65_537)).status], [202, 413]);
  });

  test("reports a key that was revoked, and no ledger hears of it", async () => {
    const key = await rig.create("over");
    await rig.manage("POST", `/v1/tenants/over/keys/${key.id}/revoke`);
    await rig.ledgerCalls();
    await byAnybody([record(key.key)]);
    await sleep(500);
    assert.equal((await rig.ledgerCalls())["/expose"], undefined);
  });

  test("can't fill the log of a key that they hold", async () => {
    const key = await rig.create("flooded");
    await byAnybody(Array.from({ length: 60 }, (_, index) => record(key.key, `https://a.example.org/${index}`)));
    await eventually(async () => assert.equal((await audit("flooded", key)).filter((action) => action === "exposed").length, 20));
    await sleep(500);
    assert.equal((await audit("flooded", key)).filter((action) => action === "exposed").length, 20);
  });
});

describe("the cost", () => {
  test("junk asks nobody", async () => {
    const key = await rig.create();
    const junk = ["", "x", key.key.slice(0, -1), `${key.key.slice(0, -6)}000000`, `ksop_${"a".repeat(38)}`, "knq_live_", "some_token"];
    // Who reports as GitHub needs GitHub's keys, which are known by now.
    await byGithub([record("x")]);
    const before = await rig.feedCalls("ledgers");
    await rig.ledgerCalls();
    const answer = await byGithub(junk.map((token) => record(token)));
    assert.ok(answer.body.every(({ label }) => label === "false_positive"), answer.text);
    await byAnybody(junk.map((token) => record(token)));
    await sleep(200);
    const { "/owners": asked = 0 } = await rig.feedCalls("ledgers");
    assert.equal(asked, before["/owners"] ?? 0);
    const { "/expose": exposed = 0 } = await rig.ledgerCalls();
    assert.equal(exposed, 0);
  });

  test("an address whose signatures are refused waits, before its bodies are received", async () => {
    const body = JSON.stringify([record("x")]);
    const forged = () => post(`${body} `, { ...signed(body), "CF-Connecting-IP": "192.0.2.4" });
    for (let times = 0; times < 60; times += 1) assert.equal((await forged()).status, 401);
    const answer = await forged();
    assert.deepEqual([answer.status, answer.code], [429, "TOO_MANY_FAILURES"]);
    assert.equal((await byGithub([record("x")])).status, 200, "another address");
  });

  test("more texts than one request looks up are looked up when it is repeated, and never said to be none", async () => {
    const keys = [await rig.create("long"), await rig.create("long")];
    const junk = Array.from({ length: 3_100 }, () => record(`sk_live_${randomBytes(12).toString("hex")}`));
    const many = [...junk, ...keys.map(({ key }) => record(key))];
    assert.equal((await byGithub(many)).status, 503);
    const second = await byGithub(many);
    assert.equal(second.status, 200, second.text);
    assert.deepEqual(second.body.slice(-2).map(({ label }) => label), ["true_positive", "true_positive"]);
    assert.ok(second.body.slice(0, -2).every(({ label }) => label === "false_positive"));
    for (const key of keys) assert.equal((await shown(key)).status, "revoked");
    assert.equal((await byGithub(junk.slice(0, 1_500))).status, 200);
  });

  test("an operator hears of a report that doesn't fit, which does nothing, and its parts fit", async () => {
    const keys = [];
    for (let tenant = 0; tenant < 35; tenant += 1) keys.push(await rig.create(`parts-${tenant}`));
    const records = keys.map(({ key }) => record(key));
    const junk = Array.from({ length: 2_001 }, () => record(`sk_live_${randomBytes(12).toString("hex")}`));
    for (const sent of [records, [...junk, ...records]]) {
      const answer = await byOperator(sent);
      assert.deepEqual([answer.status, answer.code], [413, "BODY_TOO_LARGE"], answer.text);
      assert.match(answer.body.detail, /in parts of 30 records/);
    }
    for (const key of keys) assert.equal((await shown(key)).exposure, null);
    for (const part of [records.slice(0, 30), records.slice(30)]) {
      const { body } = await byOperator(part);
      assert.ok(body.results.every(({ status }) => status === "revoked"), JSON.stringify(body));
    }
  });

  test("an anonymous report of more tenants than one request asks reaches all of them by its attempts", async () => {
    const keys = [];
    for (let tenant = 0; tenant < 35; tenant += 1) keys.push(await rig.create(`heard-${tenant}`));
    await byAnybody(keys.map(({ key }) => record(key)));
    await eventually(async () => {
      for (const key of keys) assert.ok((await shown(key)).exposure, key.tenant);
    });
  });

  test("a report of more tenants than one request asks goes on when it is repeated", async () => {
    const keys = [];
    for (let tenant = 0; tenant < 35; tenant += 1) keys.push(await rig.create(`many-${tenant}`));
    const records = keys.map(({ key }) => record(key));
    const first = await byGithub(records);
    assert.equal(first.status, 503, first.text);
    const second = await byGithub(records);
    assert.equal(second.status, 200, second.text);
    assert.ok(second.body.every(({ label }) => label === "true_positive"));
    for (const key of keys) assert.equal((await shown(key)).status, "revoked");
  });

  test("a body of 4 MiB is taken, one more byte is not, and single bytes arrive whole", async () => {
    const key = await rig.create();
    const one = JSON.stringify([record(key.key)]);
    const most = 4 * 1024 * 1024;
    const long = one + " ".repeat(most - one.length);
    assert.equal((await post(long, signed(long))).status, 200);
    const longer = `${long} `;
    assert.equal((await post(longer, signed(longer))).status, 413);
    const other = await rig.create();
    const body = JSON.stringify([record(other.key)]);
    const stream = new ReadableStream({
      async pull(controller) {
        this.at ??= 0;
        if (this.at === body.length) return controller.close();
        controller.enqueue(new TextEncoder().encode(body[this.at]));
        this.at += 1;
      },
    });
    const response = await rig.server.getWorker("manage").fetch("http://manage.example/v1/exposures", {
      method: "POST",
      headers: { ...JSON_TYPE, ...signed(body) },
      body: stream,
      duplex: "half",
    });
    assert.equal(response.status, 200, await response.text());
    assert.equal((await shown(other)).status, "revoked");
  });
});

describe("the policies", () => {
  let strict;
  before(async () => {
    const policies = 'github = "notify"\noperator = "disable"\nanonymous = "revoke"';
    strict = await startRig({ name: "exposures-policies", edges: {}, handles: true, settings: settings(policies), hooks: {} });
  });
  after(() => strict.close());

  test("each kind of reporter has its own", async () => {
    const [one, two, three] = [await strict.create(), await strict.create(), await strict.create()];
    assert.equal((await byGithub([record(one.key)], strict)).body[0].label, "true_positive");
    assert.deepEqual([(await shown(one, strict)).status, (await shown(one, strict)).exposure.source], ["active", "commit"]);
    assert.equal((await byOperator([record(two.key, "u")], undefined, strict)).body.results[0].status, "disabled");
    assert.equal((await shown(two, strict)).status, "disabled");
    // A repeat does nothing, also to a key that was enabled since; another place counts.
    await strict.manage("POST", `/v1/tenants/acme/keys/${two.id}/enable`);
    assert.equal((await byOperator([record(two.key, "u")], undefined, strict)).body.results[0].status, "repeat");
    assert.equal((await shown(two, strict)).status, "active");
    assert.equal((await byOperator([record(two.key, "v")], undefined, strict)).body.results[0].status, "disabled");
    assert.equal((await byAnybody([record(three.key)], strict)).status, 202);
    await eventually(async () => assert.equal((await shown(three, strict)).status, "revoked"));
  });

  test("a report of more tenants than one request asks goes on where the feed shows nothing of it", async () => {
    const keys = [];
    for (let tenant = 0; tenant < 35; tenant += 1) keys.push(await strict.create(`many-${tenant}`));
    const records = keys.map(({ key }) => record(key));
    assert.equal((await byGithub(records, strict)).status, 503);
    assert.equal((await byGithub(records, strict)).status, 200);
    for (const key of keys) assert.deepEqual((await audit(key.tenant, key, strict)).slice(0, 2), ["exposed", "created"]);
  });

  test("a key with a valid tag that nobody has is a true positive, once it can't come any more", async () => {
    // The same secret made it, as it would have made the key of a tenant that was erased.
    const foreign = await rig.create();
    assert.equal((await byGithub([record(foreign.key)], strict)).status, 503);
    await ahead(11 * MINUTE, strict);
    const answer = await byGithub([record(foreign.key)], strict);
    assert.equal(answer.body[0].label, "true_positive", answer.text);
  });

  test("a URL that holds a key is never shown", async () => {
    const key = await strict.create();
    await byGithub([record(key.key, `https://a.example.org/?k=${key.key}`)], strict);
    const answer = await strict.manage("GET", `/v1/tenants/acme/keys/${key.id}`);
    assert.equal(answer.body.exposure.url, null);
    const log = await strict.manage("GET", "/v1/tenants/acme/audit");
    assert.ok(!log.text.includes(key.key));
  });
});
