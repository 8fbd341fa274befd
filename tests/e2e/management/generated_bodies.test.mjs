// All that the document allows and the API accepts is shown by every reader: bodies are made from the document's
// schemas, each member of each body in turn, and every value that was accepted is looked for where it is shown.
//
// BODIES_SEED and BODIES_SAMPLES choose other bodies and more of them.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { OPERATIONS_WITH_BODY } from "../../support/bodies.mjs";
import { document, resolved } from "../../support/contract.mjs";
import { metadataText, randomBy } from "../../support/json_samples.mjs";
import { effective, ROOT_KEY, sleep, startRig, WITH_LIMITS, WITH_SOURCE } from "../../support/rig.mjs";
import { samples } from "../../support/schema_samples.mjs";

const SEED = Number(process.env.BODIES_SEED ?? 1);
/** Accepted bodies for each member of each body. */
const SAMPLES = Number(process.env.BODIES_SAMPLES ?? 1);
/** Bodies that are tried for one that is accepted: the document can't say all that a body may not have. */
const ATTEMPTS = 5;
/** Bodies that are under way at once. */
const AT_ONCE = 8;
const SCOPES = ["read:leads", "write:leads", "read:analytics"];
const PRESETS = { zapier: ["read:leads", "write:leads"] };

let rig;
before(async () => {
  const settings = {
    'prefix = "knq"': 'prefix = "knq"\ndefault_scopes = "all"\nallow_imported = ["sk_live_"]',
    "\n[edge]": WITH_LIMITS,
    ...WITH_SOURCE,
  };
  rig = await startRig({ name: "generated", edges: { edge1: {} }, settings, hooks: {} });
});
after(() => rig.close());

const EXPORTED = "lines of an export, and nothing else is taken; backup.test.mjs restores them";
/** Members that no reader shows, and why. */
const UNSHOWN = {
  ...Object.fromEntries(["header", "end", "page", "erased"].flatMap((member) => ["restoreTenant", "restoreOperators"].map((of) => [`${of}.${member}`, EXPORTED]))),
  "eraseTenant.confirm": "it repeats the name in the path; erasure.test.mjs erases tenants",
  "exchangePortalCode.code": "a secret that works once; sessions.test.mjs exchanges it",
  "restoreLimits.to": "the local platform can't go back to a point, and the API answers 503",
  "suspendTenant.ahead": "a condition on the request; tenants.test.mjs tries it",
};

// The facts of a body that the document can't say.

const between = (random, from, to) => from + Math.floor(random() * (to - from + 1));
const one = (random, list) => list[Math.floor(random() * list.length)];
const some = (random, list) => list.filter(() => random() < 0.5);
const NAMES = [
  ...["Ann's key", "ключ 7", "鍵", 'a"b\\c', "🔑 of a team", "<b>", "null", "true", "0"],
  ...["a\u200db", " spaced\u3000", "\u00a0x", "e\u0301", "ﬁ"],
];
const text = (longest) => (random) => {
  const kind = random();
  if (kind < 0.6) return one(random, NAMES);
  if (kind < 0.7) return "x".repeat(longest);
  const points = Array.from({ length: between(random, 1, 12) }, () => between(random, 0x21, 0xd7ff));
  return String.fromCodePoint(...points);
};
const time = (from, to) => (random) => {
  const at = new Date(Date.now() + between(random, from, to)).toISOString();
  const endings = ["Z", "+00:00", "-05:30", "123Z"];
  return random() < 0.2 ? at.replace(/\.\d+Z/, "Z") : at.replace("Z", one(random, endings));
};
const DAY = 86_400_000;
/** Addresses and networks, as people may write them. */
const network = (random) => {
  const byte = () => between(random, 1, 250);
  const word = () => between(random, 1, 65_535).toString(16);
  return one(random, [
    `192.0.2.${byte()}`,
    `10.${byte()}.0.0/16`,
    `203.0.113.${byte()}/32`,
    `2001:db8:${word()}::/48`,
    `2001:DB8::${word().toUpperCase()}`,
    `2001:0db8:0000:0000:0000:0000:0000:${word().padStart(4, "0")}`,
    `::ffff:198.51.100.${byte()}`,
  ]);
};
const limits = (names) => (random) => {
  const limit = () => ({ limit: random() < 0.2 ? null : between(random, 1, 1e9) });
  return Object.fromEntries(some(random, names).map((name) => [name, random() < 0.2 ? null : limit()]));
};
/** The texts of imported keys, by digest in hex. */
const imported = new Map();
const digest = (random) => {
  const digits = Array.from({ length: 24 }, () => between(random, 0, 35).toString(36));
  const key = `sk_live_${digits.join("")}${imported.size}`;
  const bytes = createHash("sha256").update(key).digest();
  const written = bytes.toString(one(random, ["hex", "base64", "base64url"]));
  imported.set(written, key);
  return written;
};
const OF_KEY = { rate_limits: limits(["per-second"]), quotas: limits(["daily"]) };
const OF_TENANT = { rate_limits: limits(["per-second"]), quotas: limits(["daily", "monthly"]) };
const members = (schema, made) =>
  Object.fromEntries(Object.entries(made).map(([member, make]) => [`${schema}.${member}`, make]));
