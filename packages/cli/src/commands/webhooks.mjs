// keystile webhooks: their sources, what was delivered, and what was not.

import { apiCommand, LIST, YES } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { fileOfUser, refuseTaken } from "../new_file.mjs";
import { listOptions, moment, pageSize, said, word } from "../option_values.mjs";
import { answer, answerOnce, confirm, list, Progress, Table, time, write } from "../output.mjs";

const SOURCE = { name: "source", summary: "the source, as keystile.toml names it" };
const EVENT = { name: "id", summary: "the event's id, such as dlv_…" };
const OUTCOMES = ["delivered", "queued", "failed", "dead"];

export const WEBHOOKS = [
  apiCommand({
    name: "webhooks sources",
    summary: "list the sources of webhooks",
    async run({ keystile, values, io }) {
      const { sources } = await keystile.webhooks.sources();
      if (values.json) return each(io, sources);
      if (sources.length === 0) return io.say("There are no sources.");
      return new Table(io, {
        SOURCE: ({ source }) => source,
        PROVIDER: ({ provider }) => provider,
        MODE: ({ mode }) => mode,
        VERIFICATION: ({ verification }) => verification,
        UPSTREAMS: ({ upstreams }) => upstreams.map(({ upstream }) => upstream),
      }).rows(sources);
    },
  }),
  apiCommand({
    name: "webhooks deliveries",
    summary: "list recent deliveries of a source, newest first",
    arguments: [SOURCE],
    options: {
      outcome: { type: "string", value: "OUTCOME", values: OUTCOMES, summary: `only those that are ${OUTCOMES.join(", ")}` },
      "event-id": { type: "string", value: "ID", summary: "only those of this event, by the sender's id" },
      "webhook-id": { type: "string", value: "ID", summary: "only those with this webhook-id" },
      "event-type": { type: "string", value: "TYPE", summary: "only those of this type" },
      since: { type: "string", value: "TIME", summary: "as 2026-11-20T00:00:00Z, or a span ago, such as 12h" },
      until: { type: "string", value: "TIME", summary: "likewise" },
      ...LIST,
    },
    async run({ keystile, values, positionals: [source], io }) {
      const chosen = listOptions(values);
      const filter = said({
        outcome: word("outcome", values.outcome, OUTCOMES),
        event_id: values["event-id"],
        webhook_id: values["webhook-id"],
        event_type: values["event-type"],
        since: moment("since", values.since, { past: true }),
        until: moment("until", values.until, { past: true }),
        limit: pageSize(chosen),
      });
      const columns = {
        ID: ({ id }) => id,
        RECEIVED: ({ received_at }) => time(received_at),
        TYPE: ({ event_type }) => event_type,
        OUTCOME: ({ outcome }) => outcome,
        STATUS: ({ status }) => status,
        BYTES: ({ bytes }) => bytes,
        DUPLICATES: ({ duplicates }) => duplicates,
        "BODY UNTIL": ({ body_kept_until }) => time(body_kept_until),
      };
      const deliveries = keystile.webhooks.deliveries(source, filter);
      await list({ io, values: chosen, columns, list: deliveries, none: "There are no such deliveries." });
    },
  }),
  apiCommand({
    name: "webhooks replay",
    summary: "put a delivered event, whose body is kept, into the queue once more",
    arguments: [SOURCE, EVENT],
    async run({ keystile, values, positionals: [source, id], io }) {
      const done = await keystile.webhooks.replay(source, id);
      await answer(io, values, done, `${id} is ${done.status}.`);
    },
  }),
  apiCommand({
    name: "webhooks dead-letters",
    summary: "list events that could not be delivered, newest first",
    arguments: [SOURCE],
    options: LIST,
    async run({ keystile, values, positionals: [source], io }) {
      const chosen = listOptions(values);
      const columns = {
        ID: ({ id }) => id,
        RECEIVED: ({ received_at }) => time(received_at),
        "GIVEN UP": ({ dead_at }) => time(dead_at),
        TYPE: ({ event_type }) => event_type,
        UPSTREAM: ({ upstream }) => upstream,
        TRIES: ({ attempts }) => attempts,
        REASON: ({ last_status, last_reason }) => last_reason ?? last_status,
      };
      const letters = keystile.webhooks.deadLetters(source, { limit: pageSize(chosen) });
      await list({ io, values: chosen, columns, list: letters, none: `${source} has no dead letters.` });
    },
  }),
  apiCommand({
    name: "webhooks body",
    summary: "write the body of an event that could not be delivered; the audit log says so",
    arguments: [SOURCE, EVENT],
    options: { out: { type: "string", value: "FILE", summary: "into this new file, byte by byte (default: stdout)" } },
    async run({ keystile, values, positionals: [source, id], io }) {
      // The audit log has each reading, so what can't be written isn't read.
      if (values.out !== undefined) refuseTaken("out", values.out);
      const letter = await keystile.webhooks.deadLetterBody(source, id);
      if (!letter.complete) io.say(`The body has ${letter.body_bytes} bytes; this is its beginning.`);
      if (values.json) return answer(io, values, letter);
      const bytes = Buffer.from(letter.body, "base64");
      if (values.out !== undefined) {
        const file = fileOfUser("out", values.out, io.say);
        file.write(bytes);
        return file.keep();
      }
      // Whole bytes, without a line's end of ours.
      return write(io, bytes);
    },
  }),
  apiCommand({
    name: "webhooks redrive",
    summary: "put events that could not be delivered back into the queue",
    arguments: [SOURCE, { ...EVENT, optional: true }],
    options: { all: { type: "boolean", summary: "all of them, newest first" } },
    async run({ keystile, values, positionals: [source, id], io }) {
      if ((id === undefined) === !values.all) throw new WrongUsage("Write the event's id, or --all.");
      if (id !== undefined) {
        const done = await keystile.webhooks.redrive(source, id);
        return answer(io, values, done, `${id} is ${done.status}.`);
      }
      const sum = { redriven: 0, not_found: 0, unknown: 0 };
      const progress = new Progress(io);
      let more = true;
      while (more) {
        const done = await keystile.webhooks.redriveMany(source);
        for (const count of Object.keys(sum)) sum[count] += done[count];
        progress.at(`${sum.redriven} in the queue`);
        // Where nothing moves, asking again would not end.
        more = done.more && done.redriven > 0;
        if (done.more && !more) io.say("Others are left that could not be put into the queue now.");
      }
      progress.end();
      await answer(io, values, sum, `${sum.redriven} are in the queue again; of ${sum.unknown} it isn't known.`);
      return sum.unknown > 0 ? 1 : 0;
    },
  }),
  apiCommand({
    name: "webhooks discard",
    summary: "drop an event that could not be delivered, with its body",
    arguments: [SOURCE, EVENT],
    options: YES,
    async run({ keystile, at, values, positionals: [source, id], io }) {
      await confirm(io, values, `Drop ${id} of ${source} at ${at.url}, with its body? That can't be undone.`);
      const done = await keystile.webhooks.discard(source, id);
      await answer(io, values, done, `${id} is ${done.status}.`);
    },
  }),
  apiCommand({
    name: "webhooks handshakes",
    summary: "list handshakes in which a sender told its secret",
    arguments: [SOURCE],
    async run({ keystile, values, positionals: [source], io }) {
      const { handshakes, dropped } = await keystile.webhooks.handshakes(source);
      if (dropped > 0) io.say(`${dropped} more were dropped.`);
      if (values.json) return each(io, handshakes);
      if (handshakes.length === 0) return io.say(`${source} has no handshakes.`);
      return new Table(io, {
        ID: ({ id }) => id,
        RECEIVED: ({ received_at }) => time(received_at),
        FROM: ({ from }) => from,
        REVEALED: ({ revealed_at }) => time(revealed_at) ?? "no",
      }).rows(handshakes);
    },
  }),
  apiCommand({
    name: "webhooks reveal",
    summary: "write the secret of a handshake, once; the audit log says so",
    arguments: [SOURCE, { name: "id", summary: "the handshake's id" }],
    options: YES,
    async run({ keystile, values, positionals: [source, id], io }) {
      await confirm(io, values, `Show the secret of ${id}? It is shown once.`);
      const revealed = await keystile.webhooks.reveal(source, id);
      if (!values.json) io.say(revealed.note);
      const again = `The secret of ${id} could not be written, and it is shown once: have the sender repeat its handshake.`;
      await answerOnce(io, values, revealed, revealed.secret, again);
    },
  }),
];

async function each(io, things) {
  for (const thing of things) await write(io, JSON.stringify(thing));
}
