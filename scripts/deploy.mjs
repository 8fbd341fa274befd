// `npm run deploy`: deploys all workers, and the pages, to your Cloudflare account. It creates what is missing there: the KV
// namespace (its id goes into both wrangler files), the two queues of webhooks, the two secrets, and the demo upstream
// while wrangler.toml still names it.
//
//   npm run deploy -- --dry-run    everything but the account: builds, bundles,
//                                  prints sizes and what would be created

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

import { missingBindings } from "./bindings.mjs";
import { build, configFile, writeConfig } from "./build.mjs";
import { bundle, EDGE, HOOKS, kib, LIMITER, MANAGE, uploadSize, UPSTREAM } from "./bundle.mjs";
import { buildPages } from "./pages.mjs";
import { asProgram, answers, capture, Failed, run } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, root, wrangler, wranglerEnv } from "./tools.mjs";

const NAMESPACE = "keystile-keys";
const NO_ID = "filled-in-by-npm-run-deploy";

/**
 * The secrets that were made but not yet uploaded to both workers. An interrupted first deploy continues with the same
 * ones.
 */
const PENDING = inRoot(".dev", "deploy-secrets.json");
const SECRETS = {
  KEYSTILE_SECRET: () => randomBytes(32).toString("base64"),
  KEYSTILE_ROOT_KEY: () => `ksroot_${randomBytes(32).toString("base64url")}`,
};

/** The command that sets a source's secrets, which keystile.toml names. */
const SOURCE_SECRETS = `npm run wrangler -- secret put NAME -c ${HOOKS.config}`;

await asProgram(async () => {
  delete process.env.KEYSTILE_PROFILE; // // Only `npm start` sets this; a release is built here.
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean" } } });
  await setup();
  refuseWhatCannotWork((await writeConfig()).summary);
  await build();
  await (values["dry-run"] ? rehearse() : deploy());
});

/** Throws if the configuration names what an account doesn't have. */
function refuseWhatCannotWork(summary) {
  const local = summary.upstreams.filter(({ url }) => url && isLoopback(new URL(url).hostname));
  const mistakes = [
    ...local.map(
      ({ name, url }) =>
        `The upstream "${name}" is ${url}, which is this machine: Cloudflare can't reach it. ` +
        "Write its public https:// URL.",
    ),
    ...summary.jwks_urls
      .filter((url) => isLoopback(new URL(url).hostname))
      .map((url) => `The jwks_url ${url} is this machine: Cloudflare can't reach it. Write the sender's https:// URL.`),
    ...missingBindings(summary, { edge: inRoot(EDGE.config), hooks: inRoot(HOOKS.config) }),
  ];
  if (mistakes.length === 0) return;
  const list = mistakes.map((each) => `  - ${each}`).join("\n");
  throw new Failed(`${path.relative(root, configFile())} can't be deployed:\n${list}`);
}

function isLoopback(host) {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\./.test(host);
}

async function rehearse() {
  for (const [name, { eager, lazy }] of Object.entries(await buildPages({ release: true }))) {
    const later = lazy ? `, ${kib(lazy)} more when needed` : "";
    console.log(`✓ ${`page: ${name}`.padEnd(24)} ${kib(eager).padStart(7)} KiB gzip${later}`);
  }
  for (const worker of [...upstreams(), MANAGE, HOOKS, LIMITER, EDGE]) {
    const { raw, gzip } = uploadSize(await bundle(worker));
    console.log(`✓ ${worker.name.padEnd(24)} ${kib(gzip).padStart(7)} KiB gzip ${kib(raw).padStart(8)} KiB raw`);
  }
  const id = namespaceId();
  console.log(`
npm run deploy would
  - ${id ? `use the KV namespace ${id}` : `find or create the KV namespace ${NAMESPACE} and write its id into both wrangler files`}
  - create the queues ${queues().join(" and ")} unless they are there
  - make the secrets ${Object.keys(SECRETS).join(" and ")} where a worker lacks them
  - deploy ${upstreams().map(({ name }) => `${name}, `).join("")}${HOOKS.name}, ${LIMITER.name}, ${EDGE.name} and ${MANAGE.name}
    (${HOOKS.name} and ${LIMITER.name} first: both others name them; the first
    time ${MANAGE.name} before ${EDGE.name}: it holds the classes that the edge names)
  - leave the secrets of your sources to you: ${SOURCE_SECRETS}

Dry run: nothing was created or uploaded.`);
}

async function deploy() {
  await requireAccount();
  await ensureNamespace();
  await ensureQueues();
  const missing = new Map();
  for (const worker of [EDGE, MANAGE]) missing.set(worker, await missingSecrets(worker));
  const fresh = freshSecrets(missing);

  for (const upstream of upstreams()) await upload(upstream);
  // The edge and the management worker are bound to these workers or their objects. These are bound to none of the
  // others.
  for (const worker of [HOOKS, LIMITER]) await upload(worker);
  // An edge that knows a new record format must be deployed before the first such record is written. Only at the first
  // deploy the classes must exist before the edge.
  const first = missing.get(MANAGE).newWorker;
  for (const worker of first ? [MANAGE, EDGE] : [EDGE, MANAGE]) {
    await upload(worker, pick(fresh, missing.get(worker).names));
  }

  rmSync(PENDING, { force: true });
  if (Object.keys(fresh).length > 0) {
    const shown = Object.entries(fresh).map(([name, value]) => `  ${name.padEnd(18)} ${value}`);
    console.log(`
Shown this once; Cloudflare gives no secret back. Keep them in a password
manager: you call the management API with the one and need the other to rotate it.

${shown.join("\n")}`);
  }
  console.log(`\n✓ Deployed. The addresses are above. The secrets of sources of webhooks are yours to set:\n  ${SOURCE_SECRETS}`);
}

