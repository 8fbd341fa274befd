// A ledger goes out as an export and comes in at a new deployment that has the old secrets: keys work, and limits, audit
// log and usage are there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { exported, partsOf, restored } from "../../support/exporting.mjs";
import { ALLOW_IMPORTED, importing, keysOf, line, oldKey } from "../../support/importing.mjs";
import { eventually, SECRET, startRig, WITH_LIMITS } from "../../support/rig.mjs";

const NEWER = Buffer.alloc(32, 2).toString("base64");
const [IMPORTED] = Object.keys(ALLOW_IMPORTED);
const REMINDERS = `${ALLOW_IMPORTED[IMPORTED]}
expiry_notice_days = [7]
rotate_after_days = 90
unused_after_days = 60
disable_unused_after_days = 70`;
const SETTINGS = { [IMPORTED]: REMINDERS, "\n[edge]": WITH_LIMITS };
const DAY = 24 * 3_600_000;
const KEYS = 600;

let old, rig, poor;
before(async () => {
  const edges = { edge1: {} };
  old = await startRig({ name: "backup-old", settings: SETTINGS, edges, handles: true });
  rig = await startRig({ name: "backup-new", settings: SETTINGS, edges, handles: true, secret: `${NEWER},${SECRET}` });
  poor = await startRig({ name: "backup-poor", edges: {}, secret: NEWER });
});
after(() => Promise.all([old, rig, poor].map((each) => each?.close())));

const backOf = (tenant) => `/v1/tenants/${tenant}/restore`;
const outOf = (tenant) => `/v1/tenants/${tenant}/export`;
const all = async (stack, path, items) => {
  let [found, cursor] = [[], null];
  do {
    const page = await stack.manage("GET", `${path}?limit=200${cursor ? `&cursor=${cursor}` : ""}`);
    assert.equal(page.status, 200, page.text);
    found = found.concat(page.body[items]);
    cursor = page.body.next_cursor;
  } while (cursor);
  return found;
};
const use = (stack, key) => stack.edge("edge1", "/api/leads", { key });
const codeOf = async (stack, key) => {
  const used = await use(stack, key);
  return used.code ?? used.status;
};
/** What a list shows of a key, but for what each deployment says for itself. */
const shown = ({ effective_by, ...key }) => key;
const ENDPOINTS = "/v1/tenants/acme/event-endpoints";
/** The rows of tables of which an export has every column. */
const AS_THEY_ARE = [
  "SELECT * FROM exposures ORDER BY place",
  "SELECT id, expiry_set_at, exposure FROM keys ORDER BY id",
  "SELECT * FROM usage_late",
  "SELECT * FROM usage_closing",
];

