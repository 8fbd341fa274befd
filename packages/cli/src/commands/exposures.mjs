// keystile exposures: reports of leaked keys, and what GitHub's secret scanning needs to know to send them.

import { readFileSync } from "node:fs";

import { apiCommand } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { answer, record, Table, time, write } from "../output.mjs";

/** The random characters and the tag of a key, all of base62. */
const BODY = "[0-9A-Za-z]{38}";
/** The records that always fit one request, whatever keys they name. */
const PART = 30;

export const EXPOSURES = [
  apiCommand({
    name: "exposures report",
    summary: "report keys that were found where they don't belong",
    arguments: [{ name: "file", summary: "a file of the keys; - for stdin" }],
    options: {
      source: { type: "string", value: "KIND", summary: "the kind of place, such as commit or chat" },
      at: { type: "string", value: "URL", summary: "where they were found" },
    },
    details: `
The file has a key in each line, or a list of records in JSON, as POST /v1/exposures takes it: token, and where there
are such, url and source. A key is never an argument, which other programs could read.

[exposure] operator of keystile.toml says what happens to them: without it they are revoked. The same may be reported
again: a key that was reported at this URL before stays as it is. Exit code 1 if one of them is no key.

They are sent 30 at a time. If one of these requests fails, the outcomes until then are printed; report the file again.`,
    async run({ keystile, values, positionals: [file], io }) {
      const records = recordsOf(await textOf(file, io), { source: values.source, url: values.at });
      if (records.length === 0) throw new WrongUsage(`${file} has no keys.`);
      const table = new Table(io, {
        RECORD: ({ number }) => number,
        ID: ({ id }) => id,
        STATUS: ({ status }) => status,
        "ENDS BY": ({ effective_by }) => time(effective_by),
      });
      let isMissing = false;
      for (let from = 0; from < records.length; from += PART) {
        const { results } = await keystile.exposures.report(records.slice(from, from + PART));
        if (values.json) for (const result of results) await write(io, JSON.stringify(result));
        else await table.rows(results.map((result, index) => ({ number: from + index + 1, ...result })));
        isMissing ||= results.some(({ status }) => status === "not_found");
      }
      return isMissing ? 1 : 0;
    },
  }),
  apiCommand({
    name: "exposures registration",
    summary: "print what GitHub's secret scanning partner program asks for",
    details: `
Send these to secret-scanning@github.com, as GitHub's documentation of the partner program says. A test key is one that
you create and revoke at once: it has the form and the tag of a key, and a report of it is answered as a true positive.`,
    async run({ keystile, at, values, io }) {
      const { prefixes, environments } = await keystile.catalog();
      const endpoint = new URL("/v1/exposures", at.url).href;
      const types = [
        ...prefixes.map((prefix) => ({ type: `${prefix}_api_key`, pattern: `${prefix}_(${environments.join("|")})_${BODY}` })),
        { type: "keystile_operator_key", pattern: `ksop_${BODY}` },
      ];
      if (values.json) return answer(io, values, { endpoint, types });
      await write(io, record({ endpoint, "test key": "keystile keys create …, then keystile keys revoke …" }));
      return new Table(io, {
        TYPE: ({ type }) => type,
        PATTERN: ({ pattern }) => pattern,
        CHECKSUM: () => "the last 6 characters, keyed: checked by the endpoint before it looks anything up",
      }).rows(types);
    },
  }),
];

/** The records of a file: lines, or a list in JSON. What the options say counts for those that don't say it. */
function recordsOf(text, { source, url }) {
  const common = { ...(source && { source }), ...(url && { url }) };
  if (!/^\s*\[/.test(text)) {
    const keys = text.split("\n").map((line) => line.trim()).filter(Boolean);
    return keys.map((token) => ({ ...common, token }));
  }
  let records;
  try {
    records = JSON.parse(text);
  } catch {
    // The message of the parser repeats the text.
    throw new WrongUsage("The file is neither lines of keys nor a list in JSON.");
  }
  return records.map((one) => (typeof one === "string" ? { ...common, token: one } : { ...common, ...one }));
}

async function textOf(file, io) {
  if (file === "-") {
    let text = "";
    for await (const chunk of io.stdin) text += chunk;
    return text;
  }
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    // It may be a key that somebody wrote in place of a file's name.
    throw new WrongUsage("There is no such file. Keys are read from a file, or from stdin with -, never from arguments.");
  }
}
