// keystile audit: the logs of changes, of each tenant and of the operators.

import { apiCommand, LIST } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { listOptions, pageSize, said } from "../option_values.mjs";
import { list, Progress, time, writeWhole } from "../output.mjs";
import { TENANT } from "./holders.mjs";

const WHOSE = {
  operators: { type: "boolean", summary: "the log of the operators, in place of a tenant's" },
  key: { type: "string", value: "ID", summary: "only changes of this key or operator" },
};

function logOf(tenant, values) {
  if ((tenant === undefined) === !values.operators) throw new WrongUsage("Write whose log: a tenant, or --operators.");
}

export const AUDIT = [
  apiCommand({
    name: "audit list",
    summary: "list changes, newest first",
    arguments: [{ ...TENANT, optional: true }],
    options: { ...WHOSE, ...LIST },
    async run({ keystile, values, positionals: [tenant], io }) {
      logOf(tenant, values);
      const chosen = listOptions(values);
      const filter = { ...said({ key_id: values.key }), limit: pageSize(chosen) };
      const entries = values.operators ? keystile.audit.listOperators(filter) : keystile.audit.list(tenant, filter);
      const columns = {
        AT: ({ at }) => time(at),
        ACTION: ({ action }) => action,
        BY: ({ actor, on_behalf_of }) => (on_behalf_of ? `${actor.name} for ${on_behalf_of.name}` : actor.name),
        ON: ({ key_name, key_id, dead_letter, delivery }) => key_name ?? key_id ?? dead_letter?.id ?? delivery?.id,
        FROM: ({ from }) => from,
        DETAIL: ({ detail }) => (Object.keys(detail ?? {}).length > 0 ? detail : ""),
      };
      await list({ io, values: chosen, columns, list: entries, none: "There are no such entries." });
    },
  }),
  apiCommand({
    name: "audit export",
    summary: "write a whole log to stdout, oldest first, a line of JSON for each entry",
    arguments: [{ ...TENANT, optional: true }],
    options: { ...WHOSE, after: { type: "string", value: "ID", summary: "go on after this entry" } },
    async run({ keystile, values, positionals: [tenant], io }) {
      logOf(tenant, values);
      const query = said({ key_id: values.key, after: values.after });
      const entries = values.operators ? keystile.audit.exportOperators(query) : keystile.audit.export(tenant, query);
      const progress = new Progress(io);
      let [written, last] = [0, values.after];
      try {
        for await (const entry of entries) {
          await writeWhole(io, JSON.stringify(entry));
          [written, last] = [written + 1, entry.id];
          if (written % 1000 === 0) progress.at(`${written} entries`);
        }
      } catch (error) {
        progress.at(last ? `${written} entries. To go on: --after ${last}` : `${written} entries`);
        progress.end();
        throw error;
      }
      progress.at(`${written} entries`);
      progress.end();
    },
  }),
];
