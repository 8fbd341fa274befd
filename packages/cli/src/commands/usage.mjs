// How often keys were used: one key's, a tenant's, all.

import { apiCommand } from "../api.mjs";
import { answer, Table, time, write } from "../output.mjs";
import { word } from "../option_values.mjs";

const PERIODS = ["24h", "7d", "30d"];
export const PERIOD = {
  period: { type: "string", value: "PERIOD", values: PERIODS, summary: `also hour by hour, of the last ${PERIODS.join(", ")}` },
};

/** Shows uses: the sums, and with --period the hours that had any. */
export async function usage(io, values, ask) {
  const period = word("period", values.period, PERIODS);
  const uses = await ask(period ? { period } : {});
  if (values.json) return answer(io, values, uses);
  const sums = [...PERIODS, "all"].map((name) => ({ name, ...uses[name] }));
  await new Table(io, { LAST: ({ name }) => name, ...COUNTS }).rows(sums);
  if (!period) return undefined;
  const hours = uses.hourly.filter(({ allowed, refused }) => allowed + refused > 0);
  await write(io, "");
  return new Table(io, { HOUR: ({ hour }) => time(hour), ...COUNTS }).rows(hours);
}

const COUNTS = {
  ALLOWED: ({ allowed }) => allowed,
  REFUSED: ({ refused }) => refused,
  CODES: ({ codes }) => Object.entries(codes).map(([code, uses]) => `${code}=${uses}`),
};

export const total = apiCommand({
  name: "usage",
  summary: "show how often the keys of all tenants were used",
  options: PERIOD,
  run: ({ keystile, values, io }) => usage(io, values, (query) => keystile.usage(query)),
});
