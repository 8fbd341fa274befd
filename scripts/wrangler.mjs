// `npm run wrangler -- login`: runs the project's own wrangler with a Node that is new enough for it, whichever one you
// have, in the account of keystile.toml.

import { spawnSync } from "node:child_process";

import { accountIn, inAccount } from "../packages/cli/src/project/account.mjs";
import { configFile } from "./build.mjs";
import { place as clone } from "./place.mjs";
import { asProgram } from "./run.mjs";
import { setup } from "./setup.mjs";

await asProgram(async () => {
  delete process.env.KEYSTILE_PROFILE; // // Only `npm start` sets this; a release is built here.
  await setup();
  const place = inAccount(clone, await accountIn(configFile()));
  const [command, args] = place.wrangler(...process.argv.slice(2));
  const { status } = spawnSync(command, args, { stdio: "inherit", env: { ...process.env, ...place.wranglerEnv() } });
  process.exitCode = status ?? 1;
});
