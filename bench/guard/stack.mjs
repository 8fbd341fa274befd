// Every subject of the guard's comparison: Keystile's edge, with and without limits, its rivals, and their upstream.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { inRoot } from "../../scripts/tools.mjs";
import { beforeUpstream, edge, limiter, manager, rival, sender, startWorkers, TOML } from "../workers.mjs";

const PART = "guard";
const TENANT = "acme";
const SCOPES = ["read:leads", "write:leads"];
const RIVALS_KEYS = { KEYS: "rivals-keys" };

/**
 * Starts it, with a key that the management API made, and a token of the OAuth provider for the same holder. Returns
 * where each worker answers (`urls`), the key, the same with other letters in its tag (`forged`), the `token`, and
 * `close`.
 */
export async function startStack() {
  const subjects = await workers();
  const stack = await startWorkers(subjects);
  try {
    const created = await stack.manage("POST", `/v1/tenants/${TENANT}/keys`, { name: "benchmark", scopes: SCOPES });
    const { id, key, tenant, environment, scopes } = created;
    const holder = { id, tenant, environment, scopes: scopes.join(" "), expiresAt: null };
    const rivalsKeys = await stack.kv("KEYS", "hono");
    await rivalsKeys.put(createHash("sha256").update(key).digest("hex"), JSON.stringify(holder));
    await rivalsKeys.put("holder", JSON.stringify(holder));
    const token = await issueToken(stack.url("oauth"), holder, scopes);
    const urls = Object.fromEntries(subjects.map(({ name }) => [name, stack.url(name)]));
    return { urls, key, forged: forged(key), token, close: stack.close };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

async function workers() {
  const limited = withLimits(TOML);
  const own = (name, bindings) => rival(PART, name, inRoot("bench", "guard", `${name}.mjs`), bindings);
  return [
    await edge(PART, "keystile"),
    await edge(PART, "limited", { toml: limited }),
    await limiter(PART, { toml: limited }),
    await sender(PART, { toml: limited }),
    await manager(PART),
    await own("bare", beforeUpstream),
    await own("same_edits", { ...beforeUpstream, kvNamespaces: RIVALS_KEYS }),
    await own("hono", { ...beforeUpstream, kvNamespaces: RIVALS_KEYS }),
    await own("oauth", { ...beforeUpstream, kvNamespaces: { OAUTH_KV: "oauth" } }),
    await own("refuse"),
    await own("upstream"),
  ];
}

/** The same configuration with two limits, which no load reaches. */
function withLimits(toml) {
  const limits = `
[[rate_limits]]
name = "per-second"
limit = 1000000
window_seconds = 1

[[quotas]]
name = "monthly"
limit = 1000000000
period = "month"
per = "tenant"

[limits]
rate_limits = ["per-second"]
quotas = ["monthly"]
`;
  const directory = inRoot("build", "bench", PART);
  mkdirSync(directory, { recursive: true });
  const file = path.join(directory, "limited.toml");
  writeFileSync(file, readFileSync(toml, "utf8") + limits);
  return file;
}

/** An access token by the code flow of OAuth: `oauth.mjs` grants it to whoever asks. */
async function issueToken(url, holder, scopes) {
  const send = async (path, headers, body) => {
    const response = await fetch(url + path, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`No token was issued: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const json = { "Content-Type": "application/json" };
  const { client, secret, code, redirect } = await send("/authorize", json, JSON.stringify({ holder, scopes }));
  const basic = { Authorization: `Basic ${btoa(`${client}:${secret}`)}` };
  const form = new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: redirect });
  return (await send("/token", basic, form)).access_token;
}

/** Of the right form, but nobody with the secret made it. */
const forged = (key) => key.slice(0, -4) + (key.endsWith("0000") ? "1111" : "0000");
