// Values at random by a schema of docs/reference/openapi.json, repeatable by their seed.
//
// The generator knows the part of JSON Schema that the document's bodies use, and fails at any other. Of `not`, `if` and
// `oneOf` it knows nothing: a body is made again until the document's validator takes it.

import assert from "node:assert/strict";

import { document, invalid, resolved } from "./contract.mjs";

const ATTEMPTS = 1_000;

/**
 * A generator.
 *   random   numbers from 0 to 1
 *   made     by the name of a schema or a format, or by `Schema.member`: makes a value that the document can't
 *            describe, such as a scope of the deployment
 */
export function samples(random, made) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const whole = (from, to) => from + Math.floor(random() * (to - from + 1));

  /** A value of a schema. `name` is that of the last schema it was referred to by. */
  function value(schema, name) {
    if (schema.$ref) {
      const referred = schema.$ref.split("/").at(-1);
      return made[referred] ? made[referred](random) : value(resolved(schema), referred);
    }
    if (schema.anyOf) return value(pick(schema.anyOf), name);
    if (schema.enum) return pick(schema.enum);
    if ("const" in schema) return schema.const;
    const type = Array.isArray(schema.type) ? pick(schema.type) : schema.type;
    switch (type) {
      case "null":
        return null;
      case "boolean":
        return random() < 0.5;
      case "integer":
        return integer(schema);
      case "string":
        assert.ok(made[schema.format], `no sample of ${name ?? JSON.stringify(schema)}: tell it in \`made\``);
        return made[schema.format](random);
      case "array":
        return Array.from({ length: whole(schema.minItems ?? 0, 4) }, () => value(schema.items, name));
      case "object":
        return object(schema, name);
      default:
        return assert.fail(`a schema of another kind: ${JSON.stringify(schema)}`);
    }
  }

  /** Often an end of the range. */
  function integer({ minimum, maximum }) {
    assert.ok(Number.isInteger(minimum) && Number.isInteger(maximum), "an integer without bounds");
    return random() < 0.3 ? pick([minimum, maximum]) : whole(minimum, maximum);
  }

  /** `wanted` is a member that it has. */
  function object({ required = [], properties = {} }, name, wanted) {
    const members = Object.entries(properties).filter(
      ([member]) => required.includes(member) || member === wanted || random() < 0.4,
    );
    return Object.fromEntries(
      members.map(([member, schema]) => [member, (made[`${name}.${member}`] ?? (() => value(schema, name)))(random)]),
    );
  }

  return {
    /** A body by the schema of this name, with this member if one is given. */
    body(name, wanted) {
      const schema = document.components.schemas[name];
      let mistakes;
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const sample = object(schema, name, wanted);
        mistakes = invalid(`/components/schemas/${name}`, sample);
        if (!mistakes) return sample;
      }
      return assert.fail(`no sample of ${name} with ${wanted} in ${ATTEMPTS} attempts: ${mistakes}`);
    },
  };
}
