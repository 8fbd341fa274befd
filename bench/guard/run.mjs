// The cost of a guarded request beside JavaScript that does less or the same: CPU time of Cloudflare's runtime, in
// interleaved rounds.
//
//   node run.mjs FILE_FOR_THE_FIGURES

import { writeFileSync } from "node:fs";

import { asProgram, Failed } from "../../scripts/run.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { figure, median, ratio } from "../figures.mjs";
import { cpuPerRequest, cpuTime, runtimeProcess } from "./load.mjs";
import { checkSameness } from "./sameness.mjs";
import { startStack } from "./stack.mjs";

const ROUNDS = 25;
const SECONDS = 2;
const TARGET = "/api/leads";
const VERDICTS = 40_000;

/** What Cloudflare says of a client, which a worker finds in `request.cf`. */
const CF = {
  asn: 3320,
  asOrganization: "Deutsche Telekom AG",
  city: "Frankfurt am Main",
  clientAcceptEncoding: "gzip, br",
  clientTcpRtt: 12,
  colo: "FRA",
  continent: "EU",
  country: "DE",
  httpProtocol: "HTTP/2",
  isEUCountry: "1",
  latitude: "50.11552",
  longitude: "8.68417",
  postalCode: "60313",
  region: "Hesse",
  regionCode: "HE",
  requestPriority: "weight=16;exclusive=0;group=0;group-weight=0",
  timezone: "Europe/Berlin",
  tlsCipher: "AEAD-AES128-GCM-SHA256",
  tlsClientAuth: { certPresented: "0", certVerified: "NONE", certRevoked: "0" },
  tlsVersion: "TLSv1.3",
};

/** A client's request as Cloudflare's proxy hands it to a worker, but for the key. */
const HEADERS = {
  Accept: "application/json",
  "Accept-Encoding": "gzip, br",
  "User-Agent": "acme-crm/2.1 (+https://acme.example)",
  "CF-Connecting-IP": "203.0.113.7",
  "CF-IPCountry": "DE",
  "CF-Ray": "a5e1c7b2fd3e9abc-FRA",
  "CF-Visitor": '{"scheme":"https"}',
  "X-Forwarded-Proto": "https",
  "X-Real-IP": "203.0.113.7",
  // The runtime takes it off, and makes `request.cf` of it.
  "MF-CF-Blob": JSON.stringify(CF),
};
const withKey = (key) => ({ ...HEADERS, Authorization: `Bearer ${key}` });

const ADDRESSES = inRoot("bench", "guard", "addresses.lua");
const SUBJECTS = [
  { name: "bare", title: "JavaScript that only forwards" },
  { name: "same_edits", title: "the same changes to headers, nothing checked" },
  { name: "hono", title: "a guard written with Hono" },
  { name: "keystile", title: "**Keystile**, forwarded" },
  { name: "limited", title: "**Keystile**, forwarded, under two limits" },
  { name: "refuse", title: "JavaScript that answers the same 401", status: 401 },
  { name: "keystile_refuses", title: "**Keystile**, a forged key", worker: "keystile", status: 401 },
];

await asProgram(async () => {
  const stack = await startStack();
  try {
    const measured = await measure(stack);
    print(measured);
    const figures = [
      ratio("guard_vs_bare", measured.keystile, measured.bare),
      ratio("guard_vs_same_edits", measured.keystile, measured.same_edits),
      ratio("guard_vs_hono", measured.keystile, measured.hono),
      ratio("limited_vs_guard", measured.limited, measured.keystile),
      ratio("refuse_vs_bare", measured.keystile_refuses, measured.refuse),
      figure("verdict_us", median(measured.verdict), measured.verdict),
    ];
    writeFileSync(process.argv[2], JSON.stringify(figures));
  } finally {
    await stack.close();
  }
});

/** By subject, the microseconds of each round. */
async function measure({ urls, key, forged }) {
  const [headers, forgedHeaders] = [withKey(key), withKey(forged)];
  await becomeWarm(urls.keystile, headers);
  await checkSameness({ urls, headers, forgedHeaders, target: TARGET });
  const pid = runtimeProcess();
  const measured = { verdict: [], ...Object.fromEntries(SUBJECTS.map(({ name }) => [name, []])) };
  const take = async ({ name, worker = name, status = 200 }, seconds) => {
    const sent = status === 200 ? { headers } : { headers: forgedHeaders, script: ADDRESSES };
    if (name === "keystile" || name === "limited") await becomeWarm(urls[name], headers);
    return cpuPerRequest(pid, { url: urls[worker] + TARGET, ...sent, seconds, status });
  };
  for (const subject of SUBJECTS) await take(subject, 2);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let turn = 0; turn < SUBJECTS.length; turn += 1) {
      const subject = SUBJECTS[(round + turn) % SUBJECTS.length];
      measured[subject.name].push(await take(subject, SECONDS));
    }
    measured.verdict.push(await verdict(pid, urls.verdict, headers));
    console.log(`  round ${round + 1} of ${ROUNDS}`);
  }
  return measured;
}

/** The microseconds of one verdict of the module on a good key, from the request's parts to those of the forwarded one. */
async function verdict(pid, url, headers) {
  await becomeWarm(url, headers);
  const before = cpuTime(pid);
  const response = await fetch(`${url}/verdicts?times=${VERDICTS}`, { headers });
  const taken = cpuTime(pid) - before;
  const { verdicts } = await response.json();
  if (verdicts !== VERDICTS) throw new Failed(`${verdicts} of ${VERDICTS} verdicts let the request through.`);
  return taken / VERDICTS;
}

/** Until a request is answered from the isolate's memory alone. */
async function becomeWarm(url, headers) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const response = await fetch(url + TARGET, { headers });
    await response.arrayBuffer();
    if (response.status === 200 && response.headers.get("Server-Timing")?.includes("kv=0 feed=0")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Failed("Keystile answers no request from its memory (kv=0 feed=0), so nothing warm can be measured.");
}

function print(measured) {
  const rounds = `${ROUNDS} rounds of ${SECONDS} s, interleaved`;
  console.log(`\nMicroseconds of the runtime's CPU time for one request, ${rounds}\n`);
  console.log("| | median | lowest and highest round |\n|---|---|---|");
  for (const { name, title } of SUBJECTS) {
    const times = measured[name];
    const [middle, low, high] = [median(times), Math.min(...times), Math.max(...times)].map((time) => time.toFixed(0));
    console.log(`| ${title} | ${middle} | ${low} to ${high} |`);
  }
}
