// The two secrets of every deployment. Those that were made are kept until they have been shown, so that an interrupted
// first deployment continues with the same ones and shows them at its end.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { Failed } from "../failed.mjs";

const MAKE = {
  KEYSTILE_SECRET: () => randomBytes(32).toString("base64"),
  KEYSTILE_ROOT_KEY: () => `ksroot_${randomBytes(32).toString("base64url")}`,
};

export const SECRETS = Object.keys(MAKE);

/**
 * The secrets of a deployment that nobody has seen yet, in a file of their own. Each deployment of a directory has one, by
 * its `name`. A deployment of this name to another account is refused until the first one is complete.
 */
export function pending(directory, { name, account }) {
  const file = path.join(directory, `${name}.json`);
  return {
    read() {
      if (!existsSync(file)) return {};
      const kept = JSON.parse(readFileSync(file, "utf8"));
      if (account && kept.account && kept.account !== account) {
        throw new Failed(
          `A deploy of ${name} to the account ${kept.account} was interrupted, and nobody has seen the secrets that it made. ` +
            `Deploy there once more first. If nothing of it is to stay, remove ${file}`,
        );
      }
      return kept.secrets;
    },
    keep(secrets) {
      if (Object.keys(secrets).length === 0) return;
      mkdirSync(directory, { recursive: true });
      writeFileSync(file, JSON.stringify({ account, secrets }), { mode: 0o600 });
    },
    forget: () => rmSync(file, { force: true }),
  };
}

/**
 * Values for the secrets that are lacking: by worker, their names. A secret that one worker has can't be read back
 * for the other, unless it is among the `kept`.
 */
export function freshSecrets(place, kept, lacking) {
  const fresh = {};
  for (const secret of SECRETS) {
    const without = [...lacking].filter(([, names]) => names.includes(secret)).map(([worker]) => worker);
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