test("a tenant with keys in all states goes out, and in at another deployment, where all is as it was", async (t) => {
  const texts = Array.from({ length: KEYS }, () => oldKey());
  const { imported } = importing(old);
  for (let at = 0; at < KEYS; at += 250) {
    await imported("acme", texts.slice(at, at + 250).map((text, place) => line(text, { metadata: { place: at + place, exact: 1.5 } })));
  }
  const made = {};
  for (const name of ["active", "disabled", "revoked", "rotated", "limited", "expiring"]) {
    const fields = { expiring: { expires_at: "2099-01-01T00:00:00.000Z" }, limited: { rate_limits: { "per-second": { limit: 7 } } } };
    made[name] = await old.create("acme", { name, ...fields[name] });
  }
  const act = (name, action, body) => old.manage("POST", `${keysOf("acme")}/${made[name].id}/${action}`, body);
  assert.equal((await act("disabled", "disable")).status, 200);
  assert.equal((await act("revoked", "revoke", { reason: "leaked" })).status, 200);
  made.successor = (await act("rotated", "rotate", { overlap_seconds: 86_400 })).body;
  const patch = { rate_limits: { "per-second": { limit: 15 } }, quotas: { monthly: { limit: 1_000_000 } }, max_active_keys: 100_000 };
  assert.equal((await old.manage("PATCH", "/v1/tenants/acme", patch)).status, 200);
  assert.equal((await old.manage("POST", "/v1/tenants/acme/quotas/monthly/add", { amount: 50 })).status, 200);
  const { limited } = made;
  const report = [{ token: limited.key, url: "https://example.com/found", source: "commit" }];
  assert.equal((await old.manage("POST", "/v1/exposures", report)).status, 200);
  made.limited = await old.create("acme", { name: "limited again", ...{ rate_limits: { "per-second": { limit: 7 } } } });
  made.found = limited;
  const endpoint = await old.manage("POST", ENDPOINTS, { url: "https://hooks.example.org/", types: ["key.revoked"] });
  assert.equal(endpoint.status, 201, endpoint.text);
  await old.sql("acme", `INSERT INTO usage_late VALUES ('${made.active.id}', ${Math.floor(Date.now() / 3_600_000) - 3}, 'VALID', 2)`);
  await old.sql("acme", "INSERT INTO usage_closing VALUES (1, 480001)");
  assert.equal(await codeOf(old, made.active.key), 200);
  const usageOf = (stack) => stack.sql("acme", "SELECT hour, code, count FROM tenant_usage ORDER BY hour, code");
  await eventually(async () => assert.ok(JSON.stringify(await usageOf(old)).includes("VALID")), 90_000);

  const began = performance.now();
  const text = await exported(old, outOf("acme"));
  const out = performance.now() - began;
  assert.ok(!texts.some((key) => text.includes(key)) && !Object.values(made).some(({ key }) => text.includes(key)));
  assert.ok(!text.includes(endpoint.body.secret));
  const before = { keys: await all(old, keysOf("acme"), "keys"), audit: await all(old, "/v1/tenants/acme/audit", "entries"), usage: await usageOf(old) };

  const back = performance.now();
  await restored(rig, backOf("acme"), text);
  t.diagnostic(`${KEYS} keys, ${text.length} bytes: out in ${Math.round(out)} ms, in in ${Math.round(performance.now() - back)} ms`);
  const now = { keys: await all(rig, keysOf("acme"), "keys"), audit: await all(rig, "/v1/tenants/acme/audit", "entries") };
  assert.deepEqual(now.keys.map(shown), before.keys.map(shown));
  assert.deepEqual(now.audit.slice(1), before.audit);
  assert.equal(now.audit[0].action, "restored");
  assert.equal(now.audit[0].detail.keys.to, KEYS + 8);
  assert.deepEqual(await usageOf(rig), before.usage);
  for (const query of AS_THEY_ARE) assert.deepEqual(await rig.sql("acme", query), await old.sql("acme", query), query);
  // An endpoint is paused, so that a rehearsal sends nothing, and has its secret, sealed by the newest one.
  const [paused] = (await rig.manage("GET", ENDPOINTS)).body.endpoints;
  assert.deepEqual([paused.id, paused.status, paused.types], [endpoint.body.id, "paused", ["key.revoked"]]);
  const sealed = async (stack) => JSON.parse((await stack.sql("acme", "SELECT settings FROM event_endpoints"))[0].settings).secrets[0].sealed.split(".")[0];
  assert.notEqual(await sealed(rig), await sealed(old));
  assert.deepEqual(await rig.sql("acme", "SELECT * FROM events"), [], "a restore makes no events");
  const tenant = (await rig.manage("GET", "/v1/tenants/acme")).body;
  assert.equal(tenant.rate_limits["per-second"].limit, 15);
  assert.equal(tenant.own_limits.max_active_keys, 100_000);
  await eventually(async () => assert.match((await rig.manage("GET", "/v1/tenants/acme/limits")).text, /1000050|"added":50/));

  const expected = { active: 200, disabled: "DISABLED", revoked: "REVOKED", rotated: 200, limited: 200, expiring: 200, successor: 200, found: "REVOKED" };
  for (const [name, code] of Object.entries(expected)) assert.equal(await codeOf(rig, made[name].key), code, name);
  // At the own rate limit of the tenant.
  for (const [at, key] of texts.entries()) {
    let code = await codeOf(rig, key);
    if (code === "RATE_LIMITED") code = (await new Promise((done) => setTimeout(done, 1_100)), await codeOf(rig, key));
    assert.equal(code, 200, `${at}`);
  }
  // Both go on from here: a new entry has the next number, a change the next version.
  assert.equal((await rig.manage("POST", `${keysOf("acme")}/${made.active.id}/revoke`)).status, 200);
  assert.equal(await eventually(async () => assert.equal(await codeOf(rig, made.active.key), "REVOKED")), undefined);
  assert.equal((await rig.manage("GET", "/v1/tenants/acme/audit?limit=1")).body.entries[0].action, "revoked");
  // The same restore once more changes nothing.
  await restored(rig, backOf("acme"), text);
  assert.deepEqual((await all(rig, keysOf("acme"), "keys")).length, KEYS + 8);
});

