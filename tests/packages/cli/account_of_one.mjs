// Stands in for wrangler in tests of a whole deployment: an account in the file ACCOUNT, which takes uploads. It answers
// with wrangler's own words. `account.test.mjs` runs the real wrangler.
//
//   { id, workers: { NAME: { tag, version: KEYSTILE_VERSION, secrets: { NAME: value } } }, kv: [{ id, title }], queues: [NAME],
//     uploads: the names of the workers, as they were uploaded
//     failsAt: a worker, whose upload is accepted, and then wrangler ends with an error
//     seen: for each upload with secrets, the file that they were in }

import { readFileSync, statSync, writeFileSync } from "node:fs";

const account = JSON.parse(readFileSync(process.env.ACCOUNT, "utf8"));
const words = process.argv.slice(2);
const option = (name) => words[words.indexOf(name) + 1];
const json = (value) => console.log(JSON.stringify(value));

function fail(text) {
  console.error(`✘ [ERROR] ${text}`);
  process.exitCode = 1;
}

const COMMANDS = {
  whoami: () => json({ loggedIn: true, accounts: [{ id: account.id, name: "Mine" }] }),
  "versions list": () => {
    const worker = account.workers[option("--name")];
    if (worker) return json([{ id: "1", metadata: {}, annotations: worker.tag ? { "workers/tag": worker.tag } : {} }]);
    const at = `/accounts/a/workers/scripts/${option("--name")}/versions`;
    return fail(`A request to the Cloudflare API (${at}) failed.\n  This Worker does not exist on your account. [code: 10007]`);
  },
  "versions view": () => {
    const { version } = account.workers[option("--name")];
    const variable = { type: "plain_text", name: "KEYSTILE_VERSION", text: version };
    json({ id: words[2], resources: { bindings: version ? [variable] : [] } });
  },
  "secret list": () => {
    const worker = account.workers[option("--name")];
    if (worker) return json(Object.keys(worker.secrets).map((name) => ({ name, type: "secret_text" })));
    return fail(`Worker "${option("--name")}" not found.\n\nIf this is a new Worker, run \`wrangler deploy\` first to create it.`);
  },
  "kv namespace list": () => json(account.kv),
  "kv namespace create": () => account.kv.push({ id: "c".repeat(32), title: words[3] }),
  "queues info": () => account.queues.includes(words[2]) || fail(`Queue "${words[2]}" does not exist.`),
  "queues create": () => account.queues.push(words[2]),
  deploy: () => {
    const { name, vars } = JSON.parse(readFileSync(option("-c"), "utf8"));
    const file = words.includes("--secrets-file") ? option("--secrets-file") : undefined;
    const secrets = file ? JSON.parse(readFileSync(file, "utf8")) : {};
    if (file) account.seen.push({ file, mode: statSync(file).mode & 0o777 });
    const before = account.workers[name]?.secrets;
    account.uploads.push(name);
    const tag = words.includes("--tag") ? option("--tag") : undefined;
    account.workers[name] = { tag, version: vars?.KEYSTILE_VERSION, secrets: { ...before, ...secrets } };
    if (account.failsAt === name) fail("The upload was accepted; its triggers could not be set.");
  },
};

const command = [3, 2, 1].map((length) => words.slice(0, length).join(" ")).find((name) => name in COMMANDS);
if (command) COMMANDS[command]();
else fail(`Unknown arguments: ${words.join(" ")}`);
writeFileSync(process.env.ACCOUNT, JSON.stringify(account));
