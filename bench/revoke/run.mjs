// How long a revoked key is still let through: from the answer to the revocation to the last request that any of four
// edges lets through, while all of them have other work.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { asProgram, Failed } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { Client } from "../client.mjs";
import { figure, quantile, quick } from "../figures.mjs";
import { keystile, startWorkers } from "../workers.mjs";

const REVOCATIONS = quick(200, 6);
const EDGES = ["edge1", "edge2", "edge3", "edge4"];
/** Keys that are created, used and revoked at the same time. */
const LANES = 3;
const POLL_MS = 5;
/** The keys of the other work, and its connections to each edge. */
const [OTHER_KEYS, OTHER_CONNECTIONS] = [50, 4];
/** An edge that refused a key is asked for so long whether it lets it through again. */
const AFTERWARDS_MS = 500;
const PATIENCE_MS = 10_000;
/** The longest that the other work goes on, also if this program is killed. */
const LOAD_SECONDS = 600;

await asProgram(async () => {
  const stack = await startWorkers(await keystile("revoke", EDGES));
  const client = new Client();
  try {
    const others = await Promise.all(Array.from({ length: OTHER_KEYS }, () => create(stack)));
    const load = EDGES.map((edge) => startLoad(stack.url(edge), others.map(({ key }) => key)));
    try {
      const delays = await revokeMany(stack, client);
      for (const { failed } of load) if (failed()) throw new Failed(`The load ended: ${failed()}`);
      print(delays);
      const rounds = inTens(delays).map((ten) => Math.max(...ten));
      writeFileSync(process.argv[2], JSON.stringify([figure("revoke_p99_ms", quantile(delays, 0.99), rounds)]));
    } finally {
      for (const { stop } of load) stop();
    }
  } finally {
    client.close();
    await stack.close();
  }
});

/** Milliseconds from each revocation's answer to the last accept. */
async function revokeMany(stack, client) {
  const delays = [];
  let begun = 0;
  const lane = async () => {
    while (begun < REVOCATIONS) {
      begun += 1;
      delays.push(await revokeOne(stack, client));
      if (delays.length % 20 === 0) console.log(`  ${delays.length} of ${REVOCATIONS} revocations`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return delays;
}

async function revokeOne(stack, client) {
  const { id, key } = await create(stack);
  const pollers = EDGES.map((edge) => poll(client, stack.url(edge), key));
  await Promise.all(pollers.map(({ accepted }) => accepted));
  // At any point of the edges' own rhythm.
  await sleep(Math.random() * 1_000);
  await stack.manage("POST", `/v1/tenants/acme/keys/${id}/revoke`, {});
  const answered = performance.now();
  const last = await Promise.all(pollers.map(({ refusedFrom }) => refusedFrom(answered)));
  return Math.max(0, Math.max(...last) - answered);
}

/**
 * Asks an edge with a key every few milliseconds. `accepted` settles once it was let through; `refusedFrom` when it has
 * been refused for a while after that time, and returns the time of the last answer that let it through.
 */
function poll(client, url, key) {
  const headers = { Authorization: `Bearer ${key}`, "CF-Connecting-IP": "203.0.113.8" };
  let [lastAccept, revokedAt, firstAccepted] = [0, Infinity];
  const accepted = new Promise((resolve) => (firstAccepted = resolve));
  const ended = (async () => {
    let refusedSince = Infinity;
    for (;;) {
      const { status, text, sent, received } = await client.ask(`${url}/api/leads`, { headers });
      if (status === 200) {
        [lastAccept, refusedSince] = [received, Infinity];
        firstAccepted();
      } else if (received > revokedAt || /"REVOKED"/.test(text)) {
        assert.match(text, /"code":"REVOKED"/);
        refusedSince = Math.min(refusedSince, received);
        if (received > refusedSince + AFTERWARDS_MS && sent > revokedAt) return lastAccept;
      } else {
        throw new Failed(`A key that was just created was answered ${status}: ${text}`);
      }
      if (received > revokedAt + PATIENCE_MS) {
        throw new Failed(`A key is let through ${PATIENCE_MS} ms after its revocation.`);
      }
      await sleep(Math.max(0, sent + POLL_MS - performance.now()));
    }
  })();
  // A failure before `refusedFrom` is told there.
  ended.catch(() => firstAccepted());
  return { accepted, refusedFrom: (at) => ((revokedAt = at), ended) };
}

function create(stack) {
  return stack.manage("POST", "/v1/tenants/acme/keys", { name: "benchmark", scopes: ["read:leads"] });
}

/** wrk at a pace, until `stop`. `failed()` is what it said if it ended before. */
function startLoad(url, keys) {
  const script = inRoot("bench", "revoke", "paced.lua");
  const args = ["-t1", `-c${OTHER_CONNECTIONS}`, `-d${LOAD_SECONDS}s`, "-s", script, `${url}/api/leads`, "--", ...keys];
  const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "pipe"] });
  let [said, ended] = ["", false];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  child.on("error", (error) => ([said, ended] = [error.message, true]));
  child.on("exit", () => (ended = true));
  return { stop: () => child.kill(), failed: () => ended && (said || "no reason given") };
}

/** Ten revocations after each other are a round: the spread is that of the rounds' worst. */
function inTens(delays) {
  return Array.from({ length: Math.ceil(delays.length / 10) }, (_, round) => delays.slice(round * 10, round * 10 + 10));
}

function print(delays) {
  const requests = EDGES.length * OTHER_CONNECTIONS * 50;
  console.log(
    `\n${delays.length} revocations, ${EDGES.length} edges, about ${requests} other requests a second;` +
      " milliseconds from the answer to the last accept\n",
  );
  console.log("| half | 90 of 100 | 99 of 100 | the last |\n|---|---|---|---|");
  const shown = [0.5, 0.9, 0.99, 1].map((share) => quantile(delays, share).toFixed(0));
  console.log(`| ${shown.join(" | ")} |`);
}
