// keystile keys: the keys of a tenant.

import { apiCommand, CHANGE, LIST, YES } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { changeOptions, listOptions, moment, object, ownLimits, pageSize, said, word } from "../option_values.mjs";
import { answer, confirm, list, Progress } from "../output.mjs";
import * as holders from "./holders.mjs";
import { importKeys } from "./keys_import.mjs";
import { addToQuota, limits } from "./limits.mjs";
import { PERIOD, usage } from "./usage.mjs";

const { KEY, TENANT } = holders;
/** Keys that one request revokes. */
const AT_ONCE = 1000;

const FIELDS = {
  name: { type: "string", value: "NAME", summary: "its name, for people" },
  scope: { type: "string", multiple: true, value: "SCOPE", summary: "a scope of it; once for each" },
  ...holders.EXPIRES,
  "allowed-ip": { type: "string", multiple: true, value: "IP", summary: "an address or network that may use it; once for each" },
  metadata: { type: "string", value: "JSON", summary: "an object of yours, or @FILE; verify hands it out" },
  "rate-limit": { type: "string", multiple: true, value: "NAME=N", summary: "an own rate limit; N or none, or plan to take it back" },
  quota: { type: "string", multiple: true, value: "NAME=N", summary: "an own quota, likewise" },
};
const ENVIRONMENTS = ["live", "test"];
const ENVIRONMENT = { type: "string", value: "NAME", values: ENVIRONMENTS, summary: "live or test" };

const fields = (values) => ({
  name: values.name,
  scopes: values.scope,
  expires_at: moment("expires-at", values["expires-at"]),
  allowed_ips: values["allowed-ip"],
  metadata: object("metadata", values.metadata),
  rate_limits: ownLimits("rate-limit", values["rate-limit"]),
  quotas: ownLimits("quota", values.quota),
});

export const create = apiCommand({
  name: "keys create",
  summary: "create a key; its text is the only line on stdout",
  arguments: [TENANT],
  options: {
    ...FIELDS,
    preset: { type: "string", value: "NAME", summary: "the scopes of a preset, in place of --scope" },
    environment: ENVIRONMENT,
    wait: CHANGE.wait,
    "idempotency-key": { type: "string", value: "KEY", summary: "of a call that you may have to repeat" },
  },
  async run({ keystile, values, positionals: [tenant], io }) {
    if (!values.name) throw new WrongUsage("Write its name: --name NAME");
    const environment = word("environment", values.environment, ENVIRONMENTS);
    const key = said({ ...fields(values), preset: values.preset, environment });
    const options = { ...changeOptions(values), idempotencyKey: values["idempotency-key"] };
    const made = await keystile.keys.create(tenant, key, options);
    if (made.key !== null) return holders.madeKey(io, values, made, "Created", `keys rotate ${tenant}`);
    await answer(io, values, made, "");
    io.say(`${made.id} was created by an earlier call with this Idempotency-Key. Its text isn't shown again.`);
  },
});

export const listKeys = apiCommand({
  name: "keys list",
  summary: "list a tenant's keys, newest first",
  arguments: [TENANT],
  options: { ...holders.FILTERS, environment: ENVIRONMENT, ...LIST },
  async run({ keystile, values, positionals: [tenant], io }) {
    word("status", values.status, holders.STATUSES);
    const chosen = listOptions(values);
    const environment = word("environment", values.environment, ENVIRONMENTS);
    const filter = { ...holders.filters(values), ...said({ environment }), limit: pageSize(chosen) };
    const { NAME, ID, ...others } = holders.COLUMNS;
    const columns = { ID, NAME, KEY: ({ display }) => `${display}…`, ...others };
    await list({ io, values: chosen, columns, list: keystile.keys.list(tenant, filter), none: `${tenant} has no such keys.` });
  },
});

