// `npm run test:interop`: tests the engine, as WebAssembly, against the vendors' own packages. Those are many and
// large, and nothing else needs them. So they have their own package.json, and stay in the tool cache for all clones.

import { buildWebhooks } from "./package_keystile.mjs";
import { installOnce } from "./packages.mjs";
import { run } from "./run.mjs";
import { inRoot, node22, root } from "./tools.mjs";

/** The vendors' packages, for the tests and these places. */
export const installPackages = (...places) =>
  installOnce("the vendors' packages", inRoot("tests", "interop"), places, { usually: "1 minute" });

/** Runs the whole step. */
export async function interop() {
  await installPackages();
  const keystile = await buildWebhooks();
  await run(node22(), [inRoot("tests", "interop", "run.mjs"), keystile], { cwd: root });
}