const MADE = {
  Name: text(100),
  Reason: text(500),
  GrantableScope: (random) => one(random, [...SCOPES, "admin"]),
  PresetName: () => "zapier",
  PlanName: (random) => one(random, ["free", "pro"]),
  Reach: (random) => one(random, ["acme", "*", "Any-tenant_7"]),
  Metadata: (random) => JSON.parse(metadataText(random)),
  "date-time": time(60_000, 3_000 * DAY),
  "past-date-time": time(-29 * DAY, -1_000),
  "ip-address-or-network": network,
  uri: (random) => `https://hooks.example.org/${between(random, 0, 9_999)}?token=a%20b`,
  "NewEventEndpoint.description": text(200),
  "EventEndpointPatch.description": text(200),
  "ImportLine.digest": digest,
  "ImportLine.display": (random) => `sk_live_${between(random, 0, 9_999)}`,
  // Without what others imply.
  "NewPortalSession.scopes": (random) => some(random, SCOPES),
  ...members("NewKey", OF_KEY),
  ...members("KeyPatch", OF_KEY),
  ...members("ImportLine", OF_KEY),
  ...members("TenantPatch", OF_TENANT),
};

// One value, however it is written.

function canonicalNetwork(text) {
  const [address, bits] = text.split("/");
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const written = address.includes(":") ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
  return bits === undefined || bits === (address.includes(":") ? "128" : "32") ? written : `${written}/${bits}`;
}
const instant = (value) => (value === null ? null : new Date(value).toISOString());
const list = (value) => [...new Set(value ?? [])].toSorted();
const own = (value) => Object.fromEntries(Object.entries(value ?? {}).filter(([, limit]) => limit !== null));
const trimmed = (value) => value?.trim() ?? null;
const ONE_FORM = {
  types: list,
  name: trimmed,
  reason: trimmed,
  actor: ({ id, name }) => ({ id: trimmed(id), name: trimmed(name) }),
  scopes: list,
  may: list,
  allowed_ips: (value) => list((value ?? []).map(canonicalNetwork)),
  expires_at: instant,
  created_at: instant,
  metadata: (value) => value ?? {},
  rate_limits: own,
  quotas: own,
};

/** RFC 7396. */
function merged(before, patch) {
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(before) ? before : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, merged(result.get(name), value));
  }
  return Object.fromEntries(result);
}

// Readers: by member what each of them shows.

const read = async (path, options) => {
  const answer = await rig.manage("GET", path, undefined, options);
  assert.equal(answer.status, 200, `${path}: ${answer.text}`);
  return answer;
};

/** What an entry leaves out if it is null before and after. */
const NOTHING = Object.fromEntries(
  ["expires_at", "plan", "max_active_keys", "default_expiry_days", "max_expiry_days", "reason"].map((name) => [name, null]),
);
/** The values after a change in an entry of the audit log; what did not change is as before. */
const changed = (entry, before = {}) => {
  const values = Object.entries(entry.detail).map(([name, { to }]) => [name, to]);
  const { limits, ...detail } = Object.fromEntries(values);
  return { ...NOTHING, ...before, ...detail, ...(limits && { limits }) };
};
const entryOf = (id) => (entry) => entry.key_id === id;

