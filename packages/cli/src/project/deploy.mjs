// `keystile deploy`: deploys all workers, and the pages, to a Cloudflare account. It creates what is missing there: the
// KV namespace, the two queues of webhooks, and the two secrets. What can't work is refused before anything is changed.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { Failed } from "../failed.mjs";
import { isLoopback } from "../loopback.mjs";
import { VERSION } from "../version.mjs";
import { accountOf, inAccount, pinned } from "./account.mjs";
import { readConfiguration } from "./configuration.mjs";
import { freshSecrets, keptByEarlierVersion, pending, puts, SECRETS } from "./deploy_secrets.mjs";
import { isLater, latest } from "./later.mjs";
import { own } from "./place.mjs";
import { CONFIG, prepare, projectOf } from "./project.mjs";
import { findServices } from "./services.mjs";
import { kib, uploadSize } from "./sizes.mjs";
import { demoName, named, templateOf, WORKERS, wranglerFile, writeWorkers } from "./wrangler_files.mjs";

export const deploy = {
  name: "deploy",
  summary: "deploy all workers to your Cloudflare account",
  options: {
    config: CONFIG,
    older: { type: "boolean", summary: "also where a later version was deployed, such as after a rollback" },
    "dry-run": { type: "boolean", summary: "everything but the account: checks, sizes, and what would be created" },
    json: { type: "boolean", summary: "what was deployed, or would be, as a line of JSON; secrets stay on stderr" },
  },
  details: `
Log in first: keystile wrangler -- login, or set CLOUDFLARE_API_TOKEN. Names, addresses and the account are in [deploy]
of keystile.toml. A source's secrets are yours to set, NAME being the name in [deploy], keystile by default:
keystile wrangler -- secret put SECRET --name NAME-hooks`,
  async run({ values, io }) {
    const options = { dryRun: values["dry-run"], older: values.older, say: io.say };
    const facts = await deployProject(projectOf(values, io), options);
    if (values.json) io.out(JSON.stringify(facts));
  },
};

/** Deploys the project of a place. Resolves to the facts of it, without secrets. */
export async function deployProject(project, { dryRun = false, older = false, say }) {
  const { workers: texts, summary, warnings } = await readConfiguration(project.file, project.home);
  const place = inAccount(project, summary.deploy.account_id);
  const found = await findServices(summary, place.home);
  refuseWhatCannotWork(path.relative(place.home, place.file), summary, found);
  warnings.forEach((warning) => say(`! ${warning}`));
  prepare(place);
  const { services } = found;
  const written = (kv) => writeWorkers(own(place, "deploy"), texts, { summary, services, kv, version: VERSION }, { beside: true }).configs;
  const bound = Object.values(services);
  const demo = bound.includes(demoName(summary)) ? [demoName(summary)] : [];
  const plan = { place, summary, say, written, demo, files: found.files, older };
  const facts = await (dryRun ? rehearse(plan) : carryOut(plan));
  return { dry_run: dryRun, version: VERSION, ...facts };
}

/** Throws if the configuration names what an account doesn't have. */
export function refuseWhatCannotWork(shown, summary, found) {
  const mistakes = whatCannotWork(summary, found);
  if (mistakes.length === 0) return;
  throw new Failed(`${shown} can't be deployed:\n${mistakes.map((each) => `  - ${each}`).join("\n")}`);
}

/** The things that the configuration names and an account doesn't have, and what to write, a sentence or two each. */
export function whatCannotWork(summary, { lacking }) {
  const local = summary.upstreams.filter(({ url }) => url && isLoopback(url));
  return [
    ...local.map(
      ({ name, url }) =>
        `The upstream "${name}" is ${url}, which is this machine: Cloudflare can't reach it. ` +
        "Write its public https:// URL.",
    ),
    ...summary.jwks_urls
      .filter((url) => isLoopback(url))
      .map((url) => `The jwks_url ${url} is this machine: Cloudflare can't reach it. Write the sender's https:// URL.`),
    ...[summary.github_keys_url]
      .filter((url) => isLoopback(url))
      .map((url) => `The github_keys_url ${url} is this machine, which is for tests. Leave it out.`),
    ...[summary.allow_loopback]
      .filter(Boolean)
      .map(() => "[events] allow_loopback = true lets events go to this machine, which is for development. Leave it out."),
    ...lacking.map(
      ({ name, service }) =>
        `The upstream "${name}" is the service binding ${service}, and [deploy.services] names no worker for it. ` +
        `Write there ${service} = "…", the worker's name in your account, or ${service} = { config = "…" }, ` +
        "the path of its wrangler file.",
    ),
  ];
}

