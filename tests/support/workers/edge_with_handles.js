// The edge worker, with handles for tests: they send it many requests from within its isolate, and tell the size of its
// WebAssembly's memory. The code in between is the deployed one.

import { memoryOfInstances } from "./instances.js";
import edge from "../../../crates/edge/entry.js";

/** Sends requests of other addresses with forged keys, and returns how many had each status. */
async function flood(env, context, { from, count }) {
  const statuses = {};
  for (let number = from; number < from + count; number += 1) {
    const headers = { "CF-Connecting-IP": address(number), Authorization: `Bearer ${forged(number)}` };
    const response = await edge.fetch(new Request("http://edge.example/api/leads", { headers }), env, context);
    await response.body?.cancel();
    statuses[response.status] = (statuses[response.status] ?? 0) + 1;
  }
  return statuses;
}

const address = (number) => `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;

/** Every fourth key is of an imported form without a record. The others lack a valid tag, and have many lengths. */
function forged(number) {
  if (number % 4 === 0) return `sk_live_${crypto.randomUUID().replaceAll("-", "")}`;
  return `knq_live_${crypto.randomUUID().replaceAll("-", "")}000000${"a".repeat(number % 7 ? 0 : number % 9_000)}`;
}

export { Guard } from "../../../crates/edge/entry.js";

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__flood") return Response.json(await flood(env, context, await request.json()));
    if (pathname === "/__memory") return Response.json(memoryOfInstances());
    return edge.fetch(request, env, context);
  },
};
