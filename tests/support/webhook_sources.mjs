// A configuration with many sources of webhooks, written by a test file.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import { inRoot } from "../../scripts/tools.mjs";

const HEAD = `
name = "Konvoq"
[keys]
prefix = "knq"
[[scopes]]
name = "read:leads"
[edge]
max_staleness_ms = 1000
[[upstreams]]
name = "events"
service = "EVENTS_UPSTREAM"
`;

/**
 * Writes a keystile.toml with these sources, and returns its path: {source, provider, secret, params, settings,
 * signing_secret}. `secret` is the name of a Worker secret, `settings` are further lines.
 */
export function configurationOf(name, sources) {
  const table = (params) => `{ ${Object.entries(params).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join(", ")} }`;
  const block = ({ source, provider, secret, params, settings = "", signing_secret = "EVENTS_SECRET" }) => `
[[webhooks]]
source = "${source}"
provider = "${provider}"
accept_unconfirmed = true
replays = "refuse-same-id"
secrets = ["${secret}"]
upstream = "events"
signing_secret = "${signing_secret}"
${params ? `params = ${table(params)}` : ""}
${settings}
`;
  const file = inRoot("build", "test", name, "sources.toml");
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, HEAD + sources.map(block).join(""));
  return file;
}