/** Bundles all and says what a deployment would do. */
async function rehearse({ place, summary, say, written, demo, files }) {
  const configs = written(summary.deploy.kv_namespace ?? "0".repeat(32));
  const account = accountOf(place);
  const directory = mkdtempSync(path.join(tmpdir(), "keystile-"));
  const workers = [];
  try {
    const demos = demo.map((name) => ({ name, file: configs.upstream }));
    for (const { name, file } of [...files, ...demos, ...ours(summary, configs)]) {
      const out = path.join(directory, name);
      await account.offline("deploy", "--dry-run", "-c", file, "--outdir", out);
      const { raw, gzip } = uploadSize(out);
      workers.push({ name, gzip_bytes: gzip, raw_bytes: raw });
      say(`✓ ${name.padEnd(24)} ${kib(gzip).padStart(7)} KiB gzip ${kib(raw).padStart(8)} KiB raw`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  const id = summary.deploy.kv_namespace;
  const names = ours(summary, configs).map(({ name }) => name);
  const [manage, edge] = FIRST_ORDER.slice(-2).map((worker) => named(`keystile-${worker}`, summary));
  const first = [...files.map(({ name }) => name), ...demo];
  say(`
A deployment would
  - ${id ? `use the KV namespace ${id}` : `find or create the KV namespace ${named("keystile-keys", summary)}`}
  - create the queues ${queues(summary).join(" and ")} unless they are there
  - make the secrets ${SECRETS.join(" and ")} where a worker lacks them
  - deploy ${[...first, ...names].join(", ")}
    (in place of those of the same names: a second project in this account needs another name in [deploy];
    in this order; the first time ${manage} before ${edge}: it holds the classes that the edge names)
${ownSecrets(place, summary).map((line) => `  - leave to you ${line}\n`).join("")}
Dry run: nothing was created or uploaded.`);
  return { kv_namespace: id ?? null, queues: queues(summary), workers };
}

/** The order of a first deployment: the edge names classes of the management worker, which must be there. */
const FIRST_ORDER = [...WORKERS.filter((worker) => worker !== "edge"), "edge"];

/** The secrets that Keystile makes, by the workers that need them. */
function sharedSecrets() {
  const needs = (worker) => SECRETS.filter((secret) => templateOf(worker).secrets?.required.includes(secret));
  return Object.fromEntries(WORKERS.map((worker) => [worker, needs(worker)]).filter(([, needed]) => needed.length > 0));
}

/** Our workers, in the order of a deployment. */
const ours = (summary, configs) =>
  WORKERS.map((worker) => ({ worker, name: named(`keystile-${worker}`, summary), file: configs[worker] }));

/** The queues in the wrangler file of the hooks worker: events, and events that could not be delivered. */
function queues(summary) {
  const { queues } = wranglerFile("hooks", templateOf("hooks"), { summary, services: {} });
  return [...new Set([...queues.producers, ...queues.consumers].map(({ queue }) => queue))];
}

/** The secrets that a deployment leaves to its user: which, and how to put them. */
function ownSecrets(place, { sender_secrets, signing_secrets, edge_secrets, ...summary }) {
  const needed = [
    ["keystile-hooks", "the secrets of webhooks", [...sender_secrets, ...signing_secrets]],
    ["keystile-edge", "the secrets that requests to upstreams are signed with", edge_secrets],
  ];
  return needed.filter(([, , secrets]) => secrets.length > 0).map(([worker, which, secrets]) => `${which}, ${secrets.join(", ")}:\n    ${place.tool} secret put NAME --name ${named(worker, summary)}`);
}

async function carryOut({ place: anywhere, summary, say, written, demo, files, older }) {
  const accountId = await accountOf(anywhere).id();
  const place = pinned(anywhere, accountId);
  const account = accountOf(place);
  const names = Object.fromEntries(WORKERS.map((worker) => [worker, named(`keystile-${worker}`, summary)]));
  const versions = new Map();
  for (const name of Object.values(names)) versions.set(name, await account.versions(name));
  if (!older) for (const [name, all] of versions) refuseOlder(place, name, latest(all));
  const holders = [];
  for (const [worker, needs] of Object.entries(sharedSecrets())) {
    const has = (await account.secrets(names[worker])) ?? [];
    const lacking = (wanted) => wanted.filter((secret) => !has.includes(secret));
    if (worker === "edge") refuseWithout(place, names.edge, lacking(summary.edge_secrets));
    holders.push({ name: names[worker], needs, lacks: lacking(needs) });
  }
  const note = keptByEarlierVersion(own(place, "deploy-secrets.json"));
  if (note) say(`! ${note}`);
  const kept = pending(own(place, "deploy-secrets"), { name: summary.deploy.name, account: accountId });
  const earlier = kept.read();
  const fresh = freshSecrets(place, earlier, holders);
  if ("KEYSTILE_SECRET" in fresh && !("KEYSTILE_SECRET" in earlier)) {
    const lacking = holders.map(({ name }) => name);
    refuseSecondSecret(place, lacking, await signOfKeys({ account, summary, names, versions }));
  }

  const kv = await account.namespace(named("keystile-keys", summary), summary.deploy.kv_namespace);
  const configs = written(kv);
  for (const queue of queues(summary)) if (await account.ensureQueue(queue)) say(`✓ The queue ${queue} was created.`);
  const upload = async (name, file) => {
    say(`\n━━ ${name}`);
    const { lacks = [] } = holders.find((holder) => holder.name === name) ?? {};
    await account.upload(file, { version: VERSION, secrets: Object.fromEntries(lacks.map((each) => [each, fresh[each]])) });
  };
  for (const { name, file } of files) {
    say(`\n━━ ${name}`);
    await account.upload(file, {});
  }
  for (const name of demo) await upload(name, configs.upstream);
  kept.keep({ ...earlier, ...fresh });
  // An edge that knows a new record format must be deployed before the first such record is written. Only at the first
  // deploy the classes must exist before the edge. A worker that only `secret put` has made has none.
  const order = latest(versions.get(names.manage)) ? WORKERS : FIRST_ORDER;
  for (const worker of order) await upload(names[worker], configs[worker]);

  show({ ...earlier, ...fresh }, Object.keys(earlier).length > 0, say);
  kept.forget();
  say(`\n✓ Deployed. The addresses are above.${ownSecrets(place, summary).map((line) => `\n  Yours to set, if you haven't: ${line}`).join("")}`);
  const workers = [...files.map(({ name }) => name), ...demo, ...order.map((worker) => names[worker])].map((name) => ({ name }));
  const made_secrets = Object.keys({ ...earlier, ...fresh });
  return { account: accountId, kv_namespace: kv, queues: queues(summary), workers, made_secrets };
}

/** Shows the secrets that were made, by this deploy or by an `interrupted` one before it. */
function show(secrets, interrupted, say) {
  if (Object.keys(secrets).length === 0) return;
  const shown = Object.entries(secrets).map(([name, value]) => `  ${name.padEnd(18)} ${value}`);
  say(`
Shown this once; Cloudflare gives no secret back. Keep them in a password
manager: you call the management API with the one and need the other to rotate it.${
    interrupted ? "\nAn earlier deploy made them, and was interrupted. If you have put others since, those hold." : ""
  }

${shown.join("\n")}`);
}

/** Throws if a later version was deployed: it may have stored what this one can't read. */
function refuseOlder(place, name, deployed) {
  if (!deployed || !isLater(deployed, VERSION)) return;
  throw new Failed(
    `${name} was deployed with Keystile ${deployed}, and this is ${VERSION}, which may not read what that has stored. ` +
      `Install it: npm install --save-dev @keystile/cli@${deployed}\n` +
      `To go back after a bad deployment: ${place.tool} rollback --name ${name}\n` +
      "If you have gone back already, and the changelog doesn't rule it out: deploy with --older.",
  );
}

/** The signs that keys were issued here, though no worker has a KEYSTILE_SECRET. */
async function signOfKeys({ account, summary, names: { edge, manage, ...others }, versions }) {
  const deployed = (name) => latest(versions.get(name)) !== undefined;
  for (const name of [edge, manage]) if (deployed(name)) return `${name} was deployed with them`;
  for (const name of Object.values(others).filter(deployed)) {
    if ((await account.secrets(name))?.length) return `${name} is deployed, and has secrets`;
  }
  const title = named("keystile-keys", summary);
  const there = [edge, manage].find((name) => versions.get(name).length > 0);
  if (there && (await account.hasNamespace(title))) return `${there} and the KV namespace ${title} are there`;
  return undefined;
}

/** Throws if there is a sign of keys: with a new KEYSTILE_SECRET no key that was issued would be accepted. */
function refuseSecondSecret(place, workers, sign) {
  if (!sign) return;
  throw new Failed(
    `${workers.join(" and ")} lack KEYSTILE_SECRET, but this isn't a first deployment: ${sign}. With a new one no key ` +
      `that was issued would be accepted, so none was made. Put back the one that you kept:\n${puts(place, "KEYSTILE_SECRET", workers)}\n` +
      "If there are no keys yet, put a new one there, the same on all: openssl rand -base64 32",
  );
}

/** Throws if the edge lacks a secret that an upstream's requests are signed with: Cloudflare refuses such a worker. */
function refuseWithout(place, edge, secrets) {
  if (secrets.length === 0) return;
  const lines = secrets.map((secret) => puts(place, secret, [edge]));
  throw new Failed(
    `${edge} lacks what keystile.toml names as \`signing_secret\`. Put it, 32 characters or more:\n${lines.join("\n")}`,
  );
}
