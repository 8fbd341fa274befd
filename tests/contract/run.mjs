// schemathesis against the real management worker, which listens on a port of
// this machine: `node run.mjs python schemathesis`, by Node 22. See
// `npm test -- contract`.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";

import { inRoot } from "../../scripts/tools.mjs";
import { operations } from "../support/contract.mjs";
import { ROOT_KEY, startRig, WITH_LIMITS, WITH_SOURCE } from "../support/rig.mjs";

const ownLimits = {
  key: { rate_limits: ["per-second"], quotas: ["daily"] },
  tenant: { rate_limits: ["per-second"], quotas: ["daily", "monthly"] },
};

const settings = {
  // So that every good body is accepted: one without scopes, too.
  'prefix = "knq"': 'prefix = "knq"\ndefault_scopes = "all"\nallow_imported = ["sk_live_"]',
  "\n[edge]": WITH_LIMITS,
  // Whoever prefers to wait does so for less than a second.
  "max_staleness_ms = 1000": "max_staleness_ms = 250",
  ...WITH_SOURCE,
};

const rig = await startRig({ name: "contract", edges: {}, settings, hooks: {} });
try {
  const [python, schemathesis] = process.argv.slice(2);
  const config = ["--config-file", inRoot("tests", "contract", "schemathesis.toml")];
  const cwd = inRoot("build", "schemathesis"); // Where it leaves what it remembers.
  mkdirSync(cwd, { recursive: true });
  const url = new URL("/openapi.json", rig.url).href;
  const child = spawn(python, [schemathesis, ...config, "run", "--checks", "all", url], {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: "1",
      SCHEMATHESIS_HOOKS: inRoot("tests", "contract", "hooks.py"),
      KEYSTILE_ROOT_KEY: ROOT_KEY,
      KEYSTILE_SCOPES: JSON.stringify(await grantableScopes()),
      KEYSTILE_PLANS: JSON.stringify((await rig.manage("GET", "/v1/plans")).body.plans.map(({ name }) => name)),
      KEYSTILE_PRESETS: JSON.stringify((await rig.manage("GET", "/v1/scopes")).body.presets.map(({ name }) => name)),
      KEYSTILE_LIMITS: JSON.stringify(ownLimits),
      KEYSTILE_CURSORS: JSON.stringify(await cursors()),
    },
  });
  const [code] = await once(child, "exit");
  process.exitCode = code ?? 1;
} finally {
  await rig.close();
}

async function grantableScopes() {
  const { body } = await rig.manage("GET", "/v1/scopes");
  return body.scopes.filter(({ unavailable }) => unavailable === null).map(({ name }) => name);
}

/** One that leads to a second page, or on from an entry, for each operation that takes one. */
async function cursors() {
  for (const tenant of ["acme", "globex"]) {
    await rig.create(tenant);
    await rig.create(tenant);
    await rig.operator(tenant, ["verify"]);
    await rig.bury("queued");
    await rig.remember("queued");
  }
  const found = {};
  for (const { operationId, path, parameters = [] } of operations) {
    // Those that hooks.py fills in. An export of uses has another, which belongs to its hours.
    if (!parameters.some(({ $ref }) => /\/(Cursor|After)$/.test($ref ?? ""))) continue;
    // No endpoint for events is there that has had attempts: its id is any, and so is the cursor.
    if (path.includes("{endpoint}")) continue;
    const list = path.replace("{tenant}", "acme").replace("{source}", "queued").replace("/export", "");
    const { body } = await rig.manage("GET", `${list}?limit=1`);
    assert.ok(body.next_cursor, `${operationId} has a second page`);
    // An export goes on after an entry, whose id is on its line.
    found[operationId] = path.endsWith("/export") ? body.entries[0].id : body.next_cursor;
  }
  return found;
}
