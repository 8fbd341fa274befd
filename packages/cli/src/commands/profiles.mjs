// keystile login, logout, profiles: deployments that commands know by name.

import { KeystileError } from "../../../keystile/src/client/index.ts";
import { clientOf, refused } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { answer, Table, write } from "../output.mjs";
import { checked, checkName, forget, keep, read, use } from "../profiles.mjs";
import { secretFrom } from "../prompt.mjs";

const JSON_OUT = { json: { type: "boolean", summary: "as a line of JSON" } };
const PROFILE = { name: "profile", summary: "a name of yours for the deployment" };
const KEY = /^[\w.-]+$/;

export const PROFILES = [
  {
    name: "login",
    summary: "keep the address and the key of a deployment, and use it from now on",
    arguments: [{ ...PROFILE, optional: true, summary: `${PROFILE.summary} (default: default)` }],
    options: {
      url: { type: "string", value: "URL", summary: "the address of its management worker" },
      "in-file": { type: "boolean", summary: "keep the key in a file that only you can read, not in the system's keyring" },
      ...JSON_OUT,
    },
    details: `
The key is asked for, or read from stdin; it is never an argument, which other programs could read. It is tried first, and
kept in the system's keyring: by "security" on macOS, by "secret-tool" on Linux.`,
    async run({ values, positionals: [name = "default"], io }) {
      checkName(name);
      const url = values.url ?? read(io).profiles[name]?.url;
      if (!url) throw new WrongUsage("Write the address of the management worker: --url https://keys.example.com");
      const address = checked(url);
      const key = await secretFrom(io, `The operator's key for ${address}: `);
      if (!KEY.test(key)) throw new WrongUsage("That isn't a key. Pipe the key to this command, or type it when it asks.");
      const operator = await whoseKey({ url: address, key, from: "stdin" }, io);
      await keep(name, address, key, { inFile: values["in-file"] }, io);
      const facts = { profile: name, url: address, operator: operator.name, tenant: operator.tenant };
      const reach = operator.tenant === "*" ? "all tenants" : operator.tenant;
      await answer(io, values, facts, `${name} is ${address} as "${operator.name}", for ${reach}. It is in use now.`);
    },
  },
  {
    name: "logout",
    summary: "forget a deployment and its key",
    arguments: [{ ...PROFILE, optional: true, summary: "its name (default: the one in use)" }],
    options: JSON_OUT,
    async run({ values, positionals: [given], io }) {
      const name = given ?? read(io).use;
      if (name === undefined) throw new WrongUsage("No profile is in use. See: keystile profiles list");
      await forget(name, io);
      await answer(io, values, { profile: name }, `${name} is forgotten. Its key is valid still: revoke it with keystile operators revoke.`);
    },
  },
  {
    name: "profiles list",
    summary: "list the deployments that are known by name",
    options: JSON_OUT,
    async run({ values, io }) {
      const { use: inUse, profiles } = read(io);
      const all = Object.entries(profiles).map(([name, { url, key }]) => ({ profile: name, url, key, in_use: name === inUse }));
      if (values.json) {
        for (const each of all) await write(io, JSON.stringify(each));
        return undefined;
      }
      if (all.length === 0) return io.say("There are none. See: keystile login --help");
      return new Table(io, {
        PROFILE: ({ profile }) => profile,
        URL: ({ url }) => url,
        "KEY IN": ({ key }) => key,
        "IN USE": ({ in_use }) => (in_use ? "yes" : ""),
      }).rows(all);
    },
  },
  {
    name: "profiles use",
    summary: "use a deployment from now on",
    arguments: [PROFILE],
    options: JSON_OUT,
    async run({ values, positionals: [name], io }) {
      use(name, io);
      await answer(io, values, { profile: name }, `${name} is in use now.`);
    },
  },
];

async function whoseKey(at, io) {
  try {
    return (await clientOf(at, io).session.get()).operator;
  } catch (error) {
    throw error instanceof KeystileError ? refused(error, at) : error;
  }
}
