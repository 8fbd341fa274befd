// Profiles: the deployment that a command speaks to, and its key.
//
// A profile is the address of a deployment. Its key is in the system's keyring, or in a file that only its owner can
// read if `keystile login --in-file` said so. A stored key goes to its profile's own address alone.

import { mkdirSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

import { Failed, WrongUsage } from "./failed.mjs";
import { lookUpKey, removeKey, storeKey } from "./keyring.mjs";
import { isLoopback } from "./loopback.mjs";
import { writePrivately } from "./new_file.mjs";
import { runs, startOf } from "./project/one_stack.mjs";
import { nearest } from "./upwards.mjs";

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
/** Where `keystile dev`, and `npm start` of a clone, keep what is of a directory's stack. */
const OWN = ".keystile";
const STACK = path.join(OWN, "stack.json");

/**
 * The deployment of a command: `{ url, key, from, edge }`. In this order: --profile; --url or KEYSTILE_URL; the profile
 * KEYSTILE_PROFILE; the stack that runs in this directory or one above it, unless KEYSTILE_KEY is set; the profile in
 * use. KEYSTILE_KEY goes before the key of a profile.
 */
export async function deployment(values, io) {
  const { KEYSTILE_KEY: key, KEYSTILE_URL, KEYSTILE_PROFILE } = io.env;
  const url = values.url ?? KEYSTILE_URL;
  if (values.profile !== undefined) return ofProfile(values.profile, key, io);
  if (url !== undefined) {
    if (!key) throw new WrongUsage(`Set KEYSTILE_KEY to an operator's key for ${checked(url)}, or log in: keystile login`);
    return { url: checked(url), key, from: "KEYSTILE_KEY" };
  }
  if (KEYSTILE_PROFILE) return ofProfile(KEYSTILE_PROFILE, key, io);
  const stack = key ? undefined : await localStack(io.cwd);
  if (stack) return stack;
  const { use } = read(io);
  if (use !== undefined) return ofProfile(use, key, io);
  const running = key && (await localStack(io.cwd).catch(() => undefined));
  if (running) {
    throw new WrongUsage(
      `KEYSTILE_KEY is set, but no address. ${running.start} runs here: set KEYSTILE_URL=${running.url}, too, or unset ` +
        "KEYSTILE_KEY to use its root key.",
    );
  }
  const without = key ? "KEYSTILE_KEY is set, but no address" : "No deployment is known";
  throw new WrongUsage(
    `${without}. Log in (keystile login --url https://keys.example.com), set KEYSTILE_URL and KEYSTILE_KEY, or run ` +
      "keystile dev in this directory.",
  );
}

async function ofProfile(name, given, io) {
  const profile = read(io).profiles[name];
  if (!profile) throw new WrongUsage(`There is no profile "${name}". See: keystile profiles list`);
  // The file of profiles may have been edited by hand.
  const url = checked(profile.url, `The url of the profile "${name}"`);
  if (given) return { url, key: given, from: "KEYSTILE_KEY" };
  const key = profile.key === "file" ? keyInFile(name, io) : await lookUpKey(name, io);
  if (key === undefined) throw new Failed(`The key of the profile "${name}" isn't there. Run: keystile login ${name}`);
  return { url, key, from: `the profile "${name}"`, profile: name };
}

/**
 * The stack that runs in this directory, or in the nearest above it that has one. A file that names another machine isn't
 * one of `keystile dev`. One that a killed stack has left is a failure: whatever listens at its port now must not get the
 * key, and whoever works with the stack must not change the deployment of the profile in use unawares.
 */
async function localStack(directory) {
  const home = nearest(directory, STACK);
  if (home === undefined) return undefined;
  const facts = readStack(path.join(home, STACK));
  if (!facts) return undefined;
  const place = { own: OWN, home, start: "keystile dev" };
  const from = path.relative(directory, path.join(home, STACK));
  const start = startOf(place);
  if (await runs(place)) return { url: checked(facts.manage), key: facts.root_key, from, start, edge: facts.edge };
  throw new Failed(
    `${start} doesn't run any more here: it was killed, and left ${from}. Start it again, or remove that file, or say ` +
      "which deployment to ask: --profile NAME, or KEYSTILE_URL and KEYSTILE_KEY.",
  );
}

function readStack(file) {
  try {
    const facts = JSON.parse(readFileSync(file, "utf8"));
    return typeof facts.root_key === "string" && isLoopback(facts.manage) ? facts : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a profile, and its key at one place alone, and uses it from now on. */
export async function keep(name, url, key, { inFile }, io) {
  checkName(name);
  const { profiles } = read(io);
  if (inFile) writeKeys({ ...readKeys(io), [name]: key }, io);
  else await storeKey(name, key, io);
  write({ use: name, profiles: { ...profiles, [name]: { url, key: inFile ? "file" : "keyring" } } }, io);
  if (!inFile) return removeFromFile(name, io);
  await removeKey(name, io).catch(({ message }) => {
    // Without a keyring there is none in it.
    if (profiles[name]?.key === "keyring") io.say(`! The earlier key of ${name} may still be in the keyring: ${message}`);
  });
}

/** Forgets a profile and its key, wherever one is. */
export async function forget(name, io) {
  const { use, profiles } = read(io);
  const { [name]: gone, ...others } = profiles;
  if (!gone) throw new WrongUsage(`There is no profile "${name}". See: keystile profiles list`);
  removeFromFile(name, io);
  await removeKey(name, io).catch((error) => {
    if (gone.key === "keyring") throw error;
  });
  write({ ...(use === name ? {} : { use }), profiles: others }, io);
}

function removeFromFile(name, io) {
  const { [name]: gone, ...keys } = readKeys(io);
  if (gone !== undefined) writeKeys(keys, io);
}

/** Uses a profile from now on. */
export function use(name, io) {
  const { profiles } = read(io);
  if (!profiles[name]) throw new WrongUsage(`There is no profile "${name}". See: keystile profiles list`);
  write({ use: name, profiles }, io);
}

/** All profiles: `{ use, profiles: { name: { url, key: "keyring" or "file" } } }`. */
export function read(io) {
  const file = fileOf("profiles.json", io);
  const { use, profiles } = parsed(file) ?? {};
  return { use, profiles: ownMembers(profiles) };
}

/** The address of a management worker. A key isn't sent over plain http to another machine. */
export function checked(url, named = "The url") {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.password || parsed.search) {
    throw new WrongUsage(`${named} has to be the address of the management worker, such as https://keys.example.com`);
  }
  const address = `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, "");
  if (parsed.hash) throw new WrongUsage(`${named} ends with ${parsed.hash}, which is a place in a page: write ${address}`);
  if (parsed.protocol === "http:" && !isLoopback(url)) {
    throw new WrongUsage(`${named} is ${parsed.origin}: write https. Over plain http others could read the key.`);
  }
  return address;
}

export function checkName(name) {
  if (!NAME.test(name)) throw new WrongUsage("The name of a profile has letters, digits, - and _, 64 at most.");
}

function directoryOf({ env, platform = process.platform }) {
  if (env.KEYSTILE_CONFIG_DIR) return env.KEYSTILE_CONFIG_DIR;
  if (platform === "win32" && env.APPDATA) return path.join(env.APPDATA, "keystile");
  return path.join(env.XDG_CONFIG_HOME || path.join(env.HOME || homedir(), ".config"), "keystile");
}

const fileOf = (name, io) => path.join(directoryOf(io), name);

function write(profiles, io) {
  writeData(fileOf("profiles.json", io), profiles);
}

function keyInFile(name, io) {
  return readKeys(io)[name];
}

function readKeys(io) {
  const file = fileOf("keys.json", io);
  const keys = ownMembers(parsed(file));
  const others = (io.platform ?? process.platform) === "win32" ? 0 : (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077;
  if (others !== 0) throw new Failed(`Others can read ${file}, which has keys. Run: chmod 600 ${file}`);
  return keys;
}

/** The members by names that others choose, without those that every object inherits, such as "constructor". */
const ownMembers = (members) => Object.assign(Object.create(null), members);

function writeKeys(keys, io) {
  writeData(fileOf("keys.json", io), keys);
}

function parsed(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw new Failed(`${file} can't be read: ${error.message}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Failed(`${file} isn't JSON. Mend it, or remove it and log in again: keystile login`);
  }
}

function writeData(file, data) {
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  writePrivately(file, `${JSON.stringify(data, null, 2)}\n`);
}
