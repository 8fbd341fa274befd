// Keystile's edge, with a handle that has it judge one request many times within one request, so that the verdict's own
// time can be told from the platform's. The module is the deployed one. The request is a plain object, and nothing is
// forwarded: the module's call of `forward` does nothing meanwhile.
//
// The first import has to come first: it sees the instance that the worker makes.

import { judging } from "./verdict_only.mjs";
import edge from "../../crates/edge/entry.js";

export default {
  fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/verdicts") return edge.fetch(request, env, context);
    const url = new URL("/api/leads", request.url).href;
    const plain = { method: "GET", url, headers: new Map([...request.headers]) };
    const headers = { get: (name) => plain.headers.get(name.toLowerCase()) ?? null };
    const verdicts = judging(Number(searchParams.get("times")), () => edge.fetch({ ...plain, headers }, env, context));
    return Response.json({ verdicts });
  },
};
