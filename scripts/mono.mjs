// Finds Mono, which compiles and runs the C# of a test, or installs Debian's.

import { installFromDebian, isDebian, onPath } from "./debian.mjs";
import { Failed } from "./run.mjs";

/** The compiler, the runtime, and the class HttpClient. */
const PACKAGES = ["mono-mcs", "mono-runtime", "libmono-system-net-http4.0-cil"];

/** Makes sure that `mcs` and `mono` are on the PATH. */
export async function setupMono() {
  if (isThere()) return;
  await installFromDebian("Mono", PACKAGES);
  if (isThere()) return;
  const how = (await isDebian()) ? `sudo apt-get install ${PACKAGES.join(" ")}` : "https://www.mono-project.com/download";
  throw new Failed(`The C# of tests/systems/konver.test.mjs runs in Mono. Install it: ${how}`);
}

const isThere = () => ["mcs", "mono"].every((name) => onPath([name]));
