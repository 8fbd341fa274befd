// `npm run chaos [-- --rounds 20] [--seconds 5]`: SIGKILL amid changes and deliveries, round after round, on one state.
// It fails at the first promise that was not kept, and leaves the state for a look at it.

import { rmSync } from "node:fs";
import { parseArgs } from "node:util";

import { buildWorkers, WORKERS } from "../../scripts/build.mjs";
import { START } from "../../scripts/host_tools.mjs";
import { asProgram } from "../../scripts/run.mjs";
import { setup } from "../../scripts/setup.mjs";
import { emptyHome } from "../support/local_stack.mjs";
import { chaos } from "./rounds.mjs";

await asProgram(async () => {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "12" }, seconds: { type: "string", default: "6" } },
  });
  await setup();
  process.env.KEYSTILE_PROFILE = START;
  await buildWorkers(WORKERS);
  const home = emptyHome("chaos");
  console.log(`The state is in ${home}`);
  await chaos({ home, rounds: Number(values.rounds), seconds: Number(values.seconds), say: console.log });
  rmSync(home, { recursive: true, force: true });
});
