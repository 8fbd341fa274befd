// keystile export and keystile restore: a whole deployment goes out into a file, and in at a new one. KEYSTILE_BACKUP_KEYS
// is the number of keys of the largest tenant.

import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";

import { ALLOW_IMPORTED, importing, line, oldKey, sha256 } from "../../support/importing.mjs";
import { eventually, SECRET, sleep, startRig } from "../../support/rig.mjs";
import { asRoot, commandLine, emptyDirectory, served } from "./command.mjs";

const KEYS = Number(process.env.KEYSTILE_BACKUP_KEYS ?? 2_000);
const SETTINGS = ALLOW_IMPORTED;

const directory = emptyDirectory();
const inDirectory = (name) => path.join(directory, name);
const ALL = inDirectory("all.ndjson");

let old, fresh, poor, out, into, wrong;
before(async () => {
  old = await startRig({ name: "commands-backup-old", settings: SETTINGS, edges: { edge1: {} }, handles: true });
  fresh = await startRig({ name: "commands-backup-new", settings: SETTINGS, edges: { edge1: {} }, handles: true });
  poor = await startRig({ name: "commands-backup-poor", settings: SETTINGS, edges: {}, secret: Buffer.alloc(32, 2).toString("base64") });
  out = await at(old);
  into = await at(fresh);
  wrong = await at(poor);
});
after(() => Promise.all([out, into, wrong].map((each) => each?.close())));

/** Commands at a deployment. `cut(n)` loses the answers of all requests after the next n. */
async function at(rig) {
  const server = await served(rig, "manage");
  let left = Infinity;
  const fetch = async (...args) => {
    left -= 1;
    if (left < 0) throw new TypeError("the network is down");
    return globalThis.fetch(...args);
  };
  return {
    run: commandLine({ env: asRoot(server.url), cwd: directory, fetch }),
    cut: (requests) => void (left = requests),
    close: () => (server.close(), rig.close()),
  };
}

const suspended = (rig, tenant) => rig.manage("POST", `/v1/tenants/${tenant}/suspend`);
const codeOf = async (rig, key) => {
  const used = await rig.edge("edge1", "/api/leads", { key });
  return used.code ?? used.status;
};

/** Does something with each thing, so many at a time. */
async function withEach(things, work, atOnce = 8) {
  const left = things.entries();
  const hand = async () => {
    for (const [at, thing] of left) await work(thing, at);
  };
  await Promise.all(Array.from({ length: atOnce }, hand));
}

/** Writes keys and their audit entries into the ledger, like that of the key with this id. */
async function fill(id, from, some) {
  const others = `json_each('${JSON.stringify(some.map((text) => sha256(text)))}') AS each`;
  const n = `each.key + ${from}`;
  const newId = `'key_' || printf('%020d', ${n})`;
  await old.sql("large", `INSERT INTO keys (id, digest, tenant, created_at, state, search, version, record, secret, effective_by, created_by)
    SELECT ${newId}, each.value, tenant, created_at, state, search || (${n}), version,
      json_set(record, '$.id', ${newId}, '$.name', 'key ' || (${n})), secret, effective_by, created_by
    FROM ${others} JOIN keys ON keys.id = '${id}'`);
  await old.sql("large", `INSERT INTO audit (id, at, actor_id, actor_name, action, key_id, key_name, key_display, request_id, detail)
    SELECT 'aud_' || printf('%020d', ${n}), at, actor_id, actor_name, action, ${newId}, 'key ' || (${n}), key_display, request_id, detail
    FROM ${others} JOIN audit ON audit.key_id = '${id}'`);
}

const minted = {};
let texts;

