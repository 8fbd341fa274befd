// The stack of the tests of `keystile/guard` and the middleware: the real workers, and guarded_worker.mjs.

import assert from "node:assert/strict";

import { inRoot } from "../../../scripts/tools.mjs";
import { effective, startRig, WITH_LIMITS } from "../../support/rig.mjs";

export const dist = (...parts) => inRoot("packages", "keystile", "dist", ...parts);

/** The imports of a Worker of the tests; the harness has another root. */
export const ALIASES = {
  "keystile/guard": dist("guard", "guard.js"),
  "keystile/hono": dist("hono", "hono.js"),
  hono: inRoot("node_modules", "hono", "dist", "index.js"),
};

/** Starts the stack, and makes keys that are good and keys that aren't. */
export async function startGuarded(name) {
  const entrypoint = (binding, service, of) => ({ binding, service, entrypoint: of });
  const faults = ["Hanging", "Throwing", "Lying", "Without", "Html"];
  const guarded = {
    name: "guarded",
    main: inRoot("tests", "packages", "keystile", "guarded_worker.mjs"),
    alias: ALIASES,
    services: [
      entrypoint("KEYSTILE", "edge1", "Guard"),
      ...faults.map((fault) => entrypoint(fault.toUpperCase(), "guarded", fault)),
    ],
  };
  const rig = await startRig({ name, edges: { edge1: {} }, settings: { "\n[edge]": WITH_LIMITS }, services: [guarded] });
  try {
    return { rig, keys: await makeKeys(rig), request: (path, options) => ask(rig, path, options) };
  } catch (error) {
    await rig.close();
    throw error;
  }
}

async function makeKeys(rig) {
  const good = await rig.create("acme", { metadata: { plan: "pro" } });
  const test = await rig.create("acme", { environment: "test" });
  const addressed = await rig.create("acme", { allowed_ips: ["192.0.2.0/24"] });
  const revoked = await rig.create("acme");
  await effective(await rig.manage("POST", `/v1/tenants/acme/keys/${revoked.id}/revoke`));
  return { good, test, addressed, revoked };
}

/** Sends a request to the guarded Worker. */
async function ask(rig, path, { key, headers = {}, method = "GET", body } = {}) {
  const sent = key === undefined ? headers : { ...headers, Authorization: `Bearer ${key}` };
  const guarded = rig.server.getWorker("guarded");
  const response = await guarded.fetch(`http://guarded.example${path}`, { method, headers: sent, body });
  const text = await response.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, body: json, code: json?.code };
}

/** A key of the right form whose tag is wrong. */
export const forged = (key) => key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");

/** That two answers are the same refusal, but for ids, costs and the places of their requests. */
export function assertSame(answer, edges) {
  const told = ({ status, headers, body }) => {
    const { request_id, ...problem } = body;
    assert.match(request_id, /^req_/);
    const names = ["content-type", "www-authenticate", "retry-after", "ratelimit", "ratelimit-policy", "cache-control"];
    return { status, problem, headers: Object.fromEntries(names.map((name) => [name, headers.get(name)])) };
  };
  assert.deepEqual(told(answer), told(edges));
}
