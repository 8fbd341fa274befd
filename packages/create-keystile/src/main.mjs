// `npm create keystile@latest [DIRECTORY]`: asks what the project guards, and writes it. Exit codes: 0 done, 1 failed,
// 2 wrong usage.

import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { answered, ask, Cancelled } from "./answers.mjs";
import { writeProject } from "./project.mjs";
import { TEMPLATES } from "./templates.mjs";

const OPTIONS = {
  template: { type: "string" },
  prefix: { type: "string" },
  upstream: { type: "string" },
  yes: { type: "boolean", short: "y" },
  help: { type: "boolean", short: "h" },
  /** For tests: the place of the package @keystile/cli, instead of the registry. */
  cli: { type: "string" },
};

const HELP = `npm create keystile@latest [DIRECTORY] -- [options]

Writes a project into a new or empty directory: keystile.toml, a worker in TypeScript behind the edge, package.json.

  --template NAME   ${Object.keys(TEMPLATES).join(", ")}
  --prefix PREFIX   keys begin with it: lower-case letters
  --upstream URL    your own API, https://…, instead of the worker in TypeScript
  -y, --yes         ask nothing; the defaults for what isn't given
  -h, --help        this help

Without a terminal nothing can be asked: give --yes.`;

/** A mistake in the command line, or a directory that can't be used. */
class WrongUsage extends Error {}

/** The system refuses to read or write the project's directory. */
class Unwritable extends Error {}

export async function main(args) {
  try {
    const { values, positionals } = parsed(args);
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const given = { ...values, directory: positionals[0] };
    if (!given.yes && !process.stdin.isTTY) {
      throw new WrongUsage("Nothing can be asked here, as this is no terminal. Write --yes, and what differs from the defaults: --template, --prefix, --upstream.");
    }
    const answers = given.yes ? answered(given) : await ask(given, refuseDirectory);
    refuseDirectory(answers.directory);
    fromSystem(answers.directory, "can't be written", () => writeProject(answers));
    console.log(nextSteps(answers));
    return 0;
  } catch (error) {
    if (error instanceof Cancelled) return 1;
    const isUsage = error instanceof WrongUsage || error.code === "WRONG_ANSWER";
    console.error(isUsage || error instanceof Unwritable ? error.message : error.stack);
    return isUsage ? 2 : 1;
  }
}

function parsed(args) {
  try {
    const read = parseArgs({ args, allowPositionals: true, options: OPTIONS });
    if (read.positionals.length > 1) throw new WrongUsage(`"${read.positionals[1]}" is one argument too many. See --help.`);
    return read;
  } catch (error) {
    if (!error.code?.startsWith("ERR_PARSE_ARGS")) throw error;
    throw new WrongUsage(`${error.message.split(". To specify")[0].replace(/\.?$/, ".")} See --help.`);
  }
}

/** The result of calls of the system, or a sentence on what it refused. */
function fromSystem(directory, refused, act) {
  try {
    return act();
  } catch (error) {
    if (!error.syscall) throw error;
    throw new Unwritable(`${directory} ${refused}: ${error.message}`);
  }
}

/** Throws unless the directory is new or empty. A project under version control has nothing but .git. */
function refuseDirectory(directory) {
  if (!directory.trim()) throw new WrongUsage("Write a directory's name, or . for this one.");
  const at = path.resolve(directory);
  const isFile = (place) => statSync(place, { throwIfNoEntry: false })?.isFile();
  const file = fromSystem(directory, "can't be read", () => [at, ...parents(at)].find(isFile));
  if (file) throw new WrongUsage(`${directory} can't be a directory: ${file} is a file. Name another directory.`);
  if (!existsSync(at)) return;
  const found = fromSystem(directory, "can't be read", () => readdirSync(at)).filter((name) => name !== ".git");
  if (found.length) {
    throw new WrongUsage(
      `${directory} is not empty: it has ${found.slice(0, 3).join(", ")}${found.length > 3 ? ", …" : ""}. ` +
        "Name another directory. In a project that is there, run: npm install -D @keystile/cli && npx keystile init",
    );
  }
}

const parents = (place) => (path.dirname(place) === place ? [] : [path.dirname(place), ...parents(path.dirname(place))]);

const nextSteps = ({ directory }) => `
✓ ${path.relative(process.cwd(), path.resolve(directory)) || "."} is written. Next:

  ${path.resolve(directory) === process.cwd() ? "" : `cd ${quoted(directory)} && `}npm install && npm start
`;

/** A directory as a shell takes it. */
function quoted(directory) {
  const named = directory.startsWith("-") ? `./${directory}` : directory;
  return /^[\w./-]+$/.test(named) ? named : `'${named.replaceAll("'", "'\\''")}'`;
}
