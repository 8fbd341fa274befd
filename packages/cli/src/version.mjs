// The version of this package, which is that of the workers in it. The bundle is in `dist`, so the file is at the same
// place from there.

import { readFileSync } from "node:fs";

export const VERSION = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