test("a restore that was interrupted goes on where it was, and a page that is sent twice counts once", async () => {
  await old.create("cut");
  await old.sql("cut", `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
    INSERT INTO audit (id, at, actor_id, actor_name, action, request_id, detail)
    SELECT 'aud_' || printf('%020d', i), i, 'root', 'root key', 'changed', 'req_' || i, iif(i = 7, 'no JSON', '{}') FROM n`);
  await old.sql("cut", `INSERT INTO usage SELECT id, ${Math.floor(Date.now() / 3_600_000)}, 'VALID', 3 FROM keys`);
  const text = await exported(old, outOf("cut"));
  const { header, end, pages } = partsOf(text);
  assert.ok(pages.length >= 3);
  const send = (body) => rig.manage("POST", backOf("cut"), body);
  assert.equal((await send({ page: pages[0] })).code, "RESTORE_REFUSED", "it has to begin");
  assert.equal((await send({ header, end })).body.restored_pages, 0);
  assert.equal((await send({ page: pages[1] })).body.next_page, 1);
  for (const _ of [1, 2]) assert.equal((await send({ page: pages[0] })).body.restored_pages, 1);
  // Two that send the same at once: one writes it.
  const both = await Promise.all([send({ page: pages[1] }), send({ page: pages[1] })]);
  assert.ok(both.every(({ status }) => status === 200 || status === 503), JSON.stringify(both.map(({ text }) => text)));
  const begun = await send({ header, end });
  assert.deepEqual([begun.body.restored_pages, begun.body.complete], [2, false]);
  // Half of it is no backup, and no bill.
  const hour = (ago) => `${new Date(Math.floor(Date.now() / 3_600_000 - ago) * 3_600_000).toISOString().slice(0, 19)}Z`;
  const bill = `/v1/tenants/cut/usage/export?from=${hour(8)}&to=${hour(4)}`;
  for (const path of [outOf("cut"), bill]) {
    const half = await rig.manage("GET", path);
    assert.deepEqual([half.status, half.code], [503, "DEPENDENCY_UNAVAILABLE"], path);
  }
  await restored(rig, backOf("cut"), text);
  for (const path of [outOf("cut"), bill]) assert.equal((await rig.manage("GET", path)).status, 200, path);
  const rows = async (stack, query) => (await stack.sql("cut", query));
  for (const query of ["SELECT count(*), sum(seq) FROM audit WHERE action <> 'restored'", "SELECT detail FROM audit WHERE id GLOB '*07'", "SELECT * FROM usage"]) {
    assert.deepEqual(await rows(rig, query), await rows(old, query), query);
  }
});

