// The directory to which a command belongs: the present one, or one above it, as git finds a repository.

import { statSync } from "node:fs";
import path from "node:path";

/**
 * The nearest directory, from this one up, with one of these files. Above this one only a file of one's own counts:
 * in a directory that others share, such as /tmp, anybody may have put one.
 */
export function nearest(directory, files) {
  for (let at = directory; ; at = path.dirname(at)) {
    const found = files.map((file) => statSync(path.join(at, file), { throwIfNoEntry: false })).filter(Boolean);
    if (found.some(({ uid }) => at === directory || uid === (process.getuid?.() ?? uid))) return at;
    if (at === path.dirname(at)) return undefined;
  }
}
