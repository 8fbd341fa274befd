// The Cloudflare account, by wrangler. Each failure says what to do.

import { existsSync, rmSync } from "node:fs";

import { Failed } from "../failed.mjs";
import { writePrivately } from "../new_file.mjs";
import { latest } from "./later.mjs";
import { readWranglerFile } from "./own_wrangler.mjs";
import { own } from "./place.mjs";
import { capture, run } from "./run.mjs";
import { VERSION_VARIABLE } from "./wrangler_files.mjs";

const login = ({ tool }) =>
  `Cloudflare doesn't accept the login, or there is none. Log in anew: ${tool} login, or set CLOUDFLARE_API_TOKEN.`;

const several = ({ tool }) =>
  `The login has several accounts. Write account_id = "…" in [deploy] of keystile.toml; ${tool} whoami lists them.`;

/** stdout has the data of the command, and nothing of wrangler. */
const STDERR = 2;

/** Wrangler's ways to fail, and what to do about each. */
const REMEDIES = [
  [
    /fetch failed|ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|certificate/i,
    () => "Cloudflare can't be reached. See to the network, or to HTTPS_PROXY, and run the command again.",
  ],
  [
    new RegExp(
      "not authenticated|not logged in|Authentication (error|failed)|Invalid (access|API) [Tt]oken|" +
        "set a CLOUDFLARE_API_TOKEN|code: (10000|9109|9106|6003|10001)\\b|wrangler login",
    ),
    login,
  ],
  [
    /More than one account|multiple accounts|account_id.*(required|select)/i,
    several,
  ],
];

/**
 * The place with the account of its configuration, for all that wrangler asks there. Without one it is the variable's,
 * or the login's.
 */
export function inAccount(place, id) {
  if (!id) return place;
  for (const name of ["CLOUDFLARE_ACCOUNT_ID", "CF_ACCOUNT_ID"]) {
    const given = process.env[name];
    if (!given || given === id) continue;
    throw new Failed(
      `${name} is ${given}, and [deploy] has account_id = "${id}". Unset the variable, or write the other account there.`,
    );
  }
  return pinned(place, id);
}

/** The place with this account, whatever else wrangler would take. */
export const pinned = (place, id) => ({ ...place, wranglerEnv: () => ({ ...place.wranglerEnv(), CLOUDFLARE_ACCOUNT_ID: id }) });

/** The account that a keystile.toml names, be the rest of it right or not: a rollback must not wait for that. */
export async function accountIn(file) {
  if (!existsSync(file)) return undefined;
  return (await readWranglerFile(file)).deploy?.account_id;
}

