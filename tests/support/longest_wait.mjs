// The time that another caller waits while a worker is at work.

import { sleep } from "./rig.mjs";

/** The longest that another caller waits until `work` is done. */
export async function longestWait(work, other) {
  let longest = 0;
  let done = false;
  const finished = work.finally(() => (done = true));
  while (!done) {
    const began = performance.now();
    await other();
    longest = Math.max(longest, performance.now() - began);
    await sleep(5);
  }
  await finished;
  return longest;
}
