// Finds the Chromium that the tests of the pages drive, or installs Debian's. A browser that is downloaded by a test
// tool isn't used: the system's own gets its security updates.

import { existsSync } from "node:fs";
import path from "node:path";

import { answers, Failed, quietly } from "./run.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
const MAC = ["Chromium", "Google Chrome"].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
/** The browser, and the fonts that its pages are shown in. */
const PACKAGES = ["chromium", "fonts-liberation"];

/** The program: KEYSTILE_CHROMIUM, one of this machine, or Debian's, which is installed if that is allowed here. */
export async function chromium() {
  const named = process.env.KEYSTILE_CHROMIUM;
  if (named) {
    if (!existsSync(named)) throw new Failed(`KEYSTILE_CHROMIUM is ${named}, and there is no such file.`);
    return named;
  }
  return found() ?? (await installed());
}

const found = () =>
  [...NAMES.flatMap((name) => (process.env.PATH ?? "").split(path.delimiter).map((directory) => path.join(directory, name))), ...MAC].find(
    (program) => existsSync(program),
  );

async function installed() {
  const isDebian = process.platform === "linux" && (await answers("apt-get"));
  if (isDebian && process.getuid() === 0) {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    // A fresh machine may have no list of packages yet.
    await quietly("Updating Debian's list of packages", "apt-get", ["update", "-qq"], { env });
    const install = ["install", "-y", "-qq", "--no-install-recommends", ...PACKAGES];
    await quietly("Installing Chromium, once", "apt-get", install, { env, usually: "30 seconds" });
    const program = found();
    if (program) return program;
  }
  const how = isDebian ? `: sudo apt-get install ${PACKAGES.join(" ")}` : ", or Chrome";
  throw new Failed(
    `The pages are tested in Chromium. Install it${how}. If it is in an unusual place, name it: KEYSTILE_CHROMIUM=/path/to/chromium.`,
  );
}
