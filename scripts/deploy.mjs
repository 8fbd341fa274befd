// `npm run deploy`: builds the command line's package, and deploys this clone's keystile.toml by it. So a clone and a
// project of the package are deployed by the same program, from the same files.
//
//   npm run deploy -- --dry-run    everything but the account: builds, checks, prints sizes and what would be created
//   npm run deploy -- --older      also where a later version was deployed, such as after a rollback

import path from "node:path";
import { parseArgs } from "node:util";

import { deployProject, refuseWhatCannotWork } from "../packages/cli/src/project/deploy.mjs";
import { findServices } from "../packages/cli/src/project/services.mjs";
import { configFile, writeConfig } from "./build.mjs";
import { buildPackages } from "./packages_build.mjs";
import { place as clone } from "./place.mjs";
import { asProgram } from "./run.mjs";
import { setup } from "./setup.mjs";
import { root } from "./tools.mjs";

await asProgram(async () => {
  delete process.env.KEYSTILE_PROFILE; // Only `npm start` sets this; a release is built here.
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean" }, older: { type: "boolean" } } });
  await setup();
  const file = configFile();
  // A configuration that can't work is refused before anything is built.
  const { summary } = await writeConfig();
  refuseWhatCannotWork(path.relative(root, file), summary, await findServices(summary, root));
  await buildPackages(["cli"]);
  await deployProject({ ...clone, file }, { dryRun: values["dry-run"], older: values.older, say: clone.say });
});
