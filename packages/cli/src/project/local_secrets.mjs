// The secrets of the local stack, .dev.vars: your own file if there is one, completed with what Keystile can make up.
// A set-up that can't work is refused before anything starts.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "../failed.mjs";
import { stateOf } from "./place.mjs";

/** The workers that read secrets. */
const WITH_SECRETS = ["edge", "manage", "hooks", "sender"];
const head = ({ start }) => `# Local secrets, made by ${start}. Not in git.\n`;
const freshText = () => randomBytes(32).toString("base64");
const freshSigning = () => `whsec_${freshText()}`;

/**
 * Provides .dev.vars, where wrangler looks for secrets: in the place, and beside each of the wrangler files `configs`.
 * Returns the root key, and `notes`: what a person has to add, a sentence each.
 */
export async function localSecrets(place, configs, summary) {
  const file = secretsFile(place);
  const text = existsSync(file) ? readFileSync(file, "utf8") : head(place);
  refuseLostSecret(place, configs, text);
  const completed = withMadeUp(text, summary);
  const value = (name) => valueIn(completed, name);
  const own = { KEYSTILE_SECRET: value("KEYSTILE_SECRET"), KEYSTILE_ROOT_KEY: value("KEYSTILE_ROOT_KEY") };
  refuseMistakes(await place.checkSecrets(own));
  refuseForeignState(place, own.KEYSTILE_SECRET);

  // Wrangler looks for it beside each wrangler file.
  const beside = WITH_SECRETS.map((worker) => path.dirname(configs[worker]));
  for (const directory of new Set([place.home, ...beside])) {
    writeIfChanged(path.join(directory, ".dev.vars"), completed);
  }
  const notes = [...missing(summary, value), ...notLoaded(place, configs, summary)];
  return { rootKey: firstOf(own.KEYSTILE_ROOT_KEY), notes };
}

export const secretsFile = (place) => path.join(place.home, ".dev.vars");

/** Makes wrangler read the secrets again: it watches its own files, not this one. */
export function reloadSecrets(configs) {
  const now = new Date();
  for (const worker of WITH_SECRETS) utimesSync(configs[worker], now, now);
}

/** Notes that the state's keys are made with these secrets; see `refuseForeignState`. */
export function noteSecrets(place) {
  const secret = valueIn(readFileSync(secretsFile(place), "utf8"), "KEYSTILE_SECRET");
  writeFileSync(marksOf(place), JSON.stringify(marks(secret)));
}

/** The text with a value for each secret that Keystile can make up: its own, and those that it signs with. */
function withMadeUp(text, { edge_secrets, signing_secrets, sender_secrets }) {
  const made = [
    ["KEYSTILE_SECRET", freshText],
    ["KEYSTILE_ROOT_KEY", () => `ksroot_${randomBytes(32).toString("base64url")}`],
    ...edge_secrets.map((name) => [name, freshText]),
    ...signing_secrets.map((name) => [name, freshSigning]),
    // The sender of the demo is whoever tries it.
    ...sender_secrets.filter((name) => name === "DEMO_WEBHOOK_SECRET").map((name) => [name, freshSigning]),
  ];
  return made.reduce(
    (so_far, [name, fresh]) => (valueIn(so_far, name) ? so_far : `${so_far.trimEnd()}\n${name}="${fresh()}"\n`),
    text,
  );
}

const missing = ({ sender_secrets }, value) =>
  sender_secrets
    .filter((name) => !value(name))
    .map(
      (name) =>
        `.dev.vars lacks ${name}, which keystile.toml names in \`secrets\` of a source. Add ${name}="…", ` +
        "the sender's secret; until then its deliveries are refused.",
    );

/** The edge gets only the secrets that its wrangler file lists. */
function notLoaded(place, { edge }, { edge_secrets }) {
  const listed = readFileSync(edge, "utf8").match(/^required\s*=\s*\[([^\]]*)\]/m)?.[1];
  if (listed === undefined) return [];
  const lacking = edge_secrets.filter((name) => !listed.includes(`"${name}"`));
  if (lacking.length === 0) return [];
  const whole = `required = [${[listed.trim(), ...lacking.map((name) => `"${name}"`)].join(", ")}]`;
  return [
    `${lacking.join(" and ")} is in .dev.vars, but not in the list \`required\` under [secrets] in ` +
      `${path.relative(place.home, edge)}, and wrangler gives the edge only what that lists. Write ${whole} there; ` +
      "until then requests to upstreams that sign with it get 502.",
  ];
}

/** Throws if the file that the state's keys were made with is gone. */
function refuseLostSecret(place, { manage }, text) {
  if (valueIn(text, "KEYSTILE_SECRET") || !existsSync(stateOf(place))) return;
  const copy = path.join(path.dirname(manage), ".dev.vars");
  const hasCopy = existsSync(copy) && valueIn(readFileSync(copy, "utf8"), "KEYSTILE_SECRET");
  const back = hasCopy ? `There is a copy: cp ${path.relative(place.home, copy)} .dev.vars` : "Put the file back";
  throw new Failed(
    `.dev.vars has no KEYSTILE_SECRET, and the keys in ${place.own}/state were made with the one that it had. ${back}\n` +
      `To begin anew without those keys: rm -r ${place.own}/state`,
  );
}

/** Throws if the state's keys were made with other secrets than these. */
function refuseForeignState(place, secret) {
  const file = marksOf(place);
  if (!existsSync(file)) return;
  const known = JSON.parse(readFileSync(file, "utf8"));
  if (marks(secret).some((each) => known.includes(each))) return;
  throw new Failed(
    `The keys in ${place.own}/state were made with another KEYSTILE_SECRET than the one in .dev.vars, so all would be ` +
      `refused.\nPut that one back, or write both, joined by a comma. ` +
      `To begin anew without those keys: rm -r ${place.own}/state`,
  );
}

function refuseMistakes(mistakes) {
  if (mistakes.length) throw new Failed(mistakes.map((each) => `.dev.vars: ${each}`).join("\n"));
}

const marksOf = (place) => path.join(stateOf(place), "secrets.json");
const mark = (secret) => createHash("sha256").update(`mark ${secret.trim()}`).digest("hex").slice(0, 16);
const marks = (secrets) => secrets.split(",").map(mark);
const firstOf = (list) => list.split(",")[0].trim();
const valueIn = (text, name) => text.match(new RegExp(`^\\s*${name}\\s*=\\s*(["']?)(.*?)\\1\\s*$`, "m"))?.[2];

function writeIfChanged(file, text) {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  writeFileSync(file, text, { mode: 0o600 });
}