export const get = apiCommand({
  name: "keys get",
  summary: "show a key, and how often it was used",
  arguments: [TENANT, KEY],
  async run({ keystile, values, positionals: [tenant, id], io }) {
    const key = await keystile.keys.get(tenant, id, { include: "usage" });
    await answer(io, values, key, holders.shown(key));
  },
});

export const update = apiCommand({
  name: "keys update",
  summary: "change a key; what isn't named stays",
  arguments: [TENANT, KEY],
  options: { ...FIELDS, "any-ip": { type: "boolean", summary: "every address may use it" }, ...CHANGE },
  async run({ keystile, values, positionals: [tenant, id], io }) {
    const anyIp = values["any-ip"] ? { allowed_ips: [] } : {};
    const patch = holders.patchOf({ ...fields(values), ...anyIp }, FIELDS);
    const key = await keystile.keys.update(tenant, id, patch, changeOptions(values));
    await holders.changed(io, values, key, "is changed");
  },
});

export const revoke = apiCommand({
  name: "keys revoke",
  summary: "revoke keys for good: these, those with a scope, or all",
  arguments: [TENANT, { name: "id", summary: "the ids of the keys", optional: true, rest: true }],
  options: {
    scope: { type: "string", value: "SCOPE", summary: "all living keys that were granted this scope" },
    all: { type: "boolean", summary: "all living keys of the tenant" },
    reason: { type: "string", value: "TEXT", summary: "for the audit log, and whoever looks at the key" },
    ...CHANGE,
    ...YES,
  },
  async run({ keystile, at, values, positionals: [tenant, ...ids], io }) {
    const ways = [ids.length > 0, values.scope !== undefined, values.all === true].filter(Boolean).length;
    if (ways !== 1) throw new WrongUsage("Say which keys: by their ids, by --scope SCOPE, or by --all.");
    const which = ids.length > 1 ? `${ids.length} keys` : ids.length === 1 ? ids[0] : values.all ? "all keys" : `all keys with ${values.scope}`;
    await confirm(io, values, `Revoke ${which} of ${tenant} at ${at.url}? That can't be undone.`);
    const reason = said({ reason: values.reason });
    if (ids.length === 1) {
      const key = await keystile.keys.revoke(tenant, ids[0], reason, changeOptions(values));
      return holders.changed(io, values, key, "is revoked");
    }
    if (values["if-version"]) throw new WrongUsage("--if-version is for one key.");
    return revokeMany({ keystile, values, tenant, ids, reason, io });
  },
});

/** Revokes any number of keys, in as many requests as it takes. */
async function revokeMany({ keystile, values, tenant, ids, reason, io }) {
  const rest = [...new Set(ids)];
  const next = () => (ids.length > 0 ? { ids: rest.splice(0, AT_ONCE) } : values.all ? { all: true } : { scope: values.scope });
  const sum = { revoked: 0, already_revoked: 0, not_found: 0, results: [] };
  const progress = new Progress(io);
  let last;
  try {
    do {
      const which = next();
      do {
        last = await keystile.keys.revokeMany(tenant, { ...which, ...reason }, changeOptions(values));
        for (const count of ["revoked", "already_revoked", "not_found"]) sum[count] += last[count];
        sum.results.push(...last.results);
        const done = new Set(last.results.map(({ id }) => id));
        if (which.ids) which.ids = which.ids.filter((id) => !done.has(id));
        progress.at(`${sum.revoked} revoked`);
      } while (last.more);
    } while (rest.length > 0);
  } finally {
    // After a failure it says how far this came.
    progress.end();
  }
  const { effective_by, holds } = last;
  const counts = `${sum.revoked} revoked, ${sum.already_revoked} were revoked already, ${sum.not_found} not found.`;
  await answer(io, values, { ...sum, effective_by, holds }, `${counts} ${holders.inEffect(last)}`);
  for (const { id, status } of values.json ? [] : sum.results) if (status === "not_found") io.say(`Not found: ${id}`);
  return sum.not_found > 0 ? 1 : 0;
}

