// `npm start`: runs the stack of stack.mjs in this clone, until Ctrl-C. .dev/state keeps keys between runs;
// .dev/stack.json has the addresses while it runs. The pages are built when everything else runs.

import { buildWorkers, WORKERS, writeConfig } from "./build.mjs";
import { missingBindings } from "./bindings.mjs";
import { START } from "./host_tools.mjs";
import { keepUpToDate } from "./live_files.mjs";
import { keepPagesBuilt, providePages } from "./live_pages.mjs";
import { localSecrets } from "./local_secrets.mjs";
import { claim, release } from "./one_stack.mjs";
import { asProgram } from "./run.mjs";
import { setup } from "./setup.mjs";
import { CONFIGS, greeting, queueNotes, startStack } from "./stack.mjs";
import { root } from "./tools.mjs";

await asProgram(async () => {
  await setup();
  await claim(root);
  // The builds that wrangler starts inherit this.
  process.env.KEYSTILE_PROFILE = START;
  const { summary } = await writeConfig();
  const { rootKey, notes } = await localSecrets(root, CONFIGS, summary);
  await buildWorkers(WORKERS);
  providePages();
  const { ready, ended, stop, describe } = await startStack({ summary, rootKey });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  stopWithoutNpm(stop);
  const ending = new AbortController();
  const { signal } = ending;
  try {
    const stack = await ready;
    if (stack) console.log(greeting(stack, summary));
    for (const note of [...notes, ...missingBindings(summary, CONFIGS), ...queueNotes(summary)]) console.log(`! ${note}\n`);
    if (stack) keepUpToDate({ home: root, configs: CONFIGS, summary, changed: describe, signal });
    await (stack ? Promise.race([ended, keepPagesBuilt(stack.manage, signal)]) : ended);
  } finally {
    ending.abort();
    stop();
    release(root);
  }
});

/** Stops if npm is gone: an npm that is killed outright can't pass the signal on. */
function stopWithoutNpm(stop) {
  if (!process.env.npm_lifecycle_event) return;
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && stop(), 1000).unref();
}
