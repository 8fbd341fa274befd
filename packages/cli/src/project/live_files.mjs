// Edits while the stack runs: of keystile.toml, or of the file in its place, and of .dev.vars. Each is noticed,
// however an editor saves: in place, by a new file that is renamed, through a link. A mistake is said, and the last
// good configuration goes on.

import { readFileSync, unwatchFile, watchFile } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { Failed } from "../failed.mjs";
import { localSecrets, noteSecrets, reloadSecrets, secretsFile } from "./local_secrets.mjs";

const LOOK_MS = 300;
/** An editor may empty a file before it fills it. */
const SETTLE_MS = 50;

/**
 * Watches until it is aborted.
 *   file     the configuration's
 *   write    writes what the workers read of it; resolves to { summary, changed }
 *   notes    the notes on a summary
 *   changed  gets the summary of each new configuration
 */
export function keepUpToDate({ place, configs, summary, file, write, notes, changed, signal }) {
  const shown = path.relative(place.home, file);
  let current = summary;
  const provide = async () => {
    const { notes: ofSecrets } = await localSecrets(place, configs, current);
    for (const note of [...ofSecrets, ...notes(current)]) place.say(`! ${note}`);
  };
  const watch = (each, act) => onEdit(each, signal, place.say, act);

  watch(file, async () => {
    const { summary, changed: isNew } = await said(write(), "the last good configuration goes on.");
    if (!isNew) return place.say(`✓ ${shown}: what the workers read of it is as before.`);
    const refused = noLongerTaken(current, summary);
    current = summary;
    place.say(`✓ ${shown} has changed; the workers take it over.`);
    for (const note of refused) place.say(`! ${note}`);
    await said(provide());
    changed(current);
  });
  watch(secretsFile(place), async () => {
    await said(provide(), "the workers go on with the last good secrets.");
    noteSecrets(place);
    reloadSecrets(configs);
    place.say("✓ .dev.vars has changed; the workers take it over.");
  });
}

/** The notes on keys that the new configuration refuses by their form, though the earlier one took them. */
function noLongerTaken(earlier, { prefixes, allow_imported }) {
  const lost = (before, now) => before.filter((one) => !now.includes(one));
  const note = (which, form, setting) =>
    `${which} "${form}" are refused from now on. To go on taking them, write "${form}" in ${setting} of [keys].`;
  return [
    ...lost(earlier.prefixes, prefixes).map((prefix) => note("Keys that begin with", prefix, "former_prefixes")),
    ...lost(earlier.allow_imported, allow_imported).map((form) => note("Imported keys of the form", form, "allow_imported")),
  ];
}

/** Calls `act` after each edit of the file, one call at a time, and prints what it throws. */
function onEdit(file, signal, say, act) {
  let seen = text(file);
  let running = Promise.resolve();
  const look = () => {
    running = running.then(async () => {
      await delay(SETTLE_MS);
      const now = text(file);
      if (signal.aborted || now === seen) return;
      seen = now;
      await act().catch((error) => say(error instanceof Failed ? error.message : error.stack));
    });
  };
  watchFile(file, { interval: LOOK_MS }, look);
  signal.addEventListener("abort", () => unwatchFile(file, look));
}

function text(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // It is gone, or about to be there again.
  }
}

/** The result, or an error that says each mistake in a line and what goes on. */
async function said(promise, goesOn = "") {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const lines = error.message.trim().split("\n").map((line) => `✗ ${line}`);
    throw new Failed(`${lines.join("\n")}${goesOn && `; ${goesOn}`}`);
  }
}
