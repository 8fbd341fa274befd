// A place: a directory with a keystile.toml in which a stack runs. The functions here take one:
//
//   home          the directory
//   own           the directory in it for generated files and state, such as `.keystile`
//   start         the command that starts the stack, as its user writes it
//   tool          the command that runs wrangler, as its user writes it before wrangler's own arguments
//   say           prints a line for the person at the terminal
//   checkSecrets  resolves to the mistakes in { KEYSTILE_SECRET, KEYSTILE_ROOT_KEY }
//   wrangler      (...args) => [command, args]
//   wranglerEnv   () => its environment

import path from "node:path";

/** A path in the place's own directory. */
export const own = (place, ...parts) => path.join(place.home, place.own, ...parts);

/** The directory of what the stack stores. */
export const stateOf = (place) => own(place, "state");

/** The directory in which the stack's workers find each other: workers of other projects must not be reachable. */
export const registryOf = (place) => own(place, "registry");
