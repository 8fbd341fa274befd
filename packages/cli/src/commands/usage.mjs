// How often keys were used: one key's, a tenant's, all.

import { apiCommand } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { said, word } from "../option_values.mjs";
import { answer, Progress, Table, time, write, writeWhole } from "../output.mjs";
import { TENANT } from "./holders.mjs";

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

const HOURS = {
  from: { type: "string", value: "TIME", summary: "the beginning of the first hour, such as 2027-01-31T12:00:00Z" },
  to: { type: "string", value: "TIME", summary: "the end of the last hour, two hours ago at the latest" },
  after: { type: "string", value: "NEXT", summary: "go on after the `next` of a last line" },
};

export const USAGE = [
  apiCommand({
    name: "usage",
    summary: "show how often the keys of all tenants were used",
    options: PERIOD,
    run: ({ keystile, values, io }) => usage(io, values, (query) => keystile.usage(query)),
  }),
  apiCommand({
    name: "usage export",
    summary: "write uses for billing to stdout, each once: lines of JSON, signed parts",
    arguments: [{ ...TENANT, summary: "the tenant; all of them without it", optional: true }],
    options: HOURS,
    async run({ keystile, values, positionals: [tenant], io }) {
      if (!values.from || !values.to) throw new WrongUsage("Write of which hours: --from and --to.");
      const query = said({ from: values.from, to: values.to, after: values.after });
      const entries = tenant === undefined ? keystile.exportUsage(query) : keystile.tenants.exportUsage(tenant, query);
      const progress = new Progress(io);
      let [written, next] = [0, values.after];
      try {
        for await (const entry of entries) {
          await writeWhole(io, JSON.stringify(entry));
          if (entry.end) next = entry.end.next;
          else written += 1;
          if (written % 1000 === 0) progress.at(`${written} lines`);
        }
      } catch (error) {
        // Lines without a signed one behind them come again.
        progress.at(next ? `${written} lines. To go on after the last signed part: --after ${next}` : `${written} lines`);
        progress.end();
        throw error;
      }
      progress.at(`${written} lines`);
      progress.end();
    },
  }),
];
