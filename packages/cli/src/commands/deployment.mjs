// Commands on a deployment as a whole: overview, plans, scopes, health, document.

import { apiCommand } from "../api.mjs";
import { answer, record, Table, time, write } from "../output.mjs";
import { count, said } from "../option_values.mjs";

const limitsOf = (own) => Object.entries(own).map(([name, { limit }]) => `${name}=${limit ?? "none"}`);

export const DEPLOYMENT = [
  apiCommand({
    name: "overview",
    summary: "show what needs attention in all tenants",
    options: {
      "expiring-within": { type: "string", value: "DAYS", summary: "keys that expire within so many days (default: 30)" },
      "unused-for": { type: "string", value: "DAYS", summary: "keys that nobody used for so many days (default: 90)" },
      "near-cap": { type: "string", value: "PERCENT", summary: "tenants with so much of the keys that they may have (default: 80)" },
    },
    async run({ keystile, values, io }) {
      const query = said({
        expiring_within_days: count("expiring-within", values["expiring-within"]),
        unused_for_days: count("unused-for", values["unused-for"]),
        near_cap_percent: count("near-cap", values["near-cap"]),
      });
      const seen = await keystile.overview(query);
      if (values.json) return answer(io, values, seen);
      const keys = Object.entries(seen.keys).map(([status, number]) => `${number} ${status}`);
      await write(io, record({ "as of": time(seen.as_of), tenants: seen.tenants, suspended: seen.suspended, keys: keys.join(", ") }));
      await part(io, "Keys that expire soon", seen.expiring.keys, seen.expiring.more, { ...KEY, EXPIRES: (key) => time(key.expires_at) });
      await part(io, "Keys that nobody uses", seen.unused.keys, seen.unused.more, {
        ...KEY,
        "LAST USED": (key) => time(key.last_used_at) ?? "never",
      });
      await part(io, "Tenants near their limit of keys", seen.near_caps.tenants, seen.near_caps.more, {
        TENANT: ({ tenant }) => tenant,
        PLAN: ({ plan }) => plan,
        ACTIVE: ({ active_keys }) => active_keys,
        LIMIT: ({ max_active_keys }) => max_active_keys,
      });
      const missing = seen.secrets.filter(({ configured }) => !configured);
      return part(io, "Secrets that are missing", missing, false, {
        FINGERPRINT: ({ fingerprint }) => fingerprint,
        KEYS: ({ keys }) => keys,
        OPERATORS: ({ operators }) => operators,
      });
    },
  }),
  apiCommand({
    name: "metrics",
    summary: "show the deployment's metrics, as Prometheus reads them",
    async run({ keystile, values, io }) {
      const text = await keystile.metrics();
      if (values.json) return answer(io, values, { metrics: text });
      return write(io, text.trimEnd());
    },
  }),
  apiCommand({
    name: "plans",
    summary: "list the plans, and the limits of tenants without one",
    async run({ keystile, values, io }) {
      const { plans, limits, rate_limits, quotas } = await keystile.plans();
      if (values.json) return answer(io, values, { plans, limits, rate_limits, quotas });
      const columns = {
        PLAN: ({ name }) => name,
        "MAX KEYS": ({ max_active_keys }) => max_active_keys ?? "none",
        "DEFAULT DAYS": ({ default_expiry_days }) => default_expiry_days ?? "none",
        "MAX DAYS": ({ max_expiry_days }) => max_expiry_days ?? "none",
        "RATE LIMITS": (plan) => limitsOf(plan.rate_limits),
        QUOTAS: (plan) => limitsOf(plan.quotas),
        DESCRIPTION: ({ description }) => description,
      };
      return new Table(io, columns).rows([...plans, { name: "(without)", ...limits, rate_limits, quotas }]);
    },
  }),
  apiCommand({
    name: "scopes",
    summary: "list the scopes and presets that keys can have",
    async run({ keystile, values, io }) {
      const catalog = await keystile.catalog();
      if (values.json) return answer(io, values, catalog);
      await new Table(io, {
        SCOPE: ({ name }) => name,
        IMPLIES: ({ implies }) => implies,
        DESCRIPTION: ({ description }) => description,
      }).rows(catalog.scopes);
      return part(io, "Presets", catalog.presets, false, {
        PRESET: ({ name }) => name,
        SCOPES: ({ scopes }) => scopes,
        DESCRIPTION: ({ description }) => description,
      });
    },
  }),
  apiCommand({
    name: "status",
    summary: "show whether the management worker runs, its version, and whose key this is",
    async run({ keystile, at, values, io }) {
      const [health, { operator }] = [await keystile.health(), await keystile.session.get()];
      const facts = { url: at.url, ...health, key: at.from, operator: operator.name, tenant: operator.tenant, scopes: operator.scopes };
      await answer(io, values, facts, record(facts));
    },
  }),
  apiCommand({
    name: "openapi",
    summary: "write the document of the management API, in OpenAPI 3.1",
    run: async ({ keystile, values, io }) => {
      const document = await keystile.openapi();
      await answer(io, values, document, JSON.stringify(document, null, 2));
    },
  }),
];

const KEY = { TENANT: ({ tenant }) => tenant, ID: ({ id }) => id, NAME: ({ name }) => name };

async function part(io, title, rows, more, columns) {
  if (rows.length === 0) return;
  await write(io, `\n${title}${more ? `, the first ${rows.length}` : ""}`);
  await new Table(io, columns).rows(rows);
}
