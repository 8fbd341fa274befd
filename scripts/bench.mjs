// `npm run bench`: measures the figures of docs/design/benchmarks.md on this machine.

import { installPackages } from "./interop.mjs";
import { buildPackage } from "./npm_package.mjs";
import { asProgram, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, node22, root, wranglerEnv } from "./tools.mjs";

await asProgram(async () => {
  await setup();
  await installPackages(inRoot("bench", "webhooks"));
  const keystile = await buildPackage();
  await run(node22(), [inRoot("bench", "webhooks", "run.mjs"), keystile], { cwd: root, env: wranglerEnv() });
});
