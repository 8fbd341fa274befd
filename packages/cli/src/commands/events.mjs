// keystile events: the endpoints that events are sent to, what was sent, and what was not.

import { apiCommand, CHANGE, LIST, YES } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { changeOptions, listOptions, pageSize, said, seconds, word } from "../option_values.mjs";
import { answer, answerOnce, confirm, list, record, Table, time, write } from "../output.mjs";

const ENDPOINT = { name: "endpoint", summary: "the endpoint's id, such as ep_4bTzV9cXk07Hq2mN1pRs" };
const EVENT = { name: "event", summary: "the event's id, such as evt_…" };
const TENANT = { tenant: { type: "string", value: "TENANT", summary: "an endpoint of this tenant (default: of the deployment)" } };
const IF_VERSION = { "if-version": CHANGE["if-version"] };
const SIGNATURES = ["v1", "v1a"];
const STATUSES = ["active", "paused"];
const SETTINGS = {
  type: { type: "string", multiple: true, value: "TYPE", summary: "only events of this type, such as key.revoked; once for each" },
  description: { type: "string", value: "TEXT", summary: "words for people" },
};

const endpointsOf = (keystile, { tenant }) => (tenant === undefined ? keystile.events : keystile.events.of(tenant));

export const EVENTS = [
  apiCommand({
    name: "events endpoints",
    summary: "list the endpoints that events are sent to",
    options: TENANT,
    async run({ keystile, values, io }) {
      const { endpoints } = await endpointsOf(keystile, values).list();
      if (values.json) return each(io, endpoints);
      if (endpoints.length === 0) return io.say("There are no endpoints.");
      return new Table(io, {
        ID: ({ id }) => id,
        STATUS: ({ status }) => status,
        WAITING: ({ state }) => state?.waiting,
        "DEAD LETTERS": ({ state }) => state?.dead_letters,
        "FAILING SINCE": ({ state }) => time(state?.failing_since),
        TYPES: ({ types }) => (types.length === 0 ? "all" : types),
        URL: ({ url }) => url,
      }).rows(endpoints);
    },
  }),
  apiCommand({
    name: "events create",
    summary: "create an endpoint; its secret is the only line on stdout",
    arguments: [{ name: "url", summary: "where events are sent, such as https://example.com/events" }],
    options: {
      ...SETTINGS,
      signature: { type: "string", value: "KIND", values: SIGNATURES, summary: "v1 (a shared secret, the default) or v1a (a public key)" },
      ...TENANT,
    },
    async run({ keystile, values, positionals: [url], io }) {
      const { type: types, description } = values;
      const signature = word("signature", values.signature, SIGNATURES);
      const made = await endpointsOf(keystile, values).create(said({ url, types, description, signature }));
      await withSecret(io, values, made, `Created ${made.id}.`);
    },
  }),
  apiCommand({
    name: "events get",
    summary: "show an endpoint and its state",
    arguments: [ENDPOINT],
    options: TENANT,
    async run({ keystile, values, positionals: [id], io }) {
      const endpoint = await endpointsOf(keystile, values).get(id);
      await answer(io, values, endpoint, shown(endpoint));
    },
  }),
  apiCommand({
    name: "events update",
    summary: "change an endpoint: what isn't named stays",
    arguments: [ENDPOINT],
    options: {
      "to-url": { type: "string", value: "URL", summary: "where events are sent from now on" },
      ...SETTINGS,
      "all-types": { type: "boolean", summary: "events of all types" },
      status: { type: "string", value: "STATUS", values: STATUSES, summary: "paused, or active again: also one that was disabled" },
      ...TENANT,
      ...IF_VERSION,
    },
    async run({ keystile, values, positionals: [id], io }) {
      if (values.type && values["all-types"]) throw new WrongUsage("Write --type or --all-types, not both.");
      const patch = said({
        url: values["to-url"],
        types: values["all-types"] ? [] : values.type,
        description: values.description === "" ? null : values.description,
        status: word("status", values.status, STATUSES),
      });
      if (Object.keys(patch).length === 0) throw new WrongUsage("Write what to change: --to-url, --type, --status or --description.");
      const endpoint = await endpointsOf(keystile, values).update(id, patch, changeOptions(values));
      await answer(io, values, endpoint, shown(endpoint));
    },
  }),
  apiCommand({
    name: "events delete",
    summary: "delete an endpoint, with whatever waits for it",
    arguments: [ENDPOINT],
    options: { ...TENANT, ...IF_VERSION, ...YES },
    async run({ keystile, at, values, positionals: [id], io }) {
      await confirm(io, values, `Delete ${id} at ${at.url}, with whatever waits for it? That can't be undone.`);
      const done = await endpointsOf(keystile, values).delete(id, changeOptions(values));
      await answer(io, values, done, `${id} is deleted.`);
    },
  }),
  apiCommand({
    name: "events rotate-secret",
    summary: "give an endpoint a new secret, the only line on stdout",
    arguments: [ENDPOINT],
    options: {
      overlap: { type: "string", value: "SPAN", summary: "how long the old one signs, too, such as 12h (default: 24h)" },
      ...TENANT,
      ...IF_VERSION,
    },
    async run({ keystile, values, positionals: [id], io }) {
      const rotation = said({ overlap_seconds: seconds("overlap", values.overlap) });
      const rotated = await endpointsOf(keystile, values).rotateSecret(id, rotation, changeOptions(values));
      const end = time(rotated.previous_secret_ends_at);
      await withSecret(io, values, rotated, end ? `The old secret signs, too, until ${end}.` : "The old secret signs no more.");
    },
  }),
  apiCommand({
    name: "events test",
    summary: "send an endpoint a test event now",
    arguments: [ENDPOINT],
    options: TENANT,
    async run({ keystile, values, positionals: [id], io }) {
      const attempt = await endpointsOf(keystile, values).test(id);
      const status = attempt.status === null ? "" : ` with ${attempt.status}`;
      await answer(io, values, attempt, `${attempt.event}: ${attempt.outcome}${status} after ${attempt.duration_ms} ms`);
      return attempt.outcome === "delivered" ? 0 : 1;
    },
  }),
  apiCommand({
    name: "events attempts",
    summary: "list what was sent to an endpoint, newest first",
    arguments: [ENDPOINT],
    options: { event: { type: "string", value: "ID", summary: "only attempts to send this event" }, ...TENANT, ...LIST },
    async run({ keystile, values, positionals: [id], io }) {
      const chosen = listOptions(values);
      const columns = {
        AT: ({ at }) => time(at),
        EVENT: ({ event }) => event,
        TYPE: ({ type }) => type,
        OUTCOME: ({ outcome }) => outcome,
        STATUS: ({ status }) => status,
        MS: ({ duration_ms }) => duration_ms,
        NEXT: ({ next_attempt_at }) => time(next_attempt_at),
      };
      const filter = said({ event: values.event, limit: Math.min(pageSize(chosen), MAX_PAGE) });
      const attempts = endpointsOf(keystile, values).attempts(id, filter);
      await list({ io, values: chosen, columns, list: attempts, none: "Nothing was sent." });
    },
  }),
  apiCommand({
    name: "events dead-letters",
    summary: "list events that could not be sent to an endpoint, newest first",
    arguments: [ENDPOINT],
    options: { ...TENANT, ...LIST },
    async run({ keystile, values, positionals: [id], io }) {
      const chosen = listOptions(values);
      const columns = {
        EVENT: ({ event }) => event,
        TYPE: ({ type }) => type,
        KEY: ({ key }) => key,
        SINCE: ({ created_at }) => time(created_at),
        TRIES: ({ attempts }) => attempts,
        STATUS: ({ last_status }) => last_status,
        REASON: ({ reason }) => reason,
      };
      const letters = endpointsOf(keystile, values).deadLetters(id, { limit: Math.min(pageSize(chosen), MAX_PAGE) });
      await list({ io, values: chosen, columns, list: letters, none: `${id} has no dead letters.` });
    },
  }),
  apiCommand({
    name: "events redrive",
    summary: "send events again that could not be sent",
    arguments: [ENDPOINT, { ...EVENT, optional: true }],
    options: { all: { type: "boolean", summary: "all of them" }, ...TENANT },
    async run({ keystile, values, positionals: [id, event], io }) {
      if ((event === undefined) === !values.all) throw new WrongUsage("Write the event's id, or --all.");
      const endpoints = endpointsOf(keystile, values);
      if (event === undefined) {
        const done = await endpoints.redriveAll(id);
        return answer(io, values, done, `${done.redriven} are sent again.`);
      }
      const done = await endpoints.redrive(id, event);
      return answer(io, values, done, `${event} is ${done.status}.`);
    },
  }),
  apiCommand({
    name: "events discard",
    summary: "drop an event that could not be sent",
    arguments: [ENDPOINT, EVENT],
    options: { ...TENANT, ...YES },
    async run({ keystile, at, values, positionals: [id, event], io }) {
      await confirm(io, values, `Drop ${event} of ${id} at ${at.url}? That can't be undone.`);
      const done = await endpointsOf(keystile, values).discard(id, event);
      await answer(io, values, done, `${event} is ${done.status}.`);
    },
  }),
];

