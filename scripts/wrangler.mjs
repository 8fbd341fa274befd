// `npm run wrangler -- login`: runs the project's own wrangler with a Node that is new enough for it, whichever one you
// have.

import { spawnSync } from "node:child_process";

import { asProgram } from "./run.mjs";
import { setup } from "./setup.mjs";
import { wrangler, wranglerEnv } from "./tools.mjs";

await asProgram(async () => {
  delete process.env.KEYSTILE_PROFILE; // // Only `npm start` sets this; a release is built here.
  await setup();
  const [command, args] = wrangler(...process.argv.slice(2));
  const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...wranglerEnv() } });
  process.exitCode = status ?? 1;
});