test(`a deployment with a tenant of ${KEYS} keys goes out into a file`, async (t) => {
  assert.equal((await old.manage("PATCH", "/v1/tenants/large", { max_active_keys: 1_000_000 })).status, 200);
  texts = Array.from({ length: KEYS }, () => oldKey());
  const byApi = Math.min(KEYS, 100);
  const [first] = await importing(old).imported("large", texts.slice(0, byApi).map((text) => line(text, { metadata: { plan: "pro" } })));
  // The ledger's rows of the others, as an import writes them.
  for (let from = byApi; from < KEYS; from += 1_000) await fill(first, from, texts.slice(from, from + 1_000));
  for (const name of ["active", "revoked", "disabled"]) minted[name] = (await old.create("large", { name })).key;
  const { keys } = (await old.manage("GET", "/v1/tenants/large/keys?limit=10")).body;
  const idOf = (wanted) => keys.find(({ name }) => name === wanted).id;
  assert.equal((await old.manage("POST", `/v1/tenants/large/keys/${idOf("revoked")}/revoke`)).status, 200);
  assert.equal((await old.manage("POST", `/v1/tenants/large/keys/${idOf("disabled")}/disable`)).status, 200);
  minted.small = (await old.create("small")).key;
  assert.equal((await old.manage("POST", "/v1/tenants/small/event-endpoints", { url: "https://hooks.example.org/" })).status, 201);
  minted.halted = (await old.create("halted")).key;
  await suspended(old, "halted");
  minted.erased = (await old.create("erased")).key;
  await suspended(old, "erased");
  assert.equal((await old.manage("DELETE", "/v1/tenants/erased", { confirm: "erased" })).status, 202);
  minted.operator = (await old.operator("*", ["keys:read"])).key;

  const began = performance.now();
  const { code, err } = await out.run("export", "--to", ALL);
  t.diagnostic(`${KEYS} keys: out in ${((performance.now() - began) / 1000).toFixed(1)} s, ${(statSync(ALL).size / 1e6).toFixed(1)} MB`);
  assert.equal(code, 0, err);
  assert.match(err, new RegExp(`^4 ledgers, ${KEYS + 6} keys, [0-9.]+ MB\n$`));
  assert.equal(statSync(ALL).mode & 0o777, 0o600, "others can't read it");
  assert.ok(!existsSync(`${ALL}.part`));
  const text = readFileSync(ALL, "utf8");
  for (const key of [...Object.values(minted), texts[0], texts.at(-1)]) assert.ok(!text.includes(key));
  const again = await out.run("export", "--to", ALL);
  assert.deepEqual([again.code, readFileSync(ALL, "utf8") === text], [2, true], "it overwrites no file");
});

