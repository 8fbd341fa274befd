// Commands that ask the management API: their client, their common options, and what they say of a refusal.

import { Keystile, KeystileError } from "../../keystile/src/client/index.ts";
import { Failed, WrongUsage } from "./failed.mjs";
import { plain } from "./output.mjs";
import { deployment } from "./profiles.mjs";

const COMMON = {
  json: { type: "boolean", summary: "each answer as a line of JSON" },
  profile: { type: "string", value: "NAME", summary: "the deployment to ask (see keystile login)" },
  url: { type: "string", value: "URL", summary: "its address, with its key in KEYSTILE_KEY" },
};

/** Options of a command that changes something. */
export const CHANGE = {
  wait: { type: "string", value: "SECONDS", summary: "answer when the change is in effect at every edge, 30 at most" },
  "if-version": { type: "string", value: "N", summary: "only if it still has this version" },
};
/** Of one that can't be undone. */
export const YES = { yes: { type: "boolean", short: "y", summary: "don't ask" } };
/** Of a list. */
export const LIST = {
  limit: { type: "string", value: "N", summary: "so many at most (default: 50)" },
  all: { type: "boolean", summary: "all of them" },
};

/** A command of the API. Its `run` gets the client as `keystile`, and the deployment as `at`. */
export function apiCommand({ options = {}, run, ...command }) {
  return {
    ...command,
    options: { ...options, ...COMMON },
    async run({ values, positionals, io, commands }) {
      checkArguments(positionals);
      const at = await deployment(values, io);
      const keystile = clientOf(at, io);
      try {
        return await run({ keystile, at, values, positionals, io, commands });
      } catch (error) {
        throw error instanceof KeystileError ? refused(error, at, options) : error;
      }
    },
  };
}

/** The client of a deployment. */
export function clientOf({ url, key, from }, io) {
  try {
    return new Keystile({ url, key, fetch: noted(io) });
  } catch (error) {
    if (error instanceof TypeError) throw new WrongUsage(`What ${from} has isn't the text of a key.`);
    throw error;
  }
}

/** Asks, and notes in the command's course whether anything may be changed by it. */
const noted = (io) => (address, init) => {
  if (init.method !== "GET") io.course.hasChanged = true;
  return (io.fetch ?? fetch)(address, init);
};

/** An empty argument is a variable of a script that isn't set; such a text is a part of no address. */
function checkArguments(positionals) {
  const wrong = positionals.find((each) => each === "" || each === "." || each === "..");
  if (wrong !== undefined) throw new WrongUsage(`An argument is "${wrong}". Is a variable not set?`);
}

/** A failure of the API, as one of a command with these options. */
export function refused(error, at, options = {}) {
  const { code, status, requestId, message, errors } = error;
  const hint = hintOf(error, at);
  // The message of a problem tells the first of its mistakes.
  const mistakes = errors.map(({ field, detail }) => plain(`  ${optionOf(field, options)}: ${asCommands(detail)}`));
  const said = mistakes.length > 0 ? [`${code}: what was sent has mistakes.`, ...mistakes] : [plain(`${code}: ${message}`)];
  const lines = [...said, hint, requestId && plain(`(${requestId})`)];
  const failed = new Failed(lines.filter(Boolean).join("\n"));
  return Object.assign(failed, { code, facts: { status, message, errors, request_id: requestId, hint } });
}

/** The option that a field of a request is of, as it is written; the field itself if none is. */
function optionOf(field, options) {
  const name = field.replace(/(\.\d+|\[\d+\])+$/, "").replace(/[._]/g, "-");
  const names = [name, name.replace(/s$/, ""), name.replace(/-(seconds|days|percent)$/, "")];
  const found = names.find((each) => Object.hasOwn(options, each));
  return found === undefined ? field : `--${found}`;
}

/** The detail of a mistake, with the command in place of the API's request that lists the scopes. */
const asCommands = (detail) => detail.replace("GET /v1/scopes lists", "keystile scopes lists");

function hintOf({ code, status, problem, retryAfter }, at) {
  if (status === 401) {
    const again = at.profile ? `Log in again: keystile login ${at.profile}` : "Give it another.";
    return `${at.url} doesn't take the key of ${at.from}. ${again}`;
  }
  if (code === "NETWORK" || code === "TIMEOUT") return `Is the address right? It is that of ${at.from}.`;
  if (code === "VERSION_MISMATCH") return `It has the version ${problem?.version} now. Look at it again before you change it.`;
  if (code === "REVOCATION_PENDING" || code === "CHANGE_PENDING") return "It is recorded. Send the same again to see when it is in effect.";
  if (retryAfter !== undefined) return `Try again in ${Math.ceil(retryAfter)} seconds.`;
  return undefined;
}