test("what can't be restored is said first: secrets, prefixes, a broken file, another's, and a place that isn't empty", async () => {
  await old.create("whole");
  const text = await exported(old, outOf("whole"));
  const { header, end, pages } = partsOf(text);
  const lacking = await poor.manage("POST", backOf("whole"), { header, end });
  assert.deepEqual([lacking.status, lacking.code], [409, "RESTORE_REFUSED"]);
  assert.equal(lacking.body.missing_secrets.length, 1);
  assert.deepEqual(lacking.body.missing_imported, ["sk_live_", "sk_test_"]);
  const send = (body, tenant = "whole", options) => rig.manage("POST", backOf(tenant), body, options);
  assert.equal((await send({ header, end }, "elsewhere")).code, "RESTORE_REFUSED");
  await rig.create("full");
  await old.create("full");
  const full = partsOf(await exported(old, outOf("full")));
  assert.equal((await send(full, "full")).code, "INVALID_REQUEST");
  assert.equal((await send({ header: full.header, end: full.end }, "full")).code, "RESTORE_REFUSED");
  for (const body of [{ header: header.replace("whole", "whale"), end }, { header, end: full.end }, { header, end: pages[0].split("\n")[0] }, { header: "x", end }, {}]) {
    assert.equal((await send(body)).code, "INVALID_REQUEST", JSON.stringify(body).slice(0, 80));
  }
  // The line of an earlier page, made to look like the last one.
  await importing(old).imported("whole", Array.from({ length: 600 }, () => line(oldKey())));
  const long = partsOf(await exported(old, outOf("whole")));
  const { page: early } = JSON.parse(long.pages[0].trimEnd().split("\n").at(-1));
  const { end: late } = JSON.parse(long.end);
  const cut = await send({ header: long.header, end: JSON.stringify({ end: { ...late, ...early } }) });
  assert.deepEqual([cut.status, cut.code], [422, "INVALID_REQUEST"], cut.text);
  assert.deepEqual(await rig.sql("whole", "SELECT * FROM restoring"), [], "nothing came of it");
  assert.equal((await send({ header, end })).status, 200);
  for (const page of [pages[0].replace("a key", "my key"), pages[0].split("\n").slice(1).join("\n"), full.pages[0], "x", ""]) {
    assert.match((await send({ page })).code, /^(INVALID_REQUEST|RESTORE_REFUSED)$/);
  }
  assert.equal((await rig.manage("GET", keysOf("whole"))).body.keys.length, 0);
  const operator = await rig.operator("*", ["keys:read", "keys:write", "tenants:export"]);
  assert.deepEqual((await send({ header, end }, "whole", { key: operator.key })).code, "EXCEEDS_OWN_RIGHTS");
  await restored(rig, backOf("whole"), text);
  assert.equal((await rig.manage("GET", `${outOf("whole")}?after=x`)).code, "INVALID_REQUEST");
  assert.equal((await rig.manage("GET", outOf("nobody"))).code, "TENANT_NOT_FOUND");
});

test("a digest that another tenant has claimed is refused by its line, and the rest is restored", async () => {
  const [taken, free] = [oldKey(), oldKey()];
  const [id] = await importing(old).imported("mine", [line(taken)]);
  await importing(old).imported("mine", [line(free)]);
  await importing(rig).imported("theirs", [line(taken)]);
  const { header, end, pages } = partsOf(await exported(old, outOf("mine")));
  await rig.manage("POST", backOf("mine"), { header, end });
  const answer = await rig.manage("POST", backOf("mine"), { page: pages[0] });
  assert.deepEqual([answer.body.complete, answer.body.refused_keys], [true, 1]);
  assert.deepEqual(answer.body.refused.map((each) => each.id), [id]);
  assert.equal(await codeOf(rig, free), 200);
  assert.equal((await use(rig, taken)).body.headers["keystile-tenant"], "theirs");
});

