// Finds the Chromium that the tests of the pages drive, or installs Debian's. A browser that is downloaded by a test
// tool isn't used: the system's own gets its security updates.

import { existsSync } from "node:fs";

import { installFromDebian, isDebian, onPath } from "./debian.mjs";
import { Failed } from "./run.mjs";

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

const found = () => onPath(NAMES) ?? MAC.find((program) => existsSync(program));

async function installed() {
  await installFromDebian("Chromium", PACKAGES);
  const program = found();
  if (program) return program;
  const how = (await isDebian()) ? `: sudo apt-get install ${PACKAGES.join(" ")}` : ", or Chrome";
  throw new Failed(
    `The pages are tested in Chromium. Install it${how}. If it is in an unusual place, name it: KEYSTILE_CHROMIUM=/path/to/chromium.`,
  );
}
