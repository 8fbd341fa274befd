// Every endpoint that takes a body, for the tests that try all of them: the management API's by its document, the
// edge's by its router. A new endpoint is in these lists from the start.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { inRoot } from "../../scripts/tools.mjs";
import { operations } from "./contract.mjs";

/** The document's operations with a body. */
export const OPERATIONS_WITH_BODY = operations.filter(({ requestBody }) => requestBody);

/** The beginnings of the ids below these parts of a path. */
const KINDS = { "/operators/": "op", "/keys/": "key", "/handshakes/": "hsk", "/deliveries/": "dlv", "/dead-letters/": "dlv" };
/** The names of parameters that have an id of one kind alone. */
const IDS = { endpoint: "ep", event: "evt" };

/** A path of this operation. Its subject need not exist, since the body is read first. */
export function targetOf({ path }) {
  const [, kind] = Object.entries(KINDS).find(([part]) => path.includes(part)) ?? [];
  const idOf = (beginning) => `${beginning}_${"0".repeat(20)}`;
  const others = Object.fromEntries(Object.entries(IDS).map(([name, beginning]) => [name, idOf(beginning)]));
  const values = { tenant: "acme", source: "queued", name: "daily", id: kind && idOf(kind), ...others };
  const valueOf = (_, name) => values[name] ?? assert.fail(`tests/support/bodies.mjs has no {${name}}`);
  return path.replace(/\{(\w+)\}/g, valueOf);
}

const BASE = "/keystile";
const ROUTER = "crates/edge/src/endpoints.rs";

/** The edge's own endpoints, as the `match` of its router has them: `{method, path}`. */
export const EDGE_ENDPOINTS = routed(readFileSync(inRoot(ROUTER), "utf8"));

function routed(source) {
  const block = /match \(endpoint, method\) \{\n([^]*?)\n {4}\};/.exec(source);
  assert.ok(block, `${ROUTER}: the tests find no \`match\` of endpoint and method`);
  const [, arms] = block;
  const endpoints = [];
  for (const arm of arms.split("\n").filter((line) => /^ {8}[^ }]/.test(line))) {
    const [, path, methods] = /^ {8}\("([^"]+)", ("\w+"(?: \| "\w+")*)\) => return /.exec(arm) ?? [];
    if (path) for (const method of methods.match(/\w+/g)) endpoints.push({ method, path: `${BASE}${path}` });
    // The other arms refuse a method, or any path.
    else assert.match(arm, /^ {8}(\(.*, _\) => "[A-Z, ]+",|_ => \{)$/, `${ROUTER}: the tests can't read this arm`);
  }
  return endpoints;
}

/**
 * Those whose method has a body, but which take none. `edge/bodies.test.mjs` holds each endpoint to whether it reads
 * one.
 */
const WITHOUT_BODY = ["/keystile/v1/me/revoke"];
export const takesBody = ({ method, path }) => !["GET", "HEAD"].includes(method) && !WITHOUT_BODY.includes(path);

/** The edge's own endpoints with a body: paths, all of POST. */
export const EDGE_WITH_BODY = EDGE_ENDPOINTS.filter(takesBody).map(({ method, path }) => {
  assert.equal(method, "POST", `${path}: the tests of bodies send POST alone`);
  return path;
});
