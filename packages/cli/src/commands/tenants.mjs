// keystile tenants: your customers, their plans and limits.

import { apiCommand, CHANGE, LIST, YES } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { changeOptions, count, listOptions, moment, ownLimits, pageSize, said, seconds } from "../option_values.mjs";
import { answer, answerOnce, confirm, confirmByName, list, record, time } from "../output.mjs";
import { inEffect, patchOf, TENANT } from "./holders.mjs";
import { addToQuota, limits } from "./limits.mjs";
import { PERIOD, usage } from "./usage.mjs";

const SETTINGS = {
  plan: { type: "string", value: "NAME", summary: 'its plan, or "none"' },
  "max-active-keys": { type: "string", value: "N", summary: 'a limit of its own, or "plan" to take it back' },
  "default-expiry-days": { type: "string", value: "N", summary: "likewise" },
  "max-expiry-days": { type: "string", value: "N", summary: "likewise" },
  "rate-limit": { type: "string", multiple: true, value: "NAME=N", summary: "an own rate limit; N or none, or plan to take it back" },
  quota: { type: "string", multiple: true, value: "NAME=N", summary: "an own quota, likewise" },
};

const ownNumber = (name, text) => (text === "plan" ? null : count(name, text));
const RIGHTS = ["keys:read", "keys:write", "audit:read"];

