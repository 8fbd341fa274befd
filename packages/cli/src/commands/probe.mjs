// keystile probe: measures, from here, how soon a deployment takes a new key, and until when it takes a revoked one.
//
// A key is asked about with itself (GET /keystile/v1/me), which is judged as on a guarded route and needs no right.
// Only this machine's monotonic clock is used, and the span that the API promises between its own times.

import { setTimeout as delay } from "node:timers/promises";

import { apiCommand } from "../api.mjs";
import { Failed, WrongUsage } from "../failed.mjs";
import { count } from "../option_values.mjs";
import { answer, Progress, Table, write } from "../output.mjs";
import { checked } from "../profiles.mjs";

const REASON = "keystile probe";
/** A new key that isn't taken after this is a fault. */
const LONGEST_MS = 60_000;
/** How long to go on asking when the promised time is over. */
const MARGIN_MS = 1000;

export const probe = apiCommand({
  name: "probe",
  summary: "measure how soon a revocation holds at a live deployment, from here",
  options: {
    edge: { type: "string", value: "URL", summary: "the address of the edge (default: of keystile dev)" },
    tenant: { type: "string", value: "TENANT", summary: "whose keys it makes (default: keystile-probe)" },
    scope: { type: "string", value: "SCOPE", summary: "the scope of its keys (default: the first that may be granted)" },
    rounds: { type: "string", value: "N", summary: "keys that are made and revoked (default: 10)" },
    every: { type: "string", value: "MS", summary: "milliseconds between two questions (default: 50)" },
  },
  details: `
Each round makes a key, asks the edge until it is taken, revokes it, and asks on until a second after the time by which
the API promises that every edge refuses it. The keys stay in the tenant's list, as revoked. It asks from this machine
alone, so it sees the edges that answer here. Exit code 1 if a key was taken after the promised time.`,
  async run({ keystile, at, values, io }) {
    const edge = edgeOf(values.edge ?? at.edge);
    const tenant = values.tenant ?? "keystile-probe";
    const rounds = count("rounds", values.rounds) ?? 10;
    const every = count("every", values.every) ?? 50;
    const scope = values.scope ?? (await keystile.catalog()).scopes.find(({ unavailable }) => !unavailable)?.name;
    const progress = new Progress(io);
    const measured = [];
    try {
      for (let round = 0; round < rounds; round += 1) {
        progress.at(`round ${round + 1} of ${rounds}`);
        measured.push(await measure({ keystile, tenant, scope, every, edge, fetch: io.fetch ?? fetch }));
      }
    } finally {
      progress.end();
    }
    const late = measured.filter((each) => each.late).length;
    const figures = { taken_after_ms: of(measured, "takenAfter"), last_taken_after_ms: of(measured, "lastTaken"), promised_ms: of(measured, "promised") };
    if (values.json) await answer(io, values, { rounds, late, ...figures, measured });
    else await show(io, figures, late, rounds);
    return late > 0 ? 1 : 0;
  },
});

function edgeOf(url) {
  if (!url) throw new WrongUsage("Write the address of the edge: --edge https://api.example.com");
  return checked(url);
}

/** One round, in milliseconds. The key is revoked whatever happens. */
async function measure({ keystile, tenant, scope, every, edge, fetch }) {
  const made = await keystile.keys.create(tenant, { name: "keystile probe", scopes: [scope] });
  let revoked;
  try {
    const began = performance.now();
    const takenAfter = await untilTaken({ edge, key: made.key, every, fetch, began });
    const asking = new Asking({ edge, key: made.key, every, fetch });
    revoked = await keystile.keys.revoke(tenant, made.id, { reason: REASON });
    const answered = performance.now();
    const promised = Math.max(0, Date.parse(revoked.effective_by) - Date.parse(revoked.revoked_at));
    await delay(promised + MARGIN_MS);
    await asking.end();
    // A question that was sent after the answer, and later than promised, was surely judged too late.
    const lastTaken = Math.max(0, asking.lastTaken - answered);
    return { takenAfter, lastTaken, promised, late: lastTaken > promised };
  } finally {
    if (!revoked) await keystile.keys.revoke(tenant, made.id, { reason: REASON });
  }
}

async function untilTaken({ edge, key, every, fetch, began }) {
  let last;
  while (performance.now() - began < LONGEST_MS) {
    const answer = await ask(edge, key, fetch);
    if (answer.status === 200) return performance.now() - began;
    last = answer.code;
    // A key that isn't known yet is refused with 401. Waiting changes no other refusal.
    if (answer.status >= 300 && answer.status < 500 && ![401, 429].includes(answer.status)) {
      throw new Failed(`${edge} answers ${last} about a new key. Is --edge the address of the edge?`);
    }
    await delay(every);
  }
  throw new Failed(`${edge} doesn't take a new key within ${LONGEST_MS / 1000} seconds. Its last answer: ${last}`);
}

/** Asks about a key at regular times, whether or not earlier answers have come, and notes when it was last taken. */
class Asking {
  lastTaken = 0;
  #pending = new Set();
  #timer;

  constructor({ edge, key, every, fetch }) {
    const once = async () => {
      const sent = performance.now();
      const { status } = await ask(edge, key, fetch);
      if (status === 200) this.lastTaken = Math.max(this.lastTaken, sent);
    };
    this.#timer = setInterval(() => {
      const asked = once().finally(() => this.#pending.delete(asked));
      this.#pending.add(asked);
    }, every);
  }

  async end() {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }
}

async function ask(edge, key, fetch) {
  try {
    const response = await fetch(`${edge}/keystile/v1/me`, { headers: { Authorization: `Bearer ${key}` }, redirect: "manual" });
    const { code } = await response.json().catch(() => ({}));
    return { status: response.status, code: code ?? `HTTP ${response.status}` };
  } catch (error) {
    return { status: 0, code: error.cause?.code ?? error.message };
  }
}

function of(measured, name) {
  const sorted = measured.map((each) => each[name]).sort((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

async function show(io, figures, late, rounds) {
  const rows = [
    ["a new key is taken after", figures.taken_after_ms],
    ["a revoked key is last taken after", figures.last_taken_after_ms],
    ["promised: refused everywhere after", figures.promised_ms],
  ];
  const ms = (name) => ([, each]) => `${each[name]} ms`;
  await new Table(io, { "": ([name]) => name, P50: ms("p50"), P99: ms("p99"), MAX: ms("max") }).rows(rows);
  await write(io, late > 0 ? `${late} of ${rounds} keys were taken after the promised time.` : `No key was taken after the promised time, in ${rounds} rounds.`);
}