test("reminders go on from where they were, and a key that was to be disabled for being unused is told of again first", async () => {
  const ends = new Date(Date.now() + 10 * DAY).toISOString();
  const key = await old.create("reminded", { name: "expiring", expires_at: ends });
  const unused = await old.create("reminded", { name: "unused" });
  await old.sql("reminded", `INSERT INTO unused_keys VALUES ('${unused.id}', 5, ${Date.now() - 1_000}, 1)`);
  await old.sql("reminded", "UPDATE reminders SET time = 7, tie = '3' WHERE name = 'expired'");
  const { header, end, pages } = partsOf(await exported(old, outOf("reminded")));
  const send = async (body) => assert.equal((await rig.manage("POST", backOf("reminded"), body)).status, 200);
  await send({ header, end });
  // Meanwhile nothing is told.
  await rig.sql("reminded", "UPDATE reminders SET time = 1");
  await rig.object("LEDGER", "reminded", "__alarm");
  for (const page of pages) await send({ page });
  const [expired] = await rig.sql("reminded", "SELECT time, tie FROM reminders WHERE name = 'expired'");
  assert.ok(expired.time >= 6 && expired.tie === null, "keys of that time are told of again");
  const told = async () => (await rig.routed("reminded")).flat().map(({ type, key }) => [type, key]);
  await eventually(async () => {
    await rig.object("LEDGER", "reminded", "__alarm");
    assert.deepEqual(await told(), [["key.unused", unused.id]]);
  });
  const [{ due_at, told: again }] = await rig.sql("reminded", "SELECT due_at, told FROM unused_keys");
  assert.ok(again === 1 && due_at > Date.now() + 6 * DAY, "with as much notice as ever");
  assert.equal((await rig.manage("GET", `${keysOf("reminded")}/${unused.id}`)).body.status, "active");
  assert.equal((await rig.manage("GET", `${keysOf("reminded")}/${key.id}`)).body.expires_at, ends);
});

test("a suspended tenant comes back suspended", async () => {
  const key = await old.create("halted");
  await old.manage("POST", "/v1/tenants/halted/suspend");
  await restored(rig, backOf("halted"), await exported(old, outOf("halted")));
  // As any change, the suspension is in effect everywhere once each edge has a view of the feed that has it.
  await eventually(async () => assert.equal(await codeOf(rig, key.key), "TENANT_SUSPENDED"));
  assert.equal((await rig.manage("POST", "/v1/tenants/halted/resume")).status, 200);
});

test("a key that changes while it is exported is there with its entries as of the end", async () => {
  const keys = await importing(old).imported("moving", Array.from({ length: 700 }, () => line(oldKey())));
  const first = await old.manage("GET", outOf("moving"));
  const { pages, header } = partsOf(first.text);
  const mark = JSON.parse(pages[0].trimEnd().split("\n").at(-1)).page.mark;
  const [gone] = keys.toSorted();
  await old.manage("POST", `${keysOf("moving")}/${gone}/revoke`);
  const late = await old.create("moving", { name: "late" });
  const rest = await exported(old, `${outOf("moving")}?after=${mark}`);
  const text = `${header}\n${pages[0]}${rest}`;
  const lines = text.trimEnd().split("\n").map((each) => JSON.parse(each));
  assert.equal(lines.filter(({ key }) => key?.id === gone).length, 2);
  await restored(rig, backOf("moving"), text);
  const has = async (id) => (await rig.manage("GET", `${keysOf("moving")}/${id}`)).body;
  assert.equal((await has(gone)).status, "revoked");
  assert.equal((await has(late.id)).name, "late");
  assert.equal((await rig.manage("GET", `/v1/tenants/moving/audit?key_id=${gone}&limit=1`)).body.entries[0].action, "revoked");
});

test("a report of a leak is no new version of a key, and is there all the same if it came meanwhile", async () => {
  const key = await old.create("leaking", { scopes: ["read:leads"] });
  await importing(old).imported("leaking", Array.from({ length: 600 }, () => line(oldKey())));
  const first = partsOf((await old.manage("GET", outOf("leaking"))).text);
  const mark = JSON.parse(first.pages[0].trimEnd().split("\n").at(-1)).page.mark;
  const exposure = JSON.stringify({ at: Date.now(), source: "commit", url: "https://example.com/1" });
  await old.sql("leaking", `UPDATE keys SET exposure = '${exposure}' WHERE id = '${key.id}'`);
  await old.sql("leaking", `INSERT INTO audit (id, at, actor_id, actor_name, action, key_id, request_id, detail)
    VALUES ('aud_00000000000000000001', 1, 'root', 'root key', 'exposed', '${key.id}', 'req_1', '{}')`);
  const text = `${first.header}\n${first.pages[0]}${await exported(old, `${outOf("leaking")}?after=${mark}`)}`;
  await restored(rig, backOf("leaking"), text);
  const row = `SELECT exposure FROM keys WHERE id = '${key.id}'`;
  assert.deepEqual(await rig.sql("leaking", row), await old.sql("leaking", row));
});

