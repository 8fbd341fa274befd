// The two secrets of every deployment, which several workers share. Those that were made are kept until they have been
// shown, so that an interrupted first deployment continues with the same ones and shows them at its end.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";

import { Failed } from "../failed.mjs";
import { writePrivately } from "../new_file.mjs";

const MAKE = {
  KEYSTILE_SECRET: () => randomBytes(32).toString("base64"),
  KEYSTILE_ROOT_KEY: () => `ksroot_${randomBytes(32).toString("base64url")}`,
};

export const SECRETS = Object.keys(MAKE);
const LOST = "https://github.com/keystile/keystile/blob/main/docs/guide/runbook.md#keystile_secret-is-lost";

/**
 * The secrets of a deployment that nobody has seen yet, in a file of their own. Each deployment of a directory has one, by
 * its `name`. They are for one `account`, by its id: a deployment of this name to another one is refused until the first
 * one is complete.
 */
export function pending(directory, { name, account }) {
  const file = path.join(directory, `${name}.json`);
  return {
    read() {
      if (!existsSync(file)) return {};
      const kept = JSON.parse(readFileSync(file, "utf8"));
      if (kept.account === account) return kept.secrets;
      const [to, remedy] = kept.account
        ? [`to the account ${kept.account}`, "Deploy there once more first."]
        : ["to an account that it didn't note", `If that is ${account}, write "account":"${account}", behind the first { of ${file}`];
      throw new Failed(
        `A deploy of ${name} ${to} was interrupted, and nobody has seen the secrets that it made. ${remedy} ` +
          `If nothing of it is to stay, remove ${file}`,
      );
    },
    keep(secrets) {
      if (Object.keys(secrets).length === 0) return;
      mkdirSync(directory, { recursive: true });
      writePrivately(file, JSON.stringify({ account, secrets }));
    },
    forget: () => rmSync(file, { force: true }),
  };
}

/**
 * A sentence on the secrets that an earlier version of Keystile kept of an interrupted deploy, in a `file` for all
 * deployments of the directory; nothing if there are none. They aren't used: nobody knows of which account they are.
 */
export function keptByEarlierVersion(file) {
  if (!existsSync(file)) return undefined;
  return (
    `An earlier version of Keystile was interrupted in a deploy, and the secrets that it made are in ${file}, where nobody ` +
    "has seen them. They are not used, since the file doesn't say for which account they are. If workers have them, keep " +
    "them in a password manager, and put each where it lacks. Then remove the file."
  );
}

/**
 * Values for the secrets that are lacking. `holders` are the workers that share secrets: the `name`, and what it `needs`
 * and what of that it `lacks`, by name. A secret that one worker has can't be read back for another, unless it is among
 * the `kept`.
 */
export function freshSecrets(place, kept, holders) {
  const fresh = {};
  for (const secret of SECRETS) {
    const sharing = holders.filter(({ needs }) => needs.includes(secret));
    const without = sharing.filter(({ lacks }) => lacks.includes(secret));
    if (without.length === 0) continue;
    if (without.length < sharing.length && !kept[secret]) refuseUnlike(place, secret, sharing, without);
    fresh[secret] = kept[secret] ?? MAKE[secret]();
  }
  return fresh;
}

/** Throws, since only some of the workers that share a secret have it. */
function refuseUnlike(place, secret, sharing, without) {
  const [lacking, having] = [without, sharing.filter((each) => !without.includes(each))].map((workers) =>
    workers.map(({ name }) => name),
  );
  throw new Failed(
    `${lacking.join(" and ")} ${verb(lacking, "lacks", "lack")} ${secret}, which ${having.join(" and ")} ` +
      `${verb(having, "has", "have")}. All must have the same, and Cloudflare doesn't give it back. Put the one that you kept:\n` +
      `${puts(place, secret, lacking)}\nIf nobody has it any more: ${LOST}`,
  );
}

const verb = (subjects, singular, plural) => (subjects.length === 1 ? singular : plural);

/** The commands that put a secret on these workers. */
export const puts = (place, secret, workers) =>
  workers.map((name) => `  ${place.tool} secret put ${secret} --name ${name}`).join("\n");
