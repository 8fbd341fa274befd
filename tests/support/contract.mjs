// The contract: docs/reference/openapi.json compared with the management worker's answers.
//
// Every answer in an end-to-end test passes through here (rig.mjs). An answer that the document does not have fails its
// test, and the message says what to change. Each process records the answers that it saw below build/contract.
// scripts/coverage.mjs reads those records, so that every documented answer has been seen by a test.

import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import path from "node:path";

import Ajv from "ajv/dist/2020.js";

import { inRoot } from "../../scripts/tools.mjs";

export const document = JSON.parse(readFileSync(inRoot("docs", "reference", "openapi.json"), "utf8"));
export const SEEN = inRoot("build", "contract");

/** The document's operations: `{path, method, pointer, ...operation}`. */
export const operations = Object.entries(document.paths).flatMap(([template, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    path: template,
    method: method.toUpperCase(),
    pointer: pointer("paths", template, method),
  })),
);

/** The node itself, or the node that it refers to. */
export const resolved = (node) =>
  node?.$ref ? node.$ref.slice(2).split("/").reduce((at, part) => at[part], document) : node;

const ajv = new Ajv({
  strict: false,
  allErrors: true,
  formats: {
    "date-time": (text) => !Number.isNaN(Date.parse(text)),
    "past-date-time": (text) => !Number.isNaN(Date.parse(text)),
    uri: (text) => URL.canParse(text),
    "ip-network": isNetwork,
    "ip-address-or-network": (text) => isIP(text) > 0 || isNetwork(text),
  },
});
ajv.addSchema(document, "openapi.json");

const templates = Object.keys(document.paths).map((template) => ({
  template,
  // A literal segment is a better match than a parameter: /v1/tenants/{tenant}/keys/import.
  parameters: template.split("{").length,
  pattern: new RegExp(`^${template.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`),
}));
templates.sort((a, b) => a.parameters - b.parameters);

/**
 * Fails unless the document has this answer.
 *   method, target   of the request
 *   answer           {status, headers, text, body}
 */
export function checkAnswer(method, target, answer) {
  const { pathname } = new URL(target, "http://manage.example");
  if (pathname.startsWith("/__")) return; // // The rig's own.
  const what = `${method} ${pathname} answered ${answer.status}${answer.code ? ` ${answer.code}` : ""}`;
  const { operationId, response, at } = documented(method, pathname, answer, what);
  const wrong = (problem) =>
    assert.fail(
      `${what}\n${problem}\nSee ${at} in docs/reference/openapi.json. The answer was: ${shortened(answer.text)}\n` +
        "Change the document if this is what the API should answer, the worker if not.",
    );
  checkHeaders(response, at, answer, wrong);
  checkRequestId(answer, wrong);
  if (method !== "HEAD") checkBody(response, at, answer, wrong);
  if (operationId) checkScopes(operationId, answer, wrong);
  note(operationId ?? at.split("/").at(-1), answer);
}

/** The response object that the answer must fit. */
function documented(method, pathname, { status }, what) {
  const template = templates.find(({ pattern }) => pattern.test(pathname))?.template;
  const item = document.paths[template];
  const key = (method === "HEAD" ? "GET" : method).toLowerCase();
  const operation = item?.[key];
  const everywhere = !item ? ["NoSuchPath", 404] : !operation ? ["MethodNotAllowed", 405] : undefined;
  if (everywhere) {
    const [name, only] = everywhere;
    const lacking = item ? `${method} at ${template}` : "such path";
    assert.equal(status, only, `${what}, but docs/reference/openapi.json has no ${lacking}: add it to \`paths\`.`);
    return { response: document.components.responses[name], at: pointer("components", "responses", name) };
  }
  const { operationId, responses } = operation;
  const stated = responses[status];
  const known = Object.keys(responses).join(", ");
  const add = `add ${status} to its \`responses\` in docs/reference/openapi.json`;
  assert.ok(stated, `${what}, but ${operationId} documents ${known} alone: ${add}.`);
  const at = stated.$ref?.slice(1) ?? pointer("paths", template, key, "responses", String(status));
  return { operationId, response: resolved(stated), at };
}

function checkHeaders(response, at, { headers }, wrong) {
  for (const [name, reference] of Object.entries(response.headers ?? {})) {
    const { required, schema } = resolved(reference);
    const value = headers.get(name);
    if (value === null) {
      if (required) wrong(`The header ${name} is missing, which is required`);
      continue;
    }
    const place = reference.$ref?.slice(1) ?? `${at}/headers/${name}`;
    const errors = invalid(`${place}/schema`, resolved(schema).type === "integer" ? Number(value) : value);
    if (errors) wrong(`The header ${name}: ${value} is not as documented: ${errors}`);
  }
  for (const name of ["etag", "retry-after", "www-authenticate", "preference-applied", "allow", "accept-encoding", "location"]) {
    const known = Object.keys(response.headers ?? {}).some((header) => header.toLowerCase() === name);
    if (headers.has(name) && !known) wrong(`The header ${name} is not documented`);
  }
}

