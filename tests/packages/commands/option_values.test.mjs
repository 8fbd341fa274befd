// The values of options: numbers, spans and times, and what is said of those that are none.

import assert from "node:assert/strict";
import { test } from "node:test";

import { WrongUsage } from "../../../packages/cli/src/failed.mjs";
import { count, moment, seconds } from "../../../packages/cli/src/option_values.mjs";
import { commandLine } from "./command.mjs";

const NOW = Date.UTC(2027, 0, 31);
const at = (text, options) => moment("expires-at", text, { now: NOW, ...options });
const refusal = (message) => ({ constructor: WrongUsage, message });

test("a number beyond its maximum is told the maximum", () => {
  assert.equal(count("wait", "30", { most: 30 }), 30);
  for (const text of ["60", "0", "x", "-1", "1.5", ""]) {
    assert.throws(() => count("wait", text, { most: 30 }), refusal(`--wait: ${text} isn't a whole number from 1 to 30.`));
  }
  assert.throws(() => count("limit", "0"), refusal("--limit: 0 isn't a whole number of 1 or more."));
  assert.throws(() => count("limit", "9".repeat(20)), refusal(/from 1 to 9007199254740991\.$/));
});

test("spans have the same units wherever they are taken", () => {
  for (const [text, wanted] of [["30s", 30], ["90m", 5400], ["12h", 43_200], ["30d", 2_592_000], ["2w", 1_209_600]]) {
    assert.equal(seconds("overlap", text), wanted);
    assert.equal(Date.parse(at(text)) - NOW, wanted * 1000);
    assert.equal(NOW - Date.parse(at(text, { past: true })), wanted * 1000);
  }
  assert.equal(seconds("overlap", "90"), 90);
  for (const text of ["30y", "1h30m", "-1d", "", "9".repeat(20), `${"9".repeat(20)}d`]) {
    assert.throws(() => seconds("overlap", text), refusal(/neither a number of seconds nor a span such as 30s, 90m, 12h, 30d or 2w\.$/));
  }
});

test("a time is one with its zone, or a date, which begins in UTC", () => {
  for (const [text, wanted] of [
    ["2027-02-28T12:00:00Z", "2027-02-28T12:00:00.000Z"],
    ["2027-02-28t12:00:00.25z", "2027-02-28T12:00:00.250Z"],
    ["2027-02-28T23:30:00-01:00", "2027-03-01T00:30:00.000Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z"],
    ["never", null],
  ]) {
    assert.equal(at(text), wanted);
  }
});

test("what is no time, or one that doesn't exist, is wrong usage", () => {
  const wrong = ["2027-02-31T00:00:00Z", "2027-02-29", "2027-13-01", "2027-04-31", "2027-01-31T00:00:00", "2027-01-31T24:00:00Z"];
  for (const text of [...wrong, "2027-01-31T00:60:00Z", "2027-01-31T00:00:00+24:00", "2027-12", "2027", "2027-01-31 00:00:00Z", "soon", ""]) {
    assert.throws(() => at(text), refusal(/is neither a time with its zone such as 2027-01-31T00:00:00Z, nor a date .* nor "never"\.$/), text);
  }
  assert.throws(() => at("never", { past: true }), refusal(/or 2w\.$/));
  for (const text of ["999999999d", "0001-01-01", "9999-12-31T23:59:59-23:59"]) assert.throws(() => at(text), WrongUsage, text);
  assert.throws(() => at("999999999d"), refusal("--expires-at: 999999999d is outside of the years 1970 to 9999."));
  assert.throws(() => at("30000d", { past: true }), refusal(/outside of the years/));
});

test("a command says it with exit code 2, before it asks anything", async () => {
  const fetch = () => assert.fail("nothing is to be asked");
  const run = commandLine({ env: { KEYSTILE_URL: "https://manage.example", KEYSTILE_KEY: `ksroot_${"s".repeat(43)}` }, fetch });
  const create = ["keys", "create", "acme", "--name", "x", "--scope", "read"];
  for (const words of [["--expires-at", "999999999d"], ["--expires-at", "2027-02-31T00:00:00Z"], ["--wait", "60"]]) {
    const { code, err } = await run(...create, ...words);
    assert.equal(code, 2, err);
    assert.match(err, new RegExp(`^${words[0]}: ${words[1]} is`));
  }
  assert.match((await run("tenants", "add-quota", "acme", "daily", "x")).err, /^The amount: x isn't a whole number of 1 or more\.$/m);
});
