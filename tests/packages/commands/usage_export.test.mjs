// `keystile usage export` where its answers are cut: it fails, and says where to go on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandLine } from "./command.mjs";

const HOURS = ["--from", "2027-01-31T12:00:00Z", "--to", "2027-01-31T18:00:00Z"];
const use = (n) => ({ id: `acme/1/key_${n}/VALID`, uses: 1 });
const end = (lines, next, after = null) => ({ end: { tenant: null, after, lines, next }, signature: "s" });

/** Runs the command with these answers, each some lines. */
async function exported(...answers) {
  const fetch = async () => new Response(answers.shift().map((line) => `${JSON.stringify(line)}\n`).join(""));
  const env = { KEYSTILE_URL: "https://manage.example", KEYSTILE_KEY: `ksroot_${"s".repeat(43)}` };
  const { code, out, err } = await commandLine({ env, fetch })("usage", "export", ...HOURS);
  return { code, lines: out.trimEnd().split("\n").map((line) => JSON.parse(line)), err };
}

test("it writes all answers, each with its signed end", async () => {
  const answers = [[use(1), end(1, "acme")], [use(2), end(1, null, "acme")]];
  const { code, lines } = await exported(...structuredClone(answers));
  assert.deepEqual([code, lines], [0, answers.flat()]);
});

test("an answer that ends without its last line is a failure, which says where to go on", async () => {
  for (const cut of [[], [use(2)]]) {
    const { code, lines, err } = await exported([use(1), end(1, "acme")], cut);
    assert.equal(code, 1);
    assert.deepEqual(lines, [use(1), end(1, "acme"), ...cut]);
    assert.match(err, /--after acme/);
    assert.match(err, /cut/);
  }
});

test("an answer with other lines than its end counts is a failure", async () => {
  const { code, err } = await exported([use(1), end(2, null)]);
  assert.equal(code, 1);
  assert.match(err, /2 lines of all tenants after null, but 1 came/);
});