/** The account in which a place is deployed; see `inAccount` and `pinned`. */
export function accountOf(place) {
  const options = { cwd: place.home, env: place.wranglerEnv() };
  const secretsFile = own(place, "upload-secrets.json");
  // One that was killed may have left it.
  rmSync(secretsFile, { force: true });
  const ask = async (...args) => {
    try {
      return await capture(...place.wrangler(...args), options);
    } catch (error) {
      throw explained(place, error);
    }
  };
  const namespaces = async () => jsonOf(await ask("kv", "namespace", "list"));
  return {
    /** Runs wrangler where it needs no account. */
    offline: (...args) => capture(...place.wrangler(...args), options),

    /**
     * The id of the account: that of the place, of the variable, or the login's only one. Wrangler would also take one
     * that somebody chose in this directory before, be it by another login. Throws without a login.
     */
    async id() {
      const { loggedIn, accounts } = jsonOf(await orMissing(/"loggedIn":\s*false/, () => ask("whoami", "--json")) ?? "{}");
      if (!loggedIn) throw new Failed(login(place));
      const env = { ...process.env, ...options.env };
      const named = env.CLOUDFLARE_ACCOUNT_ID || env.CF_ACCOUNT_ID;
      if (!named && accounts.length !== 1) throw new Failed(accounts.length ? several(place) : noAccount(place));
      return named || accounts[0].id;
    },

    /**
     * The versions of a worker that wrangler lists, the last ten or so: each its version of Keystile, undefined for one
     * that no deploy has made, such as by `secret put`. If all are such, the newest one tells by its variable what was
     * deployed before them. None if there is no such worker.
     */
    async versions(name) {
      const listed = await orMissing(noWorker(name), () => ask("versions", "list", "--json", "--name", name));
      const all = listed ? jsonOf(listed).sort(newestFirst) : [];
      const tags = all.map(({ annotations }) => annotations?.["workers/tag"]);
      if (all.length === 0 || latest(tags)) return tags;
      const newest = jsonOf(await ask("versions", "view", all[0].id, "--json", "--name", name));
      const variable = newest.resources?.bindings?.find((each) => each.name === VERSION_VARIABLE);
      return [variable?.text, ...tags.slice(1)];
    },

    /** The names of a worker's secrets; nothing if there is no such worker. */
    async secrets(name) {
      const listed = await orMissing(noWorker(name), () => ask("secret", "list", "--name", name, "--format", "json"));
      return listed && jsonOf(listed).map((each) => each.name);
    },

    /** Whether the KV namespace with the title is there. */
    hasNamespace: async (title) => (await namespaces()).some((each) => each.title === title),

    /** The id of the KV namespace: the given one if the account has it, else the one with the title, made if need be. */
    async namespace(title, given) {
      const listed = await namespaces();
      if (given && !listed.some(({ id }) => id === given)) {
        throw new Failed(
          `The KV namespace ${given} is not in this account. Log in to the account that has it, write its account_id in ` +
            `[deploy], or remove kv_namespace there: then ${title} is found or created. Nothing was changed.`,
        );
      }
      if (given) return given;
      const titled = (all) => all.find((each) => each.title === title)?.id;
      if (titled(listed)) return titled(listed);
      await ask("kv", "namespace", "create", title);
      const id = titled(await namespaces());
      if (!id) throw new Failed(`The KV namespace ${title} was created but is not listed. Run the command again.`);
      return id;
    },

    /** Creates a queue unless it is there; whether it did. */
    async ensureQueue(name) {
      const missing = new RegExp(`Queue "${name}" does not exist\\.`);
      if (await orMissing(missing, () => ask("queues", "info", name))) return false;
      await ask("queues", "create", name);
      return true;
    },

    /** Uploads a worker, with a version and secrets if it is ours. */
    async upload(file, { version, secrets = {} }) {
      const withSecrets = Object.keys(secrets).length ? ["--secrets-file", secretsFile] : [];
      const tag = version ? ["--tag", version, "--message", `Keystile ${version}`] : [];
      if (withSecrets.length) writePrivately(secretsFile, JSON.stringify(secrets));
      try {
        await run(...place.wrangler("deploy", "-c", file, ...tag, ...withSecrets), { ...options, out: STDERR, signals: true });
      } finally {
        rmSync(secretsFile, { force: true });
      }
    },
  };
}

const noAccount = ({ tool }) =>
  `The login can't list its account. Write account_id = "…" in [deploy] of keystile.toml, or log in by: ${tool} login`;

const newestFirst = (a, b) => (b.metadata?.created_on ?? "").localeCompare(a.metadata?.created_on ?? "");

/** Wrangler's ways to say that there is no such worker: in its own words, or in those of the API with its code. */
const noWorker = (name) => {
  const quoted = name.replace(/[^\w-]/g, "\\$&");
  return new RegExp(`Worker "${quoted}" not found\\.|/workers/scripts/${quoted}/[^]*\\[code: 10007\\]`);
};

/** The answer, or nothing if wrangler says, in these words, that it isn't there. No other failure says so. */
async function orMissing(words, ask) {
  try {
    return await ask();
  } catch (error) {
    if ((error.output ?? "").search(words) >= 0) return undefined;
    throw error;
  }
}

/** The JSON in wrangler's output, which may begin with a notice. */
function jsonOf(output) {
  try {
    return JSON.parse(output.slice(output.search(/[[{]/)));
  } catch {
    throw new Failed(`wrangler answered with what is no JSON:\n${output}`);
  }
}

const remedyFor = (place, output) => REMEDIES.find(([pattern]) => pattern.test(output))?.[1](place);

/** The same failure, with what to do about it. */
function explained(place, error) {
  const remedy = error instanceof Failed && error.output && remedyFor(place, error.output);
  return remedy ? Object.assign(new Failed(`${remedy}\n\n${lastLines(error.output)}`), { output: error.output }) : error;
}

const lastLines = (output) => output.trim().split("\n").slice(-12).map((line) => `  ${line}`).join("\n");
