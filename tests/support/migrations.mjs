// The migrations of a ledger's schema, for tests of what they make of ledgers from before.

import { readFileSync } from "node:fs";

import { inRoot } from "../../scripts/tools.mjs";

/** The text of each migration, in their order. */
export function ledgerMigrations() {
  const source = readFileSync(inRoot("crates", "manage", "src", "ledger", "schema.rs"), "utf8");
  const list = source.slice(source.indexOf("MIGRATIONS: "), source.indexOf("#[cfg(test)]"));
  return [...list.matchAll(/"([^"]*)"/g)].map(([, migration]) => migration);
}
