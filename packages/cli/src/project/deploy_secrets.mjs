// The two secrets of every deployment. A secret that was made but not yet uploaded to both workers is kept, so that an
// interrupted first deployment continues with the same ones.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "../failed.mjs";

const MAKE = {
  KEYSTILE_SECRET: () => randomBytes(32).toString("base64"),
  KEYSTILE_ROOT_KEY: () => `ksroot_${randomBytes(32).toString("base64url")}`,
};

export const SECRETS = Object.keys(MAKE);

/** The secrets in a file that are not yet uploaded everywhere. */
export const pending = (file) => ({
  read: () => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}),
  keep(fresh) {
    if (Object.keys(fresh).length === 0) return;
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(fresh), { mode: 0o600 });
  },
  forget: () => rmSync(file, { force: true }),
});

/**
 * Values for the secrets that are lacking: by worker, their `names`. A secret that one worker has can't be read back
 * for the other, unless it is pending.
 */
export function freshSecrets(place, pending, lacking) {
  const kept = pending.read();
  const fresh = {};
  for (const secret of SECRETS) {
    const without = [...lacking].filter(([, { names }]) => names.includes(secret)).map(([worker]) => worker);
    if (without.length === 0) continue;
    if (without.length < lacking.size && !kept[secret]) {
      throw new Failed(
        `${without[0]} lacks ${secret}, which the other worker has; both must have the same. Give it by:\n` +
          `  ${place.tool} secret put ${secret} --name ${without[0]}`,
      );
    }
    fresh[secret] = kept[secret] ?? MAKE[secret]();
  }
  return fresh;
}