/** All readers of a key. `text` is the key's own, if it is known. */
async function readersOfKey(tenant, id, text, { before } = {}) {
  const at = `/v1/tenants/${tenant}`;
  const shown = (await read(`${at}/keys/${id}`)).body;
  const entries = (await read(`${at}/audit`)).body.entries;
  const exported = (await read(`${at}/audit/export`)).text.trim().split("\n").map((line) => JSON.parse(line));
  const readers = {
    get: shown,
    list: (await read(`${at}/keys`)).body.keys.find((key) => key.id === id),
    audit: changed(entries.find(entryOf(id)), before),
    export: changed(exported.findLast(entryOf(id)), before),
  };
  if (!text) return readers;
  const ip = shown.allowed_ips[0]?.split("/")[0];
  const [body, headers] = [JSON.stringify({ key: text, ip, cost: 0 }), { "Content-Type": "application/json" }];
  const verified = await rig.edge("edge1", "/keystile/v1/verify", { key: ROOT_KEY, method: "POST", body, headers });
  assert.equal(verified.body.code, shown.status === "revoked" ? "REVOKED" : "VALID", verified.text);
  if (shown.status === "revoked") return readers;
  assert.equal(verified.body.key_id, id);
  const { name, scopes, environment, expires_at, metadata } = verified.body;
  readers.verify = { name, scopes, environment, expires_at, metadata };
  const me = await rig.edge("edge1", "/keystile/v1/me", { key: text });
  if (shown.allowed_ips.length) return readers;
  assert.equal(me.status, 200, me.text);
  const { ratelimit, ...known } = me.body;
  return { ...readers, me: known };
}

async function readersOfOperator(id) {
  return {
    get: (await read(`/v1/operators/${id}`)).body,
    list: (await read("/v1/operators?limit=100")).body.keys.find((operator) => operator.id === id),
    audit: changed((await read("/v1/audit?limit=100")).body.entries.find(entryOf(id))),
  };
}

const withPreset = (sent) => (sent.preset ? { ...sent, scopes: PRESETS[sent.preset] } : sent);
const revoked = (readers) =>
  Object.fromEntries(
    Object.entries(readers).map(([name, shown]) => [name, { reason: shown.revoke_reason ?? shown.reason ?? null }]),
  );

/** What a rotation says of the end of the one that was replaced. */
function rotated({ body }) {
  const { pending_end, status } = body.replaces;
  const end = pending_end ?? { overlap_seconds: 0, awaiting_first_use: false, at: body.created_at };
  assert.ok(pending_end || status === "expired" || status === "revoked", status);
  return {
    expires_at: body.expires_at,
    overlap_seconds: end.overlap_seconds,
    after_first_use: end.awaiting_first_use,
    latest_end_seconds: Math.round((Date.parse(end.at) - Date.parse(body.created_at)) / 1_000),
  };
}

/**
 * How each operation is tried. `subject` prepares what the path needs; `readers` returns what each reader shows of the
 * accepted body; `expected` is the body as it is shown, if that is otherwise.
 */
const ofEndpoints = (tenant) => (tenant ? `/v1/tenants/${tenant}/event-endpoints` : "/v1/event-endpoints");
/** What readers show of an endpoint for events. The deployment may have few, so it goes then. */
async function readersOfEndpoint(tenant, { body }) {
  const list = ofEndpoints(body.tenant && tenant);
  const [get, all] = [(await read(`${list}/${body.id}`)).body, (await read(list)).body.endpoints];
  const readers = { answer: body, get, list: all.find(({ id }) => id === body.id) };
  await rig.manage("DELETE", `${list}/${body.id}`);
  return readers;
}
const newEndpoint = async (tenant) => {
  const { body } = await rig.manage("POST", ofEndpoints(tenant), { url: "https://hooks.example.org/" });
  return { endpoint: body.id };
};
const OF_ENDPOINTS = {
  create: { readers: ({ tenant, answer }) => readersOfEndpoint(tenant, answer) },
  update: (of) => ({
    subject: (tenant) => newEndpoint(of && tenant),
    readers: ({ tenant, answer }) => readersOfEndpoint(tenant, answer),
  }),
  rotate: (of) => ({
    subject: (tenant) => newEndpoint(of && tenant),
    readers: async ({ tenant, answer, sent }) => {
      const { get } = await readersOfEndpoint(tenant, answer);
      const left = get.previous_secret_ends_at === null ? 0 : Date.parse(get.previous_secret_ends_at) - Date.now();
      const wanted = (sent.overlap_seconds ?? 86_400) * 1000;
      assert.ok(left <= wanted && left > wanted - 60_000, `${left} of ${wanted}`);
      return { get: { overlap_seconds: sent.overlap_seconds } };
    },
  }),
};