export const TENANTS = [
  apiCommand({
    name: "tenants list",
    summary: "list tenants that have, or had, keys or settings",
    options: { search: { type: "string", short: "q", value: "TEXT", summary: "only those with this text in their name" }, ...LIST },
    async run({ keystile, values, io }) {
      const chosen = listOptions(values);
      const filter = { ...said({ q: values.search }), limit: pageSize(chosen) };
      const columns = {
        TENANT: ({ tenant }) => tenant,
        SUSPENDED: ({ suspended, erased }) => (erased ? "erased" : suspended ? "yes" : "no"),
        SINCE: ({ created_at }) => time(created_at),
      };
      await list({ io, values: chosen, columns, list: keystile.tenants.list(filter), none: "There are no such tenants." });
    },
  }),
  apiCommand({
    name: "tenants get",
    summary: "show a tenant: plan, limits, keys by status",
    arguments: [TENANT],
    async run({ keystile, values, positionals: [tenant], io }) {
      const facts = await keystile.tenants.get(tenant);
      await answer(io, values, facts, shown(facts));
    },
  }),
  apiCommand({
    name: "tenants update",
    summary: "change a tenant's plan and limits; what isn't named stays",
    arguments: [TENANT],
    options: { ...SETTINGS, ...CHANGE },
    async run({ keystile, values, positionals: [tenant], io }) {
      const numbers = ["max-active-keys", "default-expiry-days", "max-expiry-days"];
      const patch = patchOf(
        {
          plan: values.plan === "none" ? null : values.plan,
          ...Object.fromEntries(numbers.map((name) => [name.replaceAll("-", "_"), ownNumber(name, values[name])])),
          rate_limits: ownLimits("rate-limit", values["rate-limit"]),
          quotas: ownLimits("quota", values.quota),
        },
        SETTINGS,
      );
      const facts = await keystile.tenants.update(tenant, patch, changeOptions(values));
      await answer(io, values, facts, shown(facts));
    },
  }),
  apiCommand({
    name: "tenants suspend",
    summary: "refuse all keys of a tenant, those to come included",
    arguments: [TENANT],
    options: { ahead: { type: "boolean", summary: "also if there is no such tenant yet" }, ...CHANGE, ...YES },
    async run({ keystile, at, values, positionals: [tenant], io }) {
      await confirm(io, values, `Suspend ${tenant} at ${at.url}? All of its keys are refused until it is resumed.`);
      const standing = await keystile.tenants.suspend(tenant, said({ ahead: values.ahead }), changeOptions(values));
      await answer(io, values, standing, `${tenant} is suspended, with ${standing.keys} keys. ${inEffect(standing)}`);
    },
  }),
  apiCommand({
    name: "tenants resume",
    summary: "take the keys of a suspended tenant again",
    arguments: [TENANT],
    options: CHANGE,
    async run({ keystile, values, positionals: [tenant], io }) {
      const standing = await keystile.tenants.resume(tenant, changeOptions(values));
      await answer(io, values, standing, `${tenant} is resumed, with ${standing.keys} keys. ${inEffect(standing)}`);
    },
  }),
  apiCommand({
    name: "tenants erase",
    summary: "erase a suspended tenant for good: its keys, and everything that names people",
    arguments: [TENANT],
    options: {
      confirm: { type: "string", value: "NAME", summary: "the tenant's name once more, in place of typing it when asked" },
      "if-version": CHANGE["if-version"],
    },
    async run({ keystile, at, values, positionals: [tenant], io }) {
      const question = `Erase ${tenant} at ${at.url}? This can't be undone, and its name is never used again.`;
      await confirmByName(io, values.confirm, tenant, question);
      const ordered = await keystile.tenants.erase(tenant, tenant, changeOptions(values));
      const said = `${tenant} is being erased, by ${time(ordered.erased_by)} at the latest. tenants get says how far it is.`;
      await answer(io, values, ordered, said);
    },
  }),
  apiCommand({
    name: "tenants usage",
    summary: "show how often a tenant's keys were used",
    arguments: [TENANT],
    options: PERIOD,
    run: ({ keystile, values, positionals: [tenant], io }) =>
      usage(io, values, (query) => keystile.tenants.usage(tenant, query)),
  }),
  apiCommand({
    name: "tenants limits",
    summary: "show the limits that a tenant's keys share, and what is left of them",
    arguments: [TENANT],
    run: ({ keystile, values, positionals: [tenant], io }) => limits(io, values, keystile.tenants.limits(tenant)),
  }),
  apiCommand({
    name: "tenants add-quota",
    summary: "add to a quota that a tenant's keys share, for its present period",
    arguments: [TENANT, { name: "quota", summary: "the quota's name" }, { name: "amount", summary: "units to add" }],
    options: { "if-version": CHANGE["if-version"] },
    run: ({ keystile, values, positionals: [tenant, name, amount], io }) =>
      addToQuota(io, values, amount, (units, options) => keystile.tenants.addToQuota(tenant, name, units, options)),
  }),
  apiCommand({
    name: "tenants restore-limits",
    summary: "put the counts of a tenant's limits back to an earlier time",
    arguments: [TENANT],
    options: {
      to: { type: "string", value: "TIME", summary: "as 2026-11-20T00:00:00Z, or a span ago, such as 12h" },
      "if-version": CHANGE["if-version"],
      ...YES,
    },
    async run({ keystile, at, values, positionals: [tenant], io }) {
      if (!values.to) throw new WrongUsage("Write the time to go back to: --to TIME");
      const to = moment("to", values.to, { past: true });
      await confirm(io, values, `Put the counts of ${tenant} at ${at.url} back to ${to}? Nothing is admitted for a while.`);
      const restored = await keystile.tenants.restoreLimits(tenant, to, changeOptions(values));
      await answer(io, values, restored, `The counts of ${tenant} go back to ${restored.restored_to}.`);
    },
  }),
  apiCommand({
    name: "tenants portal-session",
    summary: "make a link with which a customer manages their own keys",
    arguments: [TENANT],
    options: {
      "actor-id": { type: "string", value: "ID", summary: "the person, by your own id" },
      "actor-name": { type: "string", value: "NAME", summary: "the person's name (default: the id)" },
      may: { type: "string", multiple: true, value: "RIGHT", values: RIGHTS, summary: `${RIGHTS.join(", ")}; once for each` },
      scope: { type: "string", multiple: true, value: "SCOPE", summary: "a scope that its keys may get; once for each" },
      "expires-in": { type: "string", value: "TIME", summary: "60 seconds to 1h (default: 15m)" },
    },
    async run({ keystile, values, positionals: [tenant], io }) {
      const id = values["actor-id"];
      if (!id || !values.may) throw new WrongUsage("Write whose it is, and what they may: --actor-id ID --may keys:read");
      const made = await keystile.tenants.createPortalSession(tenant, {
        actor: { id, name: values["actor-name"] ?? id },
        may: values.may,
        scopes: values.scope ?? [],
        ...said({ expires_in_seconds: seconds("expires-in", values["expires-in"]) }),
      });
      if (!values.json) io.say(`A link that works once within five minutes, for a session until ${time(made.expires_at)}:`);
      await answerOnce(io, values, made, made.url, "The link could not be written. Make another; nobody can use this one.");
    },
  }),
];

function shown({ tenant, version, suspended, erasure, keys, secrets, plan, limits, rate_limits, quotas, effective_by }) {
  const of = (own) => Object.entries(own).map(([name, { limit }]) => `${name}=${limit ?? "none"}`);
  return record({
    tenant,
    version,
    suspended: suspended ? "yes" : "no",
    erased: erasure && (erasure.erased_at ? time(erasure.erased_at) : `by ${time(erasure.erased_by)}, ${erasure.keys_left} keys left`),
    plan: plan ?? "none",
    ...Object.fromEntries(Object.entries(keys).map(([status, number]) => [`${status} keys`, number])),
    ...Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, limit ?? "none"])),
    "own rate limits": of(rate_limits),
    "own quotas": of(quotas),
    secrets: secrets.map(({ fingerprint, keys, configured }) => `${fingerprint} (${keys} keys${configured ? "" : ", missing"})`),
    "in effect by": effective_by,
  });
}
