// keystile operators: the keys that open the management API.

import { apiCommand, CHANGE, LIST, YES } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { changeOptions, listOptions, moment, pageSize, said, word } from "../option_values.mjs";
import { answer, confirm, list } from "../output.mjs";
import * as holders from "./holders.mjs";

const OPERATOR = { name: "id", summary: "the operator's id, such as op_Qh0a9zVVqE0eTn6ZPmRf" };
const SCOPES = [
  ...["keys:read", "keys:write", "audit:read", "operators:write", "tenants:delete", "verify"],
  ...["webhooks:read", "webhooks:write", "metrics:read", "events:read", "events:write", "tenants:export"],
];

export const OPERATORS = [
  apiCommand({
    name: "operators create",
    summary: "create an operator's key; its text is the only line on stdout",
    options: {
      name: { type: "string", value: "NAME", summary: "its name, for people" },
      scope: { type: "string", multiple: true, value: "SCOPE", values: SCOPES, summary: `${SCOPES.join(", ")}; once for each` },
      tenant: { type: "string", value: "TENANT", summary: "the tenant that it may see and change" },
      "all-tenants": { type: "boolean", summary: "it may see and change all of them" },
      ...holders.EXPIRES,
      wait: CHANGE.wait,
    },
    async run({ keystile, values, io }) {
      if (!values.name || !values.scope) throw new WrongUsage("Write its name and scopes: --name NAME --scope SCOPE");
      if ((values.tenant === undefined) === !values["all-tenants"]) throw new WrongUsage("Write one of --tenant TENANT and --all-tenants.");
      for (const scope of values.scope) word("scope", scope, SCOPES);
      const operator = said({
        name: values.name,
        scopes: values.scope,
        tenant: values["all-tenants"] ? "*" : values.tenant,
        expires_at: moment("expires-at", values["expires-at"]),
      });
      await holders.madeKey(io, values, await keystile.operators.create(operator, changeOptions(values)), "Created", "operators rotate");
    },
  }),
  apiCommand({
    name: "operators list",
    summary: "list operators, newest first",
    options: { ...holders.FILTERS, ...LIST },
    async run({ keystile, values, io }) {
      word("status", values.status, holders.STATUSES);
      const chosen = listOptions(values);
      const filter = { ...holders.filters(values), limit: pageSize(chosen) };
      const { ID, NAME, ...others } = holders.COLUMNS;
      const columns = { ID, NAME, TENANT: ({ tenant }) => tenant, ...others };
      await list({ io, values: chosen, columns, list: keystile.operators.list(filter), none: "There are no such operators." });
    },
  }),
  apiCommand({
    name: "operators get",
    summary: "show an operator, and how often it was used",
    arguments: [OPERATOR],
    async run({ keystile, values, positionals: [id], io }) {
      const operator = await keystile.operators.get(id, { include: "usage" });
      await answer(io, values, operator, holders.shown(operator));
    },
  }),
  apiCommand({
    name: "operators revoke",
    summary: "revoke an operator for good",
    arguments: [OPERATOR],
    options: { reason: { type: "string", value: "TEXT", summary: "for the audit log" }, ...CHANGE, ...YES },
    async run({ keystile, at, values, positionals: [id], io }) {
      await confirm(io, values, `Revoke the operator ${id} at ${at.url}? That can't be undone.`);
      const operator = await keystile.operators.revoke(id, said({ reason: values.reason }), changeOptions(values));
      await holders.changed(io, values, operator, "is revoked");
    },
  }),
  apiCommand({
    name: "operators rotate",
    summary: "make an operator's successor; its text is the only line on stdout",
    arguments: [OPERATOR],
    options: { ...holders.ROTATION, ...CHANGE, ...YES },
    async run({ keystile, at, values, positionals: [id], io }) {
      const rotation = holders.rotation(values);
      if (holders.endsAtOnce(rotation)) {
        await confirm(io, values, `Rotate the operator ${id} at ${at.url}? Without --overlap it ends at once.`);
      }
      const made = await keystile.operators.rotate(id, rotation, changeOptions(values));
      await holders.madeKey(io, values, made, `Rotated ${id} to`, "operators rotate");
    },
  }),
  apiCommand({
    name: "operators cancel-rotation",
    summary: "take back the end that a rotation set; the successor lives on",
    arguments: [OPERATOR],
    options: CHANGE,
    async run({ keystile, values, positionals: [id], io }) {
      const operator = await keystile.operators.cancelRotation(id, changeOptions(values));
      await holders.changed(io, values, operator, "goes on");
    },
  }),
];
