// The engine against the vendors' own packages, offline: they sign, we verify;
// we sign, they verify; then one byte changed, one second too old, another
// secret: refused. Prints a line for each package.
//
//   node run.mjs DIRECTORY_OF_THE_PACKAGE [words a case must have]

import { createRequire } from "node:module";
import path from "node:path";
import { mock } from "node:test";
import { pathToFileURL } from "node:url";

import { cases, handshakes } from "./cases.mjs";

const [directory, ...words] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const keystile = await import(pathToFileURL(path.resolve(directory, "node.js")));
const { dependencies } = require("./package.json");
const providers = new Map(keystile.providers().map((provider) => [provider.id, provider]));

const NOW = 1_800_000_000;
mock.timers.enable({ apis: ["Date"], now: NOW * 1000 });
const at = async (now, ask) => {
  mock.timers.setTime(now * 1000);
  try {
    return await ask();
  } finally {
    mock.timers.setTime(NOW * 1000);
  }
};

// No package asks anybody.
globalThis.fetch = () => Promise.reject(new Error("offline"));
// Some log what they refuse.
const say = console.log;
for (const name of ["log", "warn", "error", "info", "debug"]) console[name] = () => {};
process.emitWarning = () => {};

const results = new Map(Object.keys(dependencies).map((name) => [name, { cases: [], faults: [], stricter: new Set() }]));

for (const each of cases) {
  if (words.length && !words.some((word) => each.package.includes(word) || each.provider.includes(word))) continue;
  const result = results.get(each.package);
  result.cases.push(each.provider);
  try {
    await runCase(each, result);
  } catch (error) {
    result.faults.push(`${each.provider}: ${short(error)}`);
  }
}
for (const each of handshakes) {
  const result = results.get(each.package);
  const secret = "a-secret-of-the-vendors-own-making";
  const verifier = new keystile.Verifier(each.provider, [secret], { params: each.params });
  const ours = verifier.handshake({ method: each.method, url: each.url, headers: {}, body: each.body }, NOW);
  const theirs = await each.theirs(secret);
  if (ours?.body !== theirs) result.faults.push(`${each.provider}: a handshake is answered ${ours?.body}, not ${theirs}`);
}

// The registry says of each provider here that it is run here, and of no other.
if (!words.length) {
  const covered = new Set(cases.map((each) => each.provider));
  const missing = [...providers.values()].filter(({ id, evidence }) => evidence.startsWith("X ") && !covered.has(id));
  for (const { id, evidence } of missing) {
    say(`FAILED ${id}: its evidence is "${evidence}", and there is no case for it`);
    process.exitCode = 1;
  }
  for (const { id, evidence } of [...providers.values()].filter(({ id }) => covered.has(id))) {
    if (evidence.startsWith("X ")) continue;
    say(`FAILED ${id}: its evidence is "${evidence}", and it is run against a package: write X`);
    process.exitCode = 1;
  }
}

let ok = 0;
let failed = 0;
for (const [name, { cases: ids, faults, stricter }] of results) {
  if (!ids.length && words.length) continue;
  if (!ids.length) faults.push("no case");
  const version = dependencies[name];
  if (faults.length) {
    failed += 1;
    say(`FAILED ${name} ${version}`);
    for (const fault of faults) say(`    ${fault}`);
  } else {
    ok += 1;
    const others = ids.filter((id) => !name.includes(id));
    say(`ok ${name} ${version}${others.length ? `  (${ids.join(", ")})` : ""}`);
  }
  for (const line of stricter) say(`    stricter on purpose: ${line}`);
}
say(`\n${ok} packages ok${failed ? `, ${failed} failed` : ""}.`);
process.exit(failed || process.exitCode ? 1 : 0);