/** Entries of a page, at most. */
const MAX_PAGE = 100;

/** The secret on stdout, the rest on stderr. Of a key pair receivers need the public key alone. */
async function withSecret(io, values, endpoint, note) {
  if (!values.json) {
    io.say(note);
    if (endpoint.pending) io.say("The worker that sends can't be reached; it is told by itself.");
  }
  const of = values.tenant === undefined ? "" : ` --tenant ${values.tenant}`;
  const again = `The secret of ${endpoint.id} could not be written. Give it another: keystile events rotate-secret ${endpoint.id}${of}`;
  await answerOnce(io, values, endpoint, endpoint.secret ?? endpoint.public_key, again);
}

function shown({ state, ...endpoint }) {
  return record({
    id: endpoint.id,
    url: endpoint.url,
    tenant: endpoint.tenant,
    description: endpoint.description,
    status: endpoint.status,
    types: endpoint.types.length === 0 ? "all" : endpoint.types,
    signature: endpoint.signature,
    "public key": endpoint.public_key,
    "old secret until": time(endpoint.previous_secret_ends_at),
    pending: endpoint.pending ? "yes" : undefined,
    waiting: state?.waiting,
    "dead letters": state?.dead_letters,
    "last success": time(state?.last_success_at),
    "failing since": time(state?.failing_since),
    "disabled at": time(state?.disabled_at),
    version: endpoint.version,
    created: time(endpoint.created_at),
  });
}

async function each(io, things) {
  for (const thing of things) await write(io, JSON.stringify(thing));
}