test("a part is a new file, whatever had its name", { skip: process.platform === "win32" && "it has other modes" }, async () => {
  const [file, others] = [inDirectory("again.ndjson"), inDirectory("others.txt")];
  const part = `${file}.part`;
  const GONE = `${part}, which an earlier one had left, is gone.\n`;
  for (const put of [() => writeFileSync(part, "earlier", { mode: 0o644 }), () => symlinkSync(others, part)]) {
    writeFileSync(others, "theirs");
    put();
    const { code, err } = await out.run("export", "--tenant", "small", "--to", file);
    assert.deepEqual([code, err.startsWith(GONE)], [0, true], err);
    const { mode } = lstatSync(file);
    assert.deepEqual([lstatSync(file).isFile(), mode & 0o777], [true, 0o600]);
    assert.equal(readFileSync(others, "utf8"), "theirs");
    rmSync(file);
  }
  mkdirSync(part);
  const { code, err } = await out.run("export", "--tenant", "small", "--to", file);
  assert.equal(code, 2);
  assert.match(err, /again\.ndjson\.part can't be written: /);
});

test("an export that has no end leaves no file, and says so by its exit code", async () => {
  const file = inDirectory("cut.ndjson");
  out.cut(0);
  const { code, err } = await out.run("export", "--tenant", "small", "--to", file);
  out.cut(Infinity);
  assert.equal(code, 1);
  assert.match(err, /This is not whole: don't keep it as a backup\..*\nNETWORK/s);
  assert.ok(!existsSync(file));
  const none = await out.run("export", "--tenant", "nobody");
  assert.deepEqual([none.code, none.out], [1, ""]);
  assert.match(none.err, /TENANT_NOT_FOUND/);
  assert.equal((await out.run("export", "--tenant", "erased")).code, 1);
  const piped = await out.run("export", "--tenant", "small");
  assert.equal(piped.code, 0);
  assert.match(piped.out.trimEnd().split("\n").at(-1), /^\{"end":/);
});

test("a file that is cut, altered or no export is found out before anything is sent", async () => {
  const lines = readFileSync(ALL, "utf8").trimEnd().split("\n");
  const tried = async (changed, said) => {
    const file = inDirectory("broken.ndjson");
    writeFileSync(file, changed);
    into.cut(0);
    const { code, err } = await into.run("restore", file);
    into.cut(Infinity);
    assert.equal(code, 1, err);
    assert.match(err, said);
    assert.match(err, /Nothing was sent\.$/m);
  };
  const whole = (changed) => `${changed.join("\n")}\n`;
  const altered = lines.findIndex((each) => each.startsWith('{"key":') && each.includes('"disabled"'));
  await tried(whole(lines.with(altered, lines[altered].replace('"disabled"', '"active"'))), /was altered/);
  await tried(whole(lines.toSpliced(altered, 1)), /was altered/);
  await tried(whole(lines.slice(0, -1)), /the last line of an export of all/);
  await tried(whole(lines.slice(0, altered + 1)), /the end of the export of \S+ is missing/);
  await tried(whole(lines).slice(0, -5), /it is cut/);
  await tried(whole([...lines, lines[0]]), /behind the last line/);
  await tried(whole(lines.slice(1)), /there is no header before it/);
  await tried("", /no export in it/);
  await tried("hello\n", /line 1: this is no line of an export/);
  assert.equal((await into.run("restore", inDirectory("nowhere"))).code, 2);
});

test("another secret is said at once, by the fingerprint of the one that lacks", async () => {
  const { code, err } = await wrong.run("restore", ALL);
  assert.equal(code, 1);
  assert.match(err, /^RESTORE_REFUSED: .*This deployment lacks: the KEYSTILE_SECRET with the fingerprint [\w-]{8}/s);
});

test("a tenant is erased for no line that somebody wrote into the file", async () => {
  const lines = readFileSync(ALL, "utf8").trimEnd().split("\n");
  const end = lines.findIndex((each) => each.startsWith('{"end":'));
  const { mark } = lines.map((each) => JSON.parse(each).erased).find((erased) => erased);
  const file = inDirectory("inserted.ndjson");
  for (const wrong of ["x", mark, JSON.parse(lines.at(end)).end.mark]) {
    const inserted = JSON.stringify({ erased: { tenant: "victim", mark: wrong } });
    writeFileSync(file, `${lines.toSpliced(end + 1, 0, inserted).join("\n")}\n`);
    const { code, err } = await into.run("restore", file, "--tenant", "victim");
    assert.equal(code, 1);
    assert.match(err, /seal is broken/);
    const victim = (await fresh.manage("GET", "/v1/tenants/victim")).body;
    assert.deepEqual([victim.erasure, victim.suspended], [undefined, false]);
  }
});

test("it goes in at a new deployment, is interrupted and goes on, and every key is what it was", async (t) => {
  into.cut(3);
  const cut = await into.run("restore", ALL);
  assert.equal(cut.code, 1, cut.err);
  assert.match(cut.err, /of 4 ledgers are there\. Run the same again to go on\./);
  into.cut(Infinity);
  const began = performance.now();
  const { code, err, out: said } = await into.run("restore", ALL);
  t.diagnostic(`${KEYS} keys: in in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  assert.equal(code, 0, err);
  assert.match(said, new RegExp(`^Restored 4 ledgers with ${KEYS + 6} keys into http.* 1 tenants that were erased are erased here, too\\.\n$`));
  assert.match(err, /1 endpoints for events are paused/);

  const verified = performance.now();
  const results = new Map();
  await withEach(texts, async (key) => {
    let code = await codeOf(fresh, key);
    for (let tries = 0; code === "INTERNAL" && tries < 3; tries += 1) code = (await sleep(500), await codeOf(fresh, key));
    results.set(code, (results.get(code) ?? 0) + 1);
  });
  t.diagnostic(`${KEYS} keys verified at the edge in ${((performance.now() - verified) / 1000).toFixed(1)} s`);
  assert.deepEqual([...results], [[200, KEYS]]);
  const expected = { active: 200, revoked: "REVOKED", disabled: "DISABLED", small: 200, halted: "TENANT_SUSPENDED", erased: "NOT_FOUND" };
  for (const [name, code] of Object.entries(expected)) {
    await eventually(async () => assert.equal(await codeOf(fresh, minted[name]), code, name));
  }
  assert.equal((await fresh.manage("GET", "/v1/tenants/large", undefined, { key: minted.operator })).status, 200);
  const counts = async (rig) => (await rig.manage("GET", "/v1/tenants/large")).body.keys;
  assert.deepEqual(await counts(fresh), await counts(old));
  assert.equal((await fresh.manage("POST", "/v1/tenants/erased/keys", { name: "x", scopes: ["read:leads"] })).code, "TENANT_ERASED");
});

test("the same once more changes nothing, and one tenant of the file goes into another deployment", async () => {
  const { code, out: said } = await into.run("restore", ALL, "--json");
  assert.deepEqual([code, JSON.parse(said).ledgers, JSON.parse(said).still_there], [0, 4, []]);
  const other = await startRig({ name: "commands-backup-other", settings: SETTINGS, edges: {}, handles: true, secret: SECRET });
  const one = await at(other);
  try {
    assert.equal((await one.run("restore", ALL, "--tenant", "nobody")).code, 1);
    const restored = await one.run("restore", ALL, "--tenant", "small");
    assert.equal(restored.code, 0, restored.err);
    assert.deepEqual((await other.manage("GET", "/v1/tenants")).body.tenants.map(({ tenant }) => tenant), ["small"]);
    // Where a tenant of the name is in use, nobody but people erases it.
    await other.create("erased");
    const left = await one.run("restore", ALL, "--tenant", "erased");
    assert.deepEqual([left.code, /To erase it: keystile tenants erase erased/.test(left.err)], [1, true]);
    assert.equal((await other.manage("GET", "/v1/tenants/erased")).body.suspended, false);
    // Something is there already.
    await other.create("halted");
    const refused = await one.run("restore", ALL, "--tenant", "halted");
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^RESTORE_REFUSED: There is something here already/);
  } finally {
    await one.close();
  }
});
