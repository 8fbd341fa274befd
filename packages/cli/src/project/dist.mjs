// The prebuilt parts of this package, in `dist`: `workers`, each with its code and the template of its wrangler file;
// `pages`; `check`, the configuration's check; `openapi.json`. The bundle of the command line is among them.

import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

/** The directory. */
export const DIST = path.basename(here) === "dist" ? here : path.join(here, "..", "..", "dist");

/** A path in it. */
export const inDist = (...parts) => path.join(DIST, ...parts);
