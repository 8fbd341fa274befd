// The management API as it was released, tests/fixtures/released/openapi.json, compared with the present document: a
// client of the released API must go on working. docs/reference/versions.md states the rules.
//
//   node scripts/api_changes.mjs             lists the changes that break a client, and fails if there are any
//   node scripts/api_changes.mjs --release   takes the present document as the released one

import { copyFileSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { pathToFileURL } from "node:url";

import { asProgram, Failed } from "./run.mjs";
import { inRoot } from "./tools.mjs";

const PRESENT = inRoot("docs", "reference", "openapi.json");
const RELEASED = inRoot("tests", "fixtures", "released", "openapi.json");
const METHODS = ["get", "put", "post", "delete", "patch"];

const read = (file) => JSON.parse(readFileSync(file, "utf8"));

/** The changes of the present document that break a client of the released one, a sentence each. */
export const breaking = () => breakingChanges(read(RELEASED), read(PRESENT));

/** The changes from one document to another that break a client of the first, a sentence each. */
export function breakingChanges(before, after) {
  return new Comparison(before, after).operations();
}

/** A request may say more than before, and an answer must say as much as before. */
class Comparison {
  constructor(before, after) {
    this.documents = [before, after];
    this.found = new Set();
    /** Pairs of schemas that are being compared, as schemas refer to each other. */
    this.seen = new Set();
  }

  say(place, change) {
    this.found.add(`${place}: ${change}`);
  }

  /** The node of a document, or the node that it refers to. */
  resolved(node, side) {
    let at = node;
    while (at?.$ref) at = at.$ref.slice(2).split("/").reduce((inner, part) => inner?.[part], this.documents[side]);
    return at;
  }

  operations() {
    const [before, after] = this.documents;
    for (const [path, methods] of Object.entries(before.paths)) {
      for (const method of METHODS.filter((each) => methods[each])) {
        const place = `${method.toUpperCase()} ${path}`;
        const now = after.paths[path]?.[method];
        if (now) this.operation(place, methods[method], now);
        else this.say(place, "the operation is gone");
      }
    }
    return [...this.found];
  }

  operation(place, was, is) {
    if (was.operationId !== is.operationId) this.say(place, `its operationId was ${was.operationId}`);
    this.parameters(place, was.parameters ?? [], is.parameters ?? []);
    this.body(place, this.resolved(was.requestBody, 0), this.resolved(is.requestBody, 1));
    for (const [status, response] of Object.entries(was.responses)) {
      const now = is.responses[status];
      if (now) this.answer(`${place}: ${status}`, this.resolved(response, 0), this.resolved(now, 1));
      else this.say(place, `the status ${status} is gone`);
    }
  }

  parameters(place, were, are) {
    const named = (list, side) => new Map(list.map((each) => this.resolved(each, side)).map((each) => [`${each.in} ${each.name}`, each]));
    const [before, after] = [named(were, 0), named(are, 1)];
    for (const [name, was] of before) {
      const is = after.get(name);
      if (!is) this.say(place, `the parameter ${was.name} is gone`);
      else this.schema(`${place}: ${was.name}`, was.schema, is.schema, "request");
    }
    for (const [name, is] of after) {
      if (is.required && !before.get(name)?.required) this.say(place, `the parameter ${is.name} is required now`);
    }
  }

  body(place, was, is) {
    if (is?.required && !was?.required) this.say(place, "a body is required now");
    if (was && is) this.contents(`${place}: body`, was.content, is.content, "request");
    else if (was) this.say(place, "it takes no body any more");
  }

  answer(place, was, is) {
    for (const name of Object.keys(was.headers ?? {})) {
      if (!is.headers?.[name]) this.say(place, `the header ${name} is gone`);
    }
    this.contents(place, was.content ?? {}, is.content ?? {}, "answer");
  }

  contents(place, were, are, side) {
    for (const [type, was] of Object.entries(were)) {
      if (are[type]) this.schema(place, was.schema, are[type].schema, side);
      else this.say(place, `the type ${type} is gone`);
    }
  }

  schema(place, rawBefore, rawAfter, side) {
    const pair = `${side} ${rawBefore?.$ref} ${rawAfter?.$ref}`;
    if (rawBefore?.$ref && rawAfter?.$ref) {
      if (this.seen.has(pair)) return;
      this.seen.add(pair);
    }
    const [was, is] = [this.whole(rawBefore, 0), this.whole(rawAfter, 1)];
    this.values(place, was, is, side);
    this.members(place, was, is, side);
    if (was.items) this.schema(`${place}[]`, was.items, is.items ?? {}, side);
    if (typeof was.additionalProperties === "object") {
      this.schema(`${place}.*`, was.additionalProperties, is.additionalProperties || {}, side);
    }
    this.alternatives(place, was, is, side);
  }

  /** The schema with what it refers to, and with all parts of `allOf`. */
  whole(raw, side) {
    const { allOf = [], ...own } = this.resolved(raw, side) ?? {};
    const parts = [own, ...allOf.map((part) => this.whole(part, side))];
    return {
      ...Object.assign({}, ...parts.toReversed()),
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
      required: parts.flatMap(({ required }) => required ?? []),
    };
  }

  values(place, was, is, side) {
    const list = ({ enum: values, const: value }) => values ?? (value === undefined ? undefined : [value]);
    const [before, after] = [list(was), list(is)];
    if (after && !before && side === "request") this.say(place, "only some values are allowed now");
    for (const value of before ?? []) {
      if (after && !after.some((each) => isDeepStrictEqual(each, value))) {
        this.say(place, `the value ${JSON.stringify(value)} is gone`);
      }
    }
    const types = ({ type }) => (type === undefined ? [] : [type].flat());
    const [narrow, wide] = side === "request" ? [types(was), types(is)] : [types(is), types(was)];
    const lacking = wide.length ? narrow.filter((type) => !wide.includes(type)) : [];
    if (lacking.length) {
      this.say(place, side === "request" ? `${lacking.join(", ")} is no longer taken` : `it may be ${lacking.join(", ")} now`);
    }
    if (side === "request") this.bounds(place, was, is);
  }

  /** The bounds of what a request may say. */
  bounds(place, was, is) {
    for (const most of ["maximum", "maxLength", "maxItems", "maxProperties"]) {
      if (is[most] < (was[most] ?? Infinity)) this.say(place, `its ${most} is lower`);
    }
    for (const least of ["minimum", "minLength", "minItems", "minProperties"]) {
      if (is[least] > (was[least] ?? -Infinity)) this.say(place, `its ${least} is higher`);
    }
    for (const form of ["pattern", "format"]) {
      if (is[form] !== undefined && is[form] !== was[form]) this.say(place, `its ${form} has changed`);
    }
  }

  members(place, was, is, side) {
    for (const [name, member] of Object.entries(was.properties)) {
      if (!(name in is.properties)) this.say(place, `the field ${name} is gone`);
      else this.schema(`${place}.${name}`, member, is.properties[name], side);
    }
    const [more, fewer, change] =
      side === "request" ? [is, was, "is required now"] : [was, is, "may be missing now"];
    for (const name of new Set(more.required)) {
      const known = side === "request" || name in is.properties;
      if (known && !fewer.required.includes(name)) this.say(place, `the field ${name} ${change}`);
    }
  }

  alternatives(place, was, is, side) {
    for (const kind of ["anyOf", "oneOf"]) {
      const [before, after] = [was[kind] ?? [], is[kind] ?? []];
      if (after.length < before.length) this.say(place, `an alternative of ${kind} is gone`);
      before.slice(0, after.length).forEach((each, at) => this.schema(place, each, after[at], side));
      const added = after.slice(before.length).map((each) => this.whole(each, 1));
      if (side === "answer" && added.some(({ type }) => type === "null")) this.say(place, "it may be null now");
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    if (process.argv[2] === "--release") return copyFileSync(PRESENT, RELEASED);
    const changes = breaking();
    if (changes.length) throw new Failed(`Clients of the released API would break:\n  ${changes.join("\n  ")}`);
    console.log("ok: clients of the released API go on working");
  });
}
