// The four answers that a project is made of: its directory and name, its template, the prefix of its keys, and what
// stands behind the edge. They come from options, from questions, or are the defaults.

import path from "node:path";

import { cancel, intro, isCancel, select, text } from "@clack/prompts";

import { TEMPLATES } from "./templates.mjs";

const DIRECTORY = "my-gate";

/** The person at the terminal ended the questions. */
export class Cancelled extends Error {}

const wrong = (message) => Object.assign(new Error(message), { code: "WRONG_ANSWER" });

/** The answers from options alone. */
export function answered({ directory = DIRECTORY, template = Object.keys(TEMPLATES)[0], prefix, upstream, cli }) {
  const answers = { directory, name: nameOf(directory), template, prefix: prefix ?? defaultPrefix(directory), cli };
  for (const [question, value] of [["template", template], ["prefix", answers.prefix], ["upstream", upstream]]) {
    const mistake = MISTAKES[question](value);
    if (mistake) throw wrong(`--${question}: ${mistake}`);
  }
  return { ...answers, upstream: upstream && addressOf(upstream) };
}

/** The answers from a person, for what the options don't say. `refuse` throws for a directory that can't be used. */
export async function ask(given, refuse) {
  intro("A guard of your own, in your own Cloudflare account");
  const directory = given.directory ?? (await askText("In which directory?", DIRECTORY, refused(refuse)));
  refuse(directory);
  const template =
    given.template ??
    (await asked(select, {
      message: "What does it guard?",
      options: Object.entries(TEMPLATES).map(([value, { title, hint }]) => ({ value, label: title, hint })),
    }));
  const prefix = given.prefix ?? (await askText("With what do your keys begin?", defaultPrefix(directory), MISTAKES.prefix));
  const upstream = given.upstream ?? (await askUpstream());
  return answered({ ...given, directory, template, prefix, upstream });
}

async function askUpstream() {
  const where = await asked(select, {
    message: "What is behind it?",
    options: [
      { value: "worker", label: "A worker in TypeScript, which is written for you" },
      { value: "url", label: "Your own API, which has an address" },
    ],
  });
  if (where === "worker") return undefined;
  return asked(text, { message: "Its address?", placeholder: "https://api.example.com", validate: (value) => MISTAKES.upstream(value ?? "") });
}

/** Asks for a text; an empty answer is the default. */
const askText = (message, byDefault, mistake) =>
  asked(text, { message, placeholder: byDefault, defaultValue: byDefault, validate: (value) => mistake(value || byDefault) });

async function asked(prompt, options) {
  const answer = await prompt(options);
  if (isCancel(answer)) {
    cancel("Nothing was written.");
    throw new Cancelled();
  }
  return answer;
}

const refused = (refuse) => (directory) => {
  try {
    return refuse(directory);
  } catch (error) {
    return error.message;
  }
};

/** The mistake in an answer, in words; undefined if nothing is. */
const MISTAKES = {
  template: (name) =>
    Object.hasOwn(TEMPLATES, name) ? undefined : `there is no template "${name}"; write one of ${Object.keys(TEMPLATES).join(", ")}.`,
  prefix(prefix) {
    if (!/^[a-z]{2,12}$/.test(prefix)) return "write 2 to 12 lower-case letters, such as acme.";
    return isReserved(prefix) ? "ksop and ksroot begin operators' keys; write another, such as acme." : undefined;
  },
  upstream: (url) => {
    if (url === undefined) return undefined;
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!["https:", "http:"].includes(parsed?.protocol)) return "write an address such as https://api.example.com.";
    if (parsed.username || parsed.password || parsed.search || parsed.hash) return "write it without a user, ? and #, such as https://api.example.com.";
    const isHere = ["localhost", "127.0.0.1"].includes(parsed.hostname);
    return parsed.protocol === "http:" && !isHere ? "write https://; http:// is for localhost and 127.0.0.1 alone." : undefined;
  },
};

const nameOf = (directory) => path.basename(path.resolve(directory));
const defaultPrefix = (directory) => {
  const letters = nameOf(directory).toLowerCase().replace(/[^a-z]/g, "").slice(0, 12);
  return letters.length < 2 || isReserved(letters) ? "demo" : letters;
};
/** Operators' keys begin so. */
const isReserved = (prefix) => /^ks(op|root)/.test(prefix);
/** The address as the configuration takes it. */
const addressOf = (url) => new URL(url).href.replace(/\/+$/, "");