export const rotate = apiCommand({
  name: "keys rotate",
  summary: "make a key's successor; its text is the only line on stdout",
  arguments: [TENANT, KEY],
  options: { ...holders.ROTATION, ...CHANGE, ...YES },
  async run({ keystile, at, values, positionals: [tenant, id], io }) {
    const rotation = holders.rotation(values);
    if (holders.endsAtOnce(rotation)) {
      await confirm(io, values, `Rotate ${id} of ${tenant} at ${at.url}? Without --overlap it ends at once.`);
    }
    const made = await keystile.keys.rotate(tenant, id, rotation, changeOptions(values));
    await holders.madeKey(io, values, made, `Rotated ${id} to`, `keys rotate ${tenant}`);
  },
});

export const cancelRotation = apiCommand({
  name: "keys cancel-rotation",
  summary: "take back the end that a rotation set; the successor lives on",
  arguments: [TENANT, KEY],
  options: CHANGE,
  async run({ keystile, values, positionals: [tenant, id], io }) {
    const key = await keystile.keys.cancelRotation(tenant, id, changeOptions(values));
    await holders.changed(io, values, key, "goes on");
  },
});

export const disable = apiCommand({
  name: "keys disable",
  summary: "refuse a key until it is enabled again",
  arguments: [TENANT, KEY],
  options: CHANGE,
  async run({ keystile, values, positionals: [tenant, id], io }) {
    const key = await keystile.keys.disable(tenant, id, changeOptions(values));
    await holders.changed(io, values, key, "is disabled");
  },
});

export const enable = apiCommand({
  name: "keys enable",
  summary: "take a disabled key again",
  arguments: [TENANT, KEY],
  options: CHANGE,
  async run({ keystile, values, positionals: [tenant, id], io }) {
    const key = await keystile.keys.enable(tenant, id, changeOptions(values));
    await holders.changed(io, values, key, "is enabled");
  },
});

export const eraseMetadata = apiCommand({
  name: "keys erase-metadata",
  summary: "erase a key's metadata, and its earlier values in the audit log",
  arguments: [TENANT, KEY],
  options: { ...CHANGE, ...YES },
  async run({ keystile, at, values, positionals: [tenant, id], io }) {
    await confirm(io, values, `Erase the metadata of ${id} of ${tenant} at ${at.url}? That can't be undone.`);
    const key = await keystile.keys.eraseMetadata(tenant, id, changeOptions(values));
    await holders.changed(io, values, key, "has no metadata any more");
  },
});

export const usageOfKey = apiCommand({
  name: "keys usage",
  summary: "show how often a key was used",
  arguments: [TENANT, KEY],
  options: PERIOD,
  run: ({ keystile, values, positionals: [tenant, id], io }) =>
    usage(io, values, (query) => keystile.keys.usage(tenant, id, query)),
});

export const limitsOfKey = apiCommand({
  name: "keys limits",
  summary: "show a key's rate limits and quotas, and what is left of them",
  arguments: [TENANT, KEY],
  run: ({ keystile, values, positionals: [tenant, id], io }) => limits(io, values, keystile.keys.limits(tenant, id)),
});

export const addQuota = apiCommand({
  name: "keys add-quota",
  summary: "add to a quota that each key has for itself, for its present period",
  arguments: [TENANT, KEY, { name: "quota", summary: "the quota's name" }, { name: "amount", summary: "units to add" }],
  options: { "if-version": CHANGE["if-version"] },
  run: ({ keystile, values, positionals: [tenant, id, name, amount], io }) =>
    addToQuota(io, values, amount, (units, options) => keystile.keys.addToQuota(tenant, id, name, units, options)),
});

export const KEYS = [create, listKeys, get, update, rotate, cancelRotation, revoke, disable, enable, importKeys, usageOfKey, limitsOfKey, addQuota, eraseMetadata];
