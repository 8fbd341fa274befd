// The directory to which a command belongs: the present one, or one above it, as git finds a repository.

import { statSync } from "node:fs";
import path from "node:path";

/**
 * The nearest directory, from this one up, with this file. Above this one only a file of one's own counts: in a directory
 * that others share, such as /tmp, anybody may have put one.
 */
export function nearest(directory, file) {
  for (let at = directory; ; at = path.dirname(at)) {
    const found = statSync(path.join(at, file), { throwIfNoEntry: false });
    if (found && (at === directory || found.uid === (process.getuid?.() ?? found.uid))) return at;
    if (at === path.dirname(at)) return undefined;
  }
}
