// Edits while `npm start` runs: of keystile.toml, or of the file in its place, and of .dev.vars. Each is noticed,
// however an editor saves: in place, by a new file that is renamed, through a link. A mistake is said, and the last
// good configuration goes on.

import { readFileSync, unwatchFile, watchFile } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { configFile, writeConfig } from "./build.mjs";
import { missingBindings } from "./bindings.mjs";
import { localSecrets, noteSecrets, reloadSecrets, secretsFile } from "./local_secrets.mjs";
import { Failed } from "./run.mjs";
import { queueNotes } from "./stack.mjs";
import { root } from "./tools.mjs";

const LOOK_MS = 300;
/** An editor may empty a file before it fills it. */
const SETTLE_MS = 50;

/** Watches until it is aborted. `changed` gets the summary of each new configuration. */
export function keepUpToDate({ home, configs, summary, changed, signal }) {
  const config = configFile();
  const shown = path.relative(root, config);
  let current = summary;
  const say = (notes) => notes.forEach((note) => console.log(`! ${note}`));
  const provide = async () => {
    const { notes } = await localSecrets(home, configs, current);
    say([...notes, ...missingBindings(current, configs), ...queueNotes(current)]);
  };

  onEdit(config, signal, async () => {
    const { summary, changed: isNew } = await said(writeConfig(), "the last good configuration goes on.");
    if (!isNew) return console.log(`✓ ${shown}: what the workers read of it is as before.`);
    current = summary;
    console.log(`✓ ${shown} has changed; the workers take it over.`);
    await said(provide());
    changed(current);
  });
  onEdit(secretsFile(home), signal, async () => {
    await said(provide(), "the workers go on with the last good secrets.");
    noteSecrets(home);
    reloadSecrets(configs);
    console.log("✓ .dev.vars has changed; the workers take it over.");
  });
}

/** Calls `act` after each edit of the file, one call at a time, and prints what it throws. */
function onEdit(file, signal, act) {
  let seen = text(file);
  let running = Promise.resolve();
  const look = () => {
    running = running.then(async () => {
      await delay(SETTLE_MS);
      const now = text(file);
      if (signal.aborted || now === seen) return;
      seen = now;
      await act().catch((error) => console.error(error instanceof Failed ? error.message : error));
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