async function runCase(each, { faults, stricter }) {
  const { scheme } = providers.get(each.provider);
  const options = { params: each.params };
  const ours = (delivery, now, secrets = [each.secret]) =>
    keystile.verify(each.provider, secrets, delivery, { ...options, now });
  const theirs = async (delivery, now, secret = each.secret) => {
    try {
      return Boolean(await at(now, () => each.verify({ ...delivery, secret, params: each.params, now })));
    } catch (error) {
      theirs.last = error;
      return false;
    }
  };
  const expect = (what, got, wanted) => {
    if (got !== wanted) faults.push(`${each.provider}: ${what}: ${got}, not ${wanted}`);
  };

  const makers = [];
  if (each.sign) makers.push(["signed by them", (now) => at(now, () => signedByThem(each, now))]);
  if (each.ours) makers.push(["signed by us", (now) => signedByUs(each, now)]);

  const rule = scheme.timestamp;
  const enforced = rule && rule.enforce !== false;
  const past = enforced ? (rule.past ?? 300) : each.lifetime;
  const future = enforced ? (rule.future ?? 300) : 0;

  for (const [made, make] of makers) {
    const delivery = await make(NOW);
    const judged = ours(delivery, NOW);
    expect(`${made}, verified by us`, `${judged.code}${judged.valid ? "" : ` (${judged.detail})`}`, "OK");
    if (each.verify) {
      const accepted = await theirs(delivery, NOW);
      expect(`${made}, verified by them${accepted ? "" : ` (${short(theirs.last)})`}`, accepted, true);
    }

    const changed = (each.tamper ?? oneByteChanged)(delivery);
    expect(`${made}, one byte changed, refused by us`, ours(changed, NOW).valid, !covers(each));
    if (each.verify && covers(each)) {
      expect(`${made}, one byte changed, refused by them`, await theirs(changed, NOW), false);
    }

    expect(`${made}, another secret, refused by us`, ours(delivery, NOW, [each.other]).code, "NO_MATCH");
    if (each.verify) expect(`${made}, another secret, refused by them`, await theirs(delivery, NOW, each.other), false);
    const both = ours(delivery, NOW, [each.other, each.secret]);
    expect(`${made}, among two secrets`, both.secret_index, 1);

    if (past === undefined) continue;
    expect(`${made}, ${past} s old, accepted by us`, ours(delivery, NOW + past - (enforced ? 0 : 1)).code, "OK");
    const late = ours(delivery, NOW + past + 1).code;
    expect(`${made}, one second too old, refused by us`, late, "TIMESTAMP_TOO_OLD");
    if (each.verify) {
      const accepted = await theirs(delivery, NOW + past + 1);
      if (each.checksTime) expect(`${made}, one second too old, refused by them`, accepted, false);
      else if (accepted) stricter.add(`${each.provider} is refused after ${past} s; the package takes any age`);
    }
    if (!enforced) continue;
    const early = ours(delivery, NOW - future - 1).code;
    expect(`${made}, one second too far ahead, refused by us`, early, "TIMESTAMP_TOO_NEW");
    if (each.verify && (await theirs(delivery, NOW - future - 1))) {
      stricter.add(`${each.provider} is refused more than ${future} s ahead; the package takes it`);
    }
  }
}

/** Whether a change of the delivery's body (or what `tamper` changes) must be noticed. */
function covers(each) {
  return each.tamper !== undefined || each.covers !== false;
}

async function signedByThem(each, now) {
  const body = bodyOf(each, now);
  const delivery = { method: each.method, url: each.url, headers: each.headers, body };
  const signed = await each.sign({ ...delivery, secret: each.secret, params: each.params, now });
  return { ...delivery, ...signed, headers: { ...each.headers, ...signed.headers } };
}

function signedByUs(each, now) {
  const delivery = { method: each.method, url: each.url, headers: each.headers, body: bodyOf(each, now) };
  const signed = keystile.sign(each.provider, each.secret, delivery, each.id, { params: each.params, now });
  return { ...delivery, headers: { ...each.headers, ...signed.headers } };
}

function bodyOf(each, now) {
  return typeof each.body === "function" ? each.body({ now }) : each.body;
}

/** A digit where there is one (what was JSON stays JSON), else the middle. */
function oneByteChanged(delivery) {
  const { body } = delivery;
  const digit = body.lastIndexOf("4200");
  const place = digit >= 0 ? digit + 1 : Math.floor(body.length / 2);
  const changed = body[place] === "3" ? "4" : "3";
  return { ...delivery, body: body.slice(0, place) + changed + body.slice(place + 1) };
}

function short(error) {
  return String(error?.stack ?? error).split("\n").slice(0, 4).map((line) => line.trim()).join(" | ");
}
