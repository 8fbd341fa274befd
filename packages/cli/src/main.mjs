// The command line: finds the command in the table, reads its options, runs it. Data goes to stdout, everything else to
// stderr. Exit codes: 0 done, 1 failed, 2 wrong usage. With --json a failure, too, is a line of JSON.

import { parseArgs } from "node:util";

import { Failed, WrongUsage } from "./failed.mjs";
import { helpOf, helpOfAll } from "./help.mjs";
import { Course, put, Unwritten } from "./stdout.mjs";
import { COMMANDS } from "./table.mjs";
import { VERSION } from "./version.mjs";

const HELP = { type: "boolean", short: "h", summary: "show this help" };

/** Runs a command line, without the program's name. Resolves to the exit code. */
export async function main(args, { commands = COMMANDS, io: terminal = ofProcess() } = {}) {
  const io = { ...terminal, course: new Course() };
  try {
    const code = (await dispatch(args, commands, io)) ?? 0;
    const unwritten = (await io.settled?.()) ?? io.course.unwritten;
    if (!unwritten || unwritten.isReaderGone) return code;
    throw unwritten;
  } catch (error) {
    if (error instanceof Unwritten && error.isReaderGone) return 0;
    io.say(error instanceof Failed ? shownFailure(error, args) : (error.stack ?? String(error)));
    return error instanceof WrongUsage ? 2 : 1;
  }
}

/** A failure in words, or with --json as a line of JSON. What stands behind `--` is another program's. */
function shownFailure(error, args) {
  const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  return own.includes("--json") ? JSON.stringify(error) : error.message;
}

async function dispatch(args, commands, io) {
  const words = args.slice(0, firstOption(args));
  if (words.length === 0) return withoutCommand(args, commands, io);
  const command = longest(commands.filter(({ name }) => startsWith(words, name)));
  if (!command) return group(args, words, commands, io);
  const { values, positionals } = parsed(command, args.slice(command.name.split(" ").length));
  if (values.help) return io.out(helpOf(command));
  return command.run({ values, positionals, io, commands });
}

function withoutCommand(args, commands, io) {
  const { values } = parsed({ name: "", options: { version: { type: "boolean", short: "v" } } }, args);
  if (values.version) return io.out(VERSION);
  if (values.help) return io.out(helpOfAll(commands));
  io.say(helpOfAll(commands));
  return 2;
}

/** The help of commands that begin with the same word, such as `keystile keys`. */
function group(args, words, commands, io) {
  const members = commands.filter(({ name }) => name.startsWith(`${words[0]} `));
  if (members.length === 0) throw new WrongUsage(`There is no command "${words[0]}". All commands: keystile --help`);
  if (words.length > 1) {
    const known = members.map(({ name }) => name.split(" ").slice(1).join(" ")).join(", ");
    throw new WrongUsage(`There is no command "${words.slice(0, 2).join(" ")}". After "${words[0]}" write one of: ${known}`);
  }
  const asked = args.includes("--help") || args.includes("-h");
  (asked ? io.out : io.say)(helpOfAll(members));
  return asked ? 0 : 2;
}

function parsed(command, args) {
  const { name, arguments: named = [], options = {} } = command;
  const usage = `See: keystile ${name ? `${name} ` : ""}--help`;
  let read;
  try {
    read = parseArgs({ args, allowPositionals: true, options: { ...options, help: HELP } });
  } catch (error) {
    if (!error.code?.startsWith("ERR_PARSE_ARGS")) throw error;
    throw new WrongUsage(`${error.message.split(". To specify")[0].replace(/\.?$/, ".")} ${usage}`);
  }
  if (read.values.help) return read;
  const lacking = named.filter(({ optional }) => !optional)[read.positionals.length];
  if (lacking) throw new WrongUsage(`Write ${shownArgument(lacking)} after "keystile ${name}". ${usage}`);
  if (read.positionals.length > named.length && !named.at(-1)?.rest) {
    throw new WrongUsage(`"${read.positionals[named.length]}" is one argument too many. ${usage}`);
  }
  return read;
}

const shownArgument = ({ name }) => `the ${name}`;
const firstOption = (args) => {
  const at = args.findIndex((each) => each.startsWith("-"));
  return at < 0 ? args.length : at;
};
const startsWith = (words, name) => name.split(" ").every((word, at) => words[at] === word);
const longest = (commands) => commands.toSorted((a, b) => b.name.length - a.name.length)[0];

/** The terminal of this process: `out` writes data, `say` everything else, each with a line's end. */
function ofProcess() {
  // A failure to write is noticed where it is written. On stderr there is nobody to tell.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  const writing = [];
  return {
    out: (text) => void writing.push(put(process.stdout, `${text}\n`)),
    say: (text) => void process.stderr.write(`${text}\n`),
    /** Resolves to the failure of one of the `out`s, if there is one, when all of them are written. */
    async settled() {
      const error = (await Promise.all(writing)).find(Boolean);
      return error && new Unwritten(error);
    },
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
  };
}
