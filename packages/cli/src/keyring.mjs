// The keyring of the operating system, by its own tool: `security` of macOS, `secret-tool` of Linux. A key goes there
// by stdin, never as an argument, which other programs could read.

import { spawn } from "node:child_process";

import { Failed } from "./failed.mjs";

const SERVICE = "keystile";

const TOOLS = {
  darwin: {
    program: "security",
    // `-i` reads commands from stdin, so that the key is in no argument.
    store: (name, key) => [["-i"], `add-generic-password -U -s ${SERVICE} -a ${name} -w ${key}\n`],
    lookup: (name) => ["find-generic-password", "-s", SERVICE, "-a", name, "-w"],
    remove: (name) => ["delete-generic-password", "-s", SERVICE, "-a", name],
  },
  linux: {
    program: "secret-tool",
    store: (name, key) => [["store", `--label=Keystile, profile ${name}`, "service", SERVICE, "profile", name], key],
    lookup: (name) => ["lookup", "service", SERVICE, "profile", name],
    remove: (name) => ["clear", "service", SERVICE, "profile", name],
  },
};

/** Keeps a profile's key. */
export async function storeKey(name, key, io) {
  const { program, store } = tool(io);
  const [args, input] = store(name, key);
  await run(program, args, io, input);
  if ((await lookUpKey(name, io)) !== key) throw new Failed(`${program} didn't keep the key. ${OTHERWISE}`);
}

/** A profile's key; undefined if the keyring has none. */
export async function lookUpKey(name, io) {
  const { program, lookup } = tool(io);
  return (await run(program, lookup(name), io).catch(noSuchKey))?.replace(/\r?\n$/, "") || undefined;
}

/** Forgets a profile's key. */
export async function removeKey(name, io) {
  const { program, remove } = tool(io);
  await run(program, remove(name), io).catch(noSuchKey);
}

const OTHERWISE = "Set KEYSTILE_KEY instead, or keep the key in a file that only you can read: keystile login --in-file";

function tool({ platform = process.platform }) {
  if (TOOLS[platform]) return TOOLS[platform];
  throw new Failed(`keystile knows no keyring on this system. ${OTHERWISE}`);
}

/** Both tools end with an error for a key that isn't there. */
function noSuchKey(error) {
  if (error.isExit) return undefined;
  throw error;
}

function run(program, args, io, input = "") {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: io.env });
    let [out, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
    child.stdin.on("error", () => {});
    child.on("error", () => reject(new Failed(`The keyring can't be reached: there is no program "${program}". ${OTHERWISE}`)));
    child.on("close", (code) => {
      if (code === 0) return resolve(out);
      const failure = new Failed(`The keyring can't be reached (${program}: ${errors.trim() || `exit code ${code}`}). ${OTHERWISE}`);
      reject(Object.assign(failure, { isExit: true }));
    });
    child.stdin.end(input);
  });
}
