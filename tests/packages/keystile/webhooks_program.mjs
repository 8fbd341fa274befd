// A program that imports `keystile/webhooks` and goes through the checks.

import { inRoot } from "../../../scripts/tools.mjs";

const CHECKS = JSON.stringify(inRoot("tests", "packages", "keystile", "webhooks_checks.mjs"));

/** The program, with this entry. It says what came of each check: on the standard output, or as a worker's answer. */
export function program(entry, kind) {
  const worker = "export default { fetch: async () => Response.json(await outcomes()) };";
  const script = "outcomes().then((results) => console.log(JSON.stringify(results)));";
  return `
import * as keystile from ${JSON.stringify(entry)};
import { checks } from ${CHECKS};
async function outcomes() {
  const results = {};
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(keystile);
      results[name] = "ok";
    } catch (error) {
      results[name] = error.stack;
    }
  }
  return results;
}
${kind === "worker" ? worker : script}
`;
}