const TRIALS = {
  createEventEndpoint: OF_ENDPOINTS.create,
  createTenantEventEndpoint: OF_ENDPOINTS.create,
  updateEventEndpoint: OF_ENDPOINTS.update(false),
  updateTenantEventEndpoint: OF_ENDPOINTS.update(true),
  rotateEventSecret: OF_ENDPOINTS.rotate(false),
  rotateTenantEventSecret: OF_ENDPOINTS.rotate(true),
  createKey: {
    readers: async ({ tenant, answer: { body } }) => ({ answer: body, ...(await readersOfKey(tenant, body.id, body.key)) }),
    expected: withPreset,
  },
  updateKey: {
    subject: async (tenant) => ({ key: await rig.create(tenant) }),
    readers: async ({ tenant, answer, sent, key }) => {
      // An edge may have read the former version from KV. Limits take twenty seconds; no reader judges by them.
      if (sent.rate_limits || sent.quotas) await sleep(3_000);
      else await effective(answer);
      return { answer: answer.body, ...(await readersOfKey(tenant, key.id, key.key, { before: key })) };
    },
    expected: (sent) => (sent.metadata ? { ...sent, metadata: merged({}, sent.metadata) } : sent),
    nulls: true,
  },
  importKeys: {
    schema: "ImportLine",
    body: (line) => ({ keys: [line] }),
    accepted: ({ body }) => body.imported === 1,
    readers: async ({ tenant, answer, sent }) => {
      const [{ id }] = answer.body.results;
      const readers = await readersOfKey(tenant, id, imported.get(sent.digest));
      for (const reader of Object.values(readers)) delete reader.status;
      const { status } = (await read(`/v1/tenants/${tenant}/keys/${id}`)).body;
      // The edge found it by this digest.
      return { ...readers, found: { digest: sent.digest }, stored: { status } };
    },
    expected: withPreset,
  },
  rotateKey: {
    subject: async (tenant) => ({ key: await rig.create(tenant) }),
    readers: async ({ tenant, answer }) => {
      const { get, list, audit, verify } = await readersOfKey(tenant, answer.body.id, answer.body.key);
      const expiry = ({ expires_at }) => ({ expires_at });
      return { answer: rotated(answer), get: expiry(get), list: expiry(list), audit: expiry(audit), verify: expiry(verify) };
    },
  },
  revokeKey: {
    subject: async (tenant) => ({ key: await rig.create(tenant) }),
    readers: async ({ tenant, key }) => revoked(await readersOfKey(tenant, key.id)),
  },
  revokeKeys: {
    subject: async (tenant) => {
      const keys = [await rig.create(tenant), await rig.create(tenant, { scopes: ["write:leads"] })];
      return { keys, made: { KeyId: (random) => one(random, keys).id, Scope: (random) => one(random, keys).scopes[0] } };
    },
    accepted: ({ body }) => body.revoked > 0,
    readers: async ({ tenant, answer, sent, keys }) => {
      const meant = keys.filter(({ id, scopes }) => sent.all || sent.ids?.includes(id) || scopes.includes(sent.scope));
      const all = (await read(`/v1/tenants/${tenant}/keys`)).body.keys;
      const ended = all.filter(({ status }) => status === "revoked").map(({ id }) => id);
      assert.deepEqual(ended.toSorted(), meant.map(({ id }) => id).toSorted());
      const { ids, all: every, scope } = sent;
      const told = ids?.filter((id) => answer.body.results.some((result) => result.id === id));
      const readers = { answer: { ids: told }, ended: { all: every, scope } };
      for (const { id } of meant) Object.assign(readers, revoked(await readersOfKey(tenant, id)));
      return readers;
    },
  },
  createOperator: {
    readers: async ({ answer }) => ({ answer: answer.body, ...(await readersOfOperator(answer.body.id)) }),
  },
  revokeOperator: {
    subject: async () => ({ key: await rig.operator("acme", ["verify"]) }),
    readers: async ({ key }) => revoked(await readersOfOperator(key.id)),
  },
  rotateOperator: {
    subject: async () => ({ key: await rig.operator("acme", ["verify"]) }),
    readers: async ({ answer }) => {
      const { expires_at } = (await readersOfOperator(answer.body.id)).get;
      return { answer: rotated(answer), get: { expires_at } };
    },
  },
  updateTenant: {
    subject: async (tenant) => ({ key: await rig.create(tenant) }),
    readers: async ({ tenant, answer }) => {
      const shown = ({ plan, own_limits, rate_limits, quotas }) => ({ plan, ...own_limits, rate_limits, quotas });
      const [entry] = (await read(`/v1/tenants/${tenant}/audit`)).body.entries;
      return {
        answer: shown(answer.body),
        get: shown((await read(`/v1/tenants/${tenant}`)).body),
        audit: entry.action === "limits_changed" ? changed(entry) : undefined,
      };
    },
    nulls: true,
  },
  addToTenantQuota: {
    quota: "monthly",
    readers: async ({ tenant }) => ({ audit: changed((await read(`/v1/tenants/${tenant}/audit`)).body.entries[0]) }),
  },
  addToKeyQuota: {
    quota: "daily",
    subject: async (tenant) => ({ key: await rig.create(tenant) }),
    readers: async ({ tenant }) => ({ audit: changed((await read(`/v1/tenants/${tenant}/audit`)).body.entries[0]) }),
  },
  createPortalSession: {
    readers: async ({ tenant, answer, sent }) => {
      const { token, expires_at } = answer.body;
      const session = (await read("/v1/portal-session", { key: token })).body;
      const seconds = Math.round((Date.parse(expires_at) - Date.now()) / 1_000);
      const isAsSent = Math.abs(seconds - sent.expires_in_seconds) <= 10;
      const readers = { session, answer: { expires_in_seconds: isAsSent ? sent.expires_in_seconds : seconds } };
      if (sent.may.includes("keys:write") && sent.scopes.length) {
        const fields = { name: "a key", scopes: sent.scopes };
        const made = await rig.manage("POST", `/v1/tenants/${tenant}/keys`, fields, { key: token });
        assert.equal(made.status, 201, made.text);
        const [entry] = (await read(`/v1/tenants/${tenant}/audit`)).body.entries;
        readers.audit = { actor: entry.on_behalf_of };
      }
      return readers;
    },
  },
};

