// A body costs in proportion to its bytes, whatever is in it and wherever it is sent: the answer's length, the memory,
// and the time that another caller waits meanwhile. docs/reference/limits.md states the bounds.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { EDGE_WITH_BODY, OPERATIONS_WITH_BODY, targetOf } from "../../support/bodies.mjs";
import { longestWait } from "../../support/longest_wait.mjs";
import { ROOT_KEY, startRig, WITH_SOURCE } from "../../support/rig.mjs";
import { MIB, runtimeMemory } from "../../support/runtime_memory.mjs";

const KIB = 1024;
/** The longest body of an operation, unless it is here. */
const LONGEST = 64 * KIB;
const LONGER = { importKeys: 4 * MIB, reportExposures: 4 * MIB, "/keystile/v1/verify": 16 * KIB, "/keystile/v1/webhooks/verify": 12 * MIB };
/** The longest answer to mistakes, unless it is here. */
const ANSWER = 16 * KIB;
const LONGER_ANSWERS = { importKeys: 1.5 * MIB };
/** Memory that the runtime takes more, after all shapes of a body: for the longest bodies, and for the others. */
const GROWN = (longest) => (longest > MIB ? 160 : 48) * MIB;
/** What another caller waits, milliseconds: as long as the longest of these bodies is worked on. */
const WAITS = (longest) => (longest > MIB ? 4_000 : 1_000);

const fill = (length, before, item, after, separator = ",") => {
  const count = Math.floor((length - before.length - after.length) / (item.length + separator.length));
  return before + Array(Math.max(count, 1)).fill(item).join(separator) + after;
};
const nested = (length, open, close) => {
  const depth = Math.floor((length - 30) / (open.length + close.length));
  return `{"keys":[${open.repeat(depth)}1${close.repeat(depth)}]}`;
};
const distinct = (length, of) => {
  const items = [];
  for (let index = 0, left = length - 60; ; index += 1) {
    const item = of(index);
    left -= item.length + 1;
    if (left < 0) return items.join(",");
    items.push(item);
  }
};
/** Bodies of a length that are dear to take apart. */
const SHAPES = {
  "deep lists": (length) => nested(length, "[", "]"),
  "deep objects": (length) => nested(length, '{"":', "}"),
  "numbers": (length) => fill(length, '{"keys":[', "0", "]}"),
  "empty objects": (length) => fill(length, '{"keys":[', "{}", "]}"),
  "small objects": (length) => fill(length, '{"keys":[', '{"":0}', "]}"),
  "unknown members": (length) => `{${distinct(length, (index) => `"x${index}":0`)}}`,
  "unknown scopes": (length) => `{"name":"x","scopes":[${distinct(length, (index) => `"x${index}"`)}]}`,
  "addresses that are none": (length) => fill(length, '{"allowed_ips":[', '"x"', "]}"),
  "lines of unknown scopes": (length) => fill(length, '{"keys":[', `{"scopes":[${Array(45).fill('"no-scope-of-ours"').join(",")}]}`, "]}"),
  "lines of unknown members": (length) => fill(length, '{"keys":[', `{${distinct(960, (index) => `"no-field-of-ours-${index}":0`)}}`, "]}"),
  "beginnings of keys": (length) => fill(length, '{"name":"', "knq_live_", '"}', ""),
  "escapes": (length) => fill(length, '{"name":"', "\\u0000", '"}', ""),
  "white space": (length) => `{}${" ".repeat(length - 2)}`,
  "one member twice": (length) => `{${distinct(length - 20, (index) => `"x${index}":0`)},"x0":0}`,
};

const settings = { 'prefix = "knq"': 'prefix = "knq"\nallow_imported = ["sk_live_"]', ...WITH_SOURCE };
const rigs = {};
before(async () => {
  rigs.manage = await startRig({ name: "cost", edges: {}, settings, hooks: {} });
  rigs.edge = await startRig({ name: "cost-edge", edges: { edge1: {} }, settings, hooks: {} });
});
after(() => Promise.all(Object.values(rigs).map((rig) => rig.close())));

const headers = { "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin" };

/** Every endpoint that takes a body of JSON. */
const ENDPOINTS = [
  ...OPERATIONS_WITH_BODY.map((operation) => ({
    name: operation.operationId,
    send: (raw) => rigs.manage.manage(operation.method, targetOf(operation), undefined, { raw, headers }),
    other: () => rigs.manage.manage("GET", "/healthz", undefined, { key: null }),
  })),
  ...EDGE_WITH_BODY.map((path) => ({
    name: path,
    send: (body) => rigs.edge.edge("edge1", path, { key: ROOT_KEY, method: "POST", body, headers }),
    other: () => rigs.edge.edge("edge1", "/keystile/v1/healthz"),
  })),
];

describe("the costs of a body:", () => {
  for (const { name, send, other } of ENDPOINTS) {
    test(name, async () => {
      const length = LONGER[name] ?? LONGEST;
      // The memory that the first body of this length takes anyway.
      await send(SHAPES["white space"](length));
      const memory = runtimeMemory();
      const most = { answer: 0, wait: 0 };
      for (const [shape, make] of Object.entries(SHAPES)) {
        const raw = make(length);
        assert.ok(raw.length <= length && raw.length > length * 0.7, `${shape}: ${raw.length} of ${length}`);
        const answered = send(raw);
        const wait = await longestWait(answered, other);
        const { status, text } = await answered;
        if (name === "importKeys" && shape.startsWith("lines")) assert.ok(text.length > 256 * KIB, `${shape}: ${text.slice(0, 300)}`);
        assert.ok(status < 500, `${shape}: ${status} ${text.slice(0, 500)}`);
        assert.ok(text.length <= (LONGER_ANSWERS[name] ?? ANSWER), `${shape}: an answer of ${text.length} bytes`);
        assert.ok(wait < WAITS(length), `${shape}: another caller waited for ${wait.toFixed(0)} ms`);
        most.answer = Math.max(most.answer, text.length);
        most.wait = Math.max(most.wait, wait);
      }
      const grown = runtimeMemory() - memory;
      console.log(`${name}: answers of ${most.answer} bytes, waits of ${most.wait.toFixed(0)} ms, ${(grown / MIB).toFixed(0)} MiB more`);
      assert.ok(grown < GROWN(length), `${(grown / MIB).toFixed(0)} MiB more`);
    });
  }
});
