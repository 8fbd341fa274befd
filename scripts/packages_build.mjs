// `npm run package [-- PACKAGE…]`: fills `dist` of the npm packages in `packages`, all or these.

import { pathToFileURL } from "node:url";

import { buildCli } from "./package_cli.mjs";
import { buildCreate } from "./package_create.mjs";
import { buildKeystile } from "./package_keystile.mjs";
import { asProgram, Failed } from "./run.mjs";
import { inRoot } from "./tools.mjs";

/** By directory, the function that fills `dist`. */
const PACKAGES = {
  cli: buildCli,
  "create-keystile": buildCreate,
  keystile: buildKeystile,
};

/** Builds these packages and returns their directories. */
export async function buildPackages(names = Object.keys(PACKAGES)) {
  for (const name of names) {
    if (!PACKAGES[name]) throw new Failed(`No package "${name}". There are: ${Object.keys(PACKAGES).join(", ")}.`);
    await PACKAGES[name](inRoot("packages", name));
  }
  return names.map((name) => inRoot("packages", name));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const chosen = process.argv.slice(2);
    for (const directory of await buildPackages(chosen.length ? chosen : undefined)) console.log(directory);
  });
}