const schemaOf = ({ requestBody }) => Object.values(resolved(requestBody).content)[0].schema.$ref.split("/").at(-1);

/** Sends one body. Returns why it was refused; or nothing, if it was accepted and each reader has shown it. */
async function tried(operation, schema, member, number) {
  const { operationId, path, method } = operation;
  const trial = TRIALS[operationId];
  const tenant = `t-${operationId.toLowerCase()}-${number}`;
  const random = randomBy(SEED * 7_919 + number);
  const { made, ...subject } = (await trial.subject?.(tenant)) ?? {};
  const sample = samples(random, { ...MADE, ...made }).body(schema, member);
  // As it is sent: JSON knows no -0.
  const sent = JSON.parse(JSON.stringify(sample));
  const values = { tenant, id: subject.key?.id, endpoint: subject.endpoint, name: trial.quota };
  const target = path.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const answer = await rig.manage(method, target, trial.body?.(sent) ?? sent);
  const why = `BODIES_SEED=${SEED}, ${operationId} ${number}: ${JSON.stringify(sent)}\n${answer.text}`;
  assert.ok(answer.status < 500, why);
  if (answer.status >= 300 || !(trial.accepted?.(answer) ?? true)) return why;

  const readers = await trial.readers({ tenant, answer, sent, ...subject });
  const expected = trial.expected?.(sent) ?? sent;
  for (const [name, value] of Object.entries(expected)) {
    // Elsewhere null is as good as absent, but for an end.
    if (value === null && !trial.nulls && name !== "expires_at") continue;
    if (name === "preset") continue;
    const form = ONE_FORM[name] ?? ((each) => each);
    let shown = 0;
    for (const [reader, members] of Object.entries(readers)) {
      const isLimit = reader !== "answer" && (name === "rate_limits" || name === "quotas") && members?.limits;
      if (isLimit) {
        for (const [limit, { limit: units }] of Object.entries(form(value))) {
          assert.equal(members.limits[limit], units, `${reader}: ${why}`);
        }
      } else if (members && name in members) {
        assert.deepEqual(form(members[name]), form(value), `${name} by ${reader}: ${why}`);
      } else continue;
      shown += 1;
    }
    assert.ok(shown > 0, `no reader shows ${operationId}.${name}: say where it is shown. ${why}`);
  }
  return undefined;
}

describe("what the document allows and the API accepts is what every reader shows:", () => {
  for (const operation of OPERATIONS_WITH_BODY) {
    const { operationId } = operation;
    const schema = TRIALS[operationId]?.schema ?? schemaOf(operation);
    const all = Object.keys(document.components.schemas[schema].properties ?? {});
    const wanted = all.filter((member) => !UNSHOWN[`${operationId}.${member}`]);
    if (!wanted.length) continue;
    test(operationId, async () => {
      assert.ok(TRIALS[operationId], `${operationId} has a body: say in TRIALS which readers show it`);
      const left = wanted.flatMap((member) => Array(SAMPLES).fill(member)).entries().toArray();
      const never = [];
      const untilAccepted = async (number, member) => {
        let refusal;
        for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
          refusal = await tried(operation, schema, member, number * ATTEMPTS + attempt);
          if (refusal === undefined) return;
        }
        never.push(`${member}: ${refusal}`);
      };
      const worker = async () => {
        for (let next = left.shift(); next; next = left.shift()) await untilAccepted(...next);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      assert.ok(!never.length, `no body with these members was accepted: ${never.join("\n")}`);
    });
  }
});
