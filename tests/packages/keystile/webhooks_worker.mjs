// The package inside workerd, by the entry that Workers get.

import * as keystile from "keystile/webhooks";

import { checks } from "./webhooks_checks.mjs";

export default {
  async fetch() {
    const results = {};
    for (const [name, check] of Object.entries(checks)) {
      try {
        await check(keystile);
        results[name] = "ok";
      } catch (error) {
        results[name] = error.stack;
      }
    }
    return Response.json(results);
  },
};