test("a deployment goes out as a whole, operators first, and operators come back", async () => {
  const operator = await old.operator("acme", ["keys:read", "tenants:export"]);
  for (let at = 0; at < 45; at += 1) await old.create(`small-${at}`);
  for (const gone of ["gone", "small-7"]) {
    if (gone === "gone") await old.create(gone);
    await old.manage("POST", `/v1/tenants/${gone}/suspend`);
    assert.equal((await old.manage("DELETE", `/v1/tenants/${gone}`, { confirm: gone })).status, 202);
  }
  const text = await exported(old, "/v1/export", (last) => last.complete === true);
  const lines = text.trimEnd().split("\n").map((each) => JSON.parse(each));
  const tenants = lines.filter(({ header }) => header).map(({ header }) => header.tenant);
  assert.equal(tenants[0], null);
  assert.deepEqual(tenants.slice(1), tenants.slice(1).toSorted());
  assert.ok(tenants.length >= 45 && new Set(tenants).size === tenants.length);
  assert.equal(lines.filter(({ end }) => end).length, tenants.length);
  // Erased ones are named, with nothing else of them; each is a place to go on from.
  const erased = lines.filter((each) => each.erased).map((each) => each.erased);
  assert.deepEqual(erased.map(({ tenant }) => tenant), ["gone", "small-7"]);
  assert.ok(!tenants.includes("gone"));
  const rest = await exported(old, `/v1/export?after=${erased[1].mark}`, (last) => last.complete === true);
  assert.deepEqual(JSON.parse(rest.split("\n")[0]).header.tenant, "small-8");
  assert.equal((await old.manage("GET", outOf("gone"))).code, "TENANT_ERASED");
  assert.equal((await old.manage("POST", backOf("gone"), { header: "x", end: "y" })).code, "TENANT_ERASED");
  // A line of one is taken where it is authentic, of that tenant, and no other; nothing comes of it.
  const [gone] = erased;
  const check = (tenant, line, options) => rig.manage("POST", backOf(tenant), { erased: `${JSON.stringify(line)}\n` }, options);
  assert.deepEqual((await check("gone", { erased: gone })).body.complete, true);
  assert.equal((await rig.manage("GET", keysOf("gone"))).body.keys.length, 0);
  const { mark } = lines.find(({ end }) => end && JSON.parse(Buffer.from(end.mark.split(".")[0], "base64url")).tenant === "small-1").end;
  for (const [tenant, line, status] of [
    ["small-1", { tenant: "small-1", mark }, 422],
    ["small-1", { tenant: "small-1", mark: gone.mark }, 422],
    ["small-1", { tenant: "small-1", mark: "x" }, 422],
    ["small-1", gone, 409],
  ]) {
    assert.equal((await check(tenant, { erased: line })).status, status, JSON.stringify(line));
  }
  assert.equal((await check("gone", {})).status, 422);
  const lacking = await poor.manage("POST", backOf("gone"), { erased: JSON.stringify({ erased: gone }) });
  assert.deepEqual([lacking.code, lacking.body.missing_secrets.length], ["RESTORE_REFUSED", 1]);
  const of = text.slice(0, text.indexOf("\n", text.indexOf('\n{"end"') + 1) + 1);
  const fresh = await startRig({ name: "backup-operators", settings: SETTINGS, edges: {}, secret: SECRET });
  try {
    await restored(fresh, "/v1/operators/restore", of);
    const own = { key: operator.key };
    await eventually(async () => assert.equal((await fresh.manage("GET", "/v1/tenants/acme/keys", undefined, own)).status, 200));
    assert.equal((await fresh.manage("GET", outOf("acme"), undefined, own)).code, "TENANT_NOT_FOUND");
    assert.equal((await fresh.manage("GET", "/v1/export", undefined, own)).code, "TENANT_NOT_ALLOWED");
    assert.equal((await fresh.manage("POST", "/v1/operators/restore", { header: "x", end: "y" }, own)).code, "EXCEEDS_OWN_RIGHTS");
  } finally {
    await fresh.close();
  }
});