/** A problem names the request by the id that the header has. */
function checkRequestId({ headers, body }, wrong) {
  const named = headers.get("content-type")?.startsWith("application/problem+json") ? body?.request_id : undefined;
  if (named !== undefined && named !== headers.get("keystile-request-id")) {
    wrong(`The body's request_id is ${named}, the header's ${headers.get("keystile-request-id")}`);
  }
}

function checkBody(response, at, { headers, text, body }, wrong) {
  const type = headers.get("content-type")?.split(";")[0];
  if (!response.content) {
    if (text) wrong("There is a body, and none is documented");
    return;
  }
  const media = response.content[type];
  if (!media) wrong(`The media type is ${type}; documented is ${Object.keys(response.content).join(", ")}`);
  const schema = `${at}/content/${escaped(type)}`;
  if (media["x-line-schema"]) {
    for (const line of text.split("\n").filter(Boolean)) {
      const errors = invalid(`${schema}/x-line-schema`, JSON.parse(line));
      if (errors) wrong(`The line ${line} is not as documented: ${errors}`);
    }
    return;
  }
  if (!type.endsWith("json")) {
    const errors = invalid(`${schema}/schema`, text);
    if (errors) wrong(`The text is not as documented: ${errors}`);
    return;
  }
  if (body === undefined) wrong("The body is not JSON");
  const errors = invalid(`${schema}/schema`, body);
  if (errors) wrong(`The body is not as documented: ${errors}`);
}

/** Checks that the scope in the refusal is the documented one. */
function checkScopes(operationId, { code, body }, wrong) {
  if (code !== "INSUFFICIENT_SCOPE") return;
  const { security } = operations.find((operation) => operation.operationId === operationId);
  const [scope] = security[0].operatorKey;
  if (body.required_scopes.join() !== scope) wrong(`It needs ${body.required_scopes}; documented is ${scope}`);
}

const compiled = new Map();

/** The mistakes of a value by the schema at a pointer; nothing if it fits. */
export function invalid(at, value) {
  const $ref = `openapi.json#${at}`;
  if (!compiled.has($ref)) compiled.set($ref, ajv.compile({ $ref }));
  const validate = compiled.get($ref);
  return validate(value) ? undefined : explained(validate.errors);
}

/** For a body that must fit one of several schemas, the mistakes by those that it comes closest to. */
function explained(errors) {
  const particular = errors.filter(({ keyword }) => !["oneOf", "anyOf", "if"].includes(keyword));
  // A value that fits two of `oneOf` has no other mistake.
  const each = (particular.length ? particular : errors).map(({ instancePath, message, params }) => {
    const more = Object.values(params).filter((value) => value !== undefined && !message.includes(String(value)));
    return `${instancePath || "it"} ${message}${more.length ? ` (${more.join(", ")})` : ""}`;
  });
  return [...new Set(each)].slice(0, 12).join("; ");
}

const noted = new Set();

function note(operation, { status, code }) {
  const line = `${operation} ${status} ${code ?? "-"}\n`;
  if (noted.has(line)) return;
  noted.add(line);
  mkdirSync(SEEN, { recursive: true });
  appendFileSync(path.join(SEEN, `${process.pid}.txt`), line);
}

function isNetwork(text) {
  const [address, bits, ...more] = text.split("/");
  const most = { 4: 32, 6: 128 }[isIP(address)];
  return most !== undefined && !more.length && /^\d{1,3}$/.test(bits ?? "") && Number(bits) <= most;
}

function escaped(part) {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

function pointer(...parts) {
  return parts.map((part) => `/${escaped(part)}`).join("");
}

const shortened = (text) => (text.length > 1000 ? `${text.slice(0, 1000)}…` : text);

/** The mistakes of the document itself. */
export const problemsOf = {
  /** Examples that their schema would refuse. */
  examples() {
    const wrong = [];
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      for (const example of schema.examples ?? []) {
        const errors = invalid(pointer("components", "schemas", name), example);
        if (errors) wrong.push(`${name}: ${errors}`);
      }
    }
    for (const [name, { content }] of Object.entries(document.components.requestBodies)) {
      for (const [type, { examples }] of Object.entries(content)) {
        for (const { value } of Object.values(examples ?? {})) {
          const errors = invalid(pointer("components", "requestBodies", name, "content", type, "schema"), value);
          if (errors) wrong.push(`${name}: ${errors}`);
        }
      }
    }
    return wrong;
  },

  /** Schemas of objects that would let any member pass. */
  openSchemas() {
    const named = document.components.schemas;
    // These schemas are bases that others extend.
    const bases = JSON.stringify(document).match(/"allOf":\[\{"\$ref":"[^"]+/g) ?? [];
    const meant = new Set(bases.map((base) => base.split("/").at(-1)));
    meant.add("OpenApi"); // // OpenAPI's own schema says the rest.
    const open = ([name, { type, allOf, additionalProperties, unevaluatedProperties }]) =>
      (type === "object" || allOf) && (additionalProperties ?? unevaluatedProperties) === undefined && !meant.has(name);
    return Object.entries(named).filter(open).map(([name]) => name);
  },
};
