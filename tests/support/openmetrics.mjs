// A strict reader of metrics: it fails on what OpenMetrics 1.0, or Prometheus's text format 0.0.4, doesn't allow.

import assert from "node:assert/strict";

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)/y;
const NUMBER = /^-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)$|^\+Inf$|^NaN$/i;
const SUFFIXES = { gauge: [""], counter: ["_total", "_created"], info: ["_info"] };

/** The families of a text in OpenMetrics: {name: {type, unit, help, samples: [{name, labels, value}]}}. */
export function readOpenMetrics(text) {
  assert.ok(text.endsWith("# EOF\n"), "the end is missing");
  assert.equal(text.indexOf("# EOF"), text.length - 6, "there is something after the end");
  return readFamilies(text.slice(0, -6), { order: ["TYPE", "UNIT", "HELP"], suffixes: SUFFIXES });
}

/** The families of a text in the format 0.0.4. */
export function readPlain(text) {
  assert.ok(!text.includes("# EOF") && !text.includes("# UNIT"));
  return readFamilies(text, { order: ["TYPE", "HELP"], suffixes: { gauge: [""], counter: [""] } });
}

function readFamilies(text, { order, suffixes }) {
  assert.ok(!text.includes("\r") && text.endsWith("\n"), "lines end with a line feed");
  const families = {};
  let [name, stage] = [undefined, -1];
  for (const line of text.slice(0, -1).split("\n")) {
    if (line.startsWith("#")) {
      const [, keyword, family, rest] = /^# (TYPE|UNIT|HELP) (\S+) (.+)$/.exec(line) ?? assert.fail(line);
      if (keyword === "TYPE") {
        assert.match(family, NAME);
        assert.ok(!(family in families), `${family} comes twice`);
        assert.ok(rest in suffixes, line);
        families[family] = { type: rest, unit: "", help: undefined, samples: [] };
        [name, stage] = [family, 0];
        continue;
      }
      assert.equal(family, name, "families are not interleaved");
      assert.ok(order.indexOf(keyword) > stage, `${line} comes too late, or twice`);
      stage = order.indexOf(keyword);
      assert.equal(families[name].samples.length, 0, line);
      families[name][keyword.toLowerCase()] = rest;
      if (keyword === "UNIT") assert.ok(name.endsWith(`_${rest}`), line);
      continue;
    }
    const [, sample, , labelText = "", value] = /^([^{ ]+)(\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line);
    const family = families[name];
    assert.ok(suffixes[family.type].some((suffix) => sample === name + suffix), `${sample} in ${name}`);
    assert.match(value, NUMBER);
    const labels = readLabels(labelText);
    if (family.type === "counter") assert.ok(Number(value) >= 0, line);
    if (family.type === "info") assert.equal(value, "1");
    const same = (other) => JSON.stringify(other.labels) === JSON.stringify(labels) && other.name === sample;
    assert.ok(!family.samples.some(same), `${line} comes twice`);
    family.samples.push({ name: sample, labels, value: Number(value) });
  }
  for (const [family, { help, samples }] of Object.entries(families)) {
    assert.ok(help?.endsWith("."), `${family} says what it is`);
    assert.ok(samples.length > 0, `${family} has samples`);
  }
  return families;
}

function readLabels(text) {
  const labels = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const [, label, value] = LABEL.exec(text) ?? assert.fail(`labels: ${text}`);
    assert.ok(!(label in labels), `the label ${label} comes twice`);
    labels[label] = value.replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
  }
  return labels;
}