/** The demo upstream, as long as a worker is bound to it. */
function upstreams() {
  const bound = new RegExp(`^\\s*service\\s*=\\s*"${UPSTREAM.name}"`, "m");
  return [EDGE, HOOKS].some(({ config }) => bound.test(readFileSync(inRoot(config), "utf8"))) ? [UPSTREAM] : [];
}

async function requireAccount() {
  const who = await answers(...wrangler("whoami"), { cwd: root, env: wranglerEnv() });
  if (!who || /not authenticated/i.test(who)) {
    throw new Failed("Log in to Cloudflare first: npm run wrangler -- login, or set CLOUDFLARE_API_TOKEN.");
  }
}

/** Puts the namespace's id into both wrangler files, from the account if they have none yet. */
async function ensureNamespace() {
  if (namespaceId()) return;
  const id = (await findNamespace()) ?? (await createNamespace());
  for (const { config } of [EDGE, MANAGE]) {
    const file = inRoot(config);
    writeFileSync(file, readFileSync(file, "utf8").replace(`id = "${NO_ID}"`, `id = "${id}"`));
  }
  console.log(`✓ KV namespace ${NAMESPACE} is ${id}; its id is now in both wrangler files. Commit them.`);
}

function namespaceId() {
  const ids = [EDGE, MANAGE].map(({ config }) => readFileSync(inRoot(config), "utf8").match(/^id = "([^"]+)"/m)?.[1]);
  if (ids[0] !== ids[1]) throw new Failed("wrangler.toml and crates/manage/wrangler.toml name different KV namespaces.");
  return ids[0] === NO_ID ? undefined : ids[0];
}

async function findNamespace() {
  const listed = JSON.parse(await inAccount("kv", "namespace", "list"));
  return listed.find(({ title }) => title === NAMESPACE)?.id;
}

async function createNamespace() {
  await inAccount("kv", "namespace", "create", NAMESPACE);
  const id = await findNamespace();
  if (!id) throw new Failed(`The KV namespace ${NAMESPACE} was created but is not listed.`);
  return id;
}

/** The queues in the wrangler file of the hooks worker: events, and events that could not be delivered. */
function queues() {
  const named = readFileSync(inRoot(HOOKS.config), "utf8").matchAll(/^(?:dead_letter_)?queue = "([^"]+)"/gm);
  return [...new Set([...named].map(([, name]) => name))];
}

async function ensureQueues() {
  for (const name of queues()) {
    if (await answers(...wrangler("queues", "info", name), { cwd: root, env: wranglerEnv() })) continue;
    await inAccount("queues", "create", name);
    console.log(`✓ The queue ${name} was created.`);
  }
}

async function missingSecrets({ name, config }) {
  const wanted = Object.keys(SECRETS);
  try {
    const listed = JSON.parse(await inAccount("secret", "list", "-c", inRoot(config), "--format", "json"));
    return { names: wanted.filter((secret) => !listed.some((each) => each.name === secret)), newWorker: false };
  } catch (error) {
    if (!/10007|does not exist|not found/i.test(error.output ?? "")) throw error;
    console.log(`  ${name} is not in the account yet.`);
    return { names: wanted, newWorker: true };
  }
}

/** Values for missing secrets. A secret that one worker has can't be read back for the other. */
function freshSecrets(missing) {
  const pending = existsSync(PENDING) ? JSON.parse(readFileSync(PENDING, "utf8")) : {};
  const fresh = {};
  for (const [secret, make] of Object.entries(SECRETS)) {
    const lacking = [...missing].filter(([, { names }]) => names.includes(secret)).map(([worker]) => worker);
    if (lacking.length === 0) continue;
    if (lacking.length < missing.size && !pending[secret]) {
      throw new Failed(
        `${lacking[0].name} lacks ${secret}, which the other worker has; both must have the same. Give it by:\n` +
          `  npm run wrangler -- secret put ${secret} -c ${lacking[0].config}`,
      );
    }
    fresh[secret] = pending[secret] ?? make();
  }
  if (Object.keys(fresh).length) {
    mkdirSync(path.dirname(PENDING), { recursive: true });
    writeFileSync(PENDING, JSON.stringify(fresh), { mode: 0o600 });
  }
  return fresh;
}

async function upload({ name, config }, secrets = {}) {
  console.log(`\n━━ ${name}`);
  const directory = mkdtempSync(path.join(tmpdir(), "keystile-"));
  try {
    const file = path.join(directory, "secrets.json");
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    const withSecrets = Object.keys(secrets).length ? ["--secrets-file", file] : [];
    await run(...wrangler("deploy", "-c", inRoot(config), ...withSecrets), { cwd: root, env: wranglerEnv() });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function inAccount(...args) {
  return capture(...wrangler(...args), { cwd: root, env: wranglerEnv() });
}

function pick(from, names) {
  return Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]));
}
