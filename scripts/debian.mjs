// Programs that tests need and that Debian has. They are found on this machine, or installed if that is allowed here.

import { existsSync } from "node:fs";
import path from "node:path";

import { answers, quietly } from "./run.mjs";

/** The first of these programs that is on the PATH; none if none is. */
export const onPath = (names) =>
  names
    .flatMap((name) => (process.env.PATH ?? "").split(path.delimiter).map((directory) => path.join(directory, name)))
    .find((program) => existsSync(program));

/** Installs Debian's packages if this is a Debian and the user is root. `what` is their name for people. */
export async function installFromDebian(what, packages) {
  if (!(await isDebian()) || process.getuid() !== 0) return;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // A fresh machine may have no list of packages yet.
  await quietly("Updating Debian's list of packages", "apt-get", ["update", "-qq"], { env });
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...packages];
  await quietly(`Installing ${what}, once`, "apt-get", install, { env, usually: "30 seconds" });
}

/** Whether packages are installed by apt-get here. */
export const isDebian = async () => process.platform === "linux" && Boolean(await answers("apt-get"));
