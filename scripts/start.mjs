// `npm start`: runs the stack of stack.mjs in this clone, until Ctrl-C. .keystile/state keeps keys between runs;
// .keystile/stack.json has the addresses while it runs. The pages are built when everything else runs.

import { keepUpToDate } from "../packages/cli/src/project/live_files.mjs";
import { localSecrets } from "../packages/cli/src/project/local_secrets.mjs";
import { claim, release, stopWithNpm } from "../packages/cli/src/project/one_stack.mjs";
import { greeting, queueNotes, startStack } from "../packages/cli/src/project/stack.mjs";
import { missingBindings } from "./bindings.mjs";
import { buildWorkers, configFile, WORKERS, writeConfig } from "./build.mjs";
import { START } from "./host_tools.mjs";
import { keepPagesBuilt, providePages } from "./live_pages.mjs";
import { CONFIGS, place } from "./place.mjs";
import { asProgram } from "./run.mjs";
import { setup } from "./setup.mjs";

await asProgram(async () => {
  await setup();
  await claim(place);
  // The builds that wrangler starts inherit this.
  process.env.KEYSTILE_PROFILE = START;
  const { summary } = await writeConfig();
  const { rootKey, notes } = await localSecrets(place, CONFIGS, summary);
  await buildWorkers(WORKERS);
  providePages();
  const { ready, ended, stop, describe } = await startStack({ place, configs: CONFIGS, summary, rootKey });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  stopWithNpm(stop);
  const ending = new AbortController();
  const { signal } = ending;
  try {
    const stack = await ready;
    if (stack) console.log(greeting(place, stack, summary));
    for (const note of [...notes, ...notesOn(summary)]) console.log(`! ${note}\n`);
    if (stack) {
      const live = { file: configFile(), write: writeConfig, notes: notesOn, changed: describe };
      keepUpToDate({ place, configs: CONFIGS, summary, signal, ...live });
    }
    await (stack ? Promise.race([ended, keepPagesBuilt(stack.manage, signal)]) : ended);
  } finally {
    ending.abort();
    stop();
    release(place);
  }
});

function notesOn(summary) {
  return [...missingBindings(summary, CONFIGS), ...queueNotes(place, summary)];
}
