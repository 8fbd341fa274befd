// keystile keys import: keys of another system, from a file, in as many requests as it takes.

import { readFileSync } from "node:fs";

import { apiCommand, CHANGE } from "../api.mjs";
import { WrongUsage } from "../failed.mjs";
import { changeOptions, word } from "../option_values.mjs";
import { answer, Progress } from "../output.mjs";
import { FORMATS, formatOf, importLines } from "./import_lines.mjs";
import { TENANT } from "./holders.mjs";

/** The bounds of one request: keys, and bytes of its body, of which the API takes 4 MiB. */
const KEYS = 5000;
const BYTES = 3 * 1024 * 1024;
/** Mistakes that are written out. */
const SHOWN = 50;

export const importKeys = apiCommand({
  name: "keys import",
  summary: "import keys of another system, by their SHA-256",
  arguments: [TENANT, { name: "file", summary: "a file of JSON lines, CSV or JSON; - for stdin" }],
  options: {
    format: { type: "string", value: "FORMAT", values: FORMATS, summary: `${FORMATS.join(", ")} (default: by the file's name)` },
    wait: CHANGE.wait,
  },
  details: `
A line has digest, display, name and scopes at least, as POST …/keys/import takes them. Of CSV the first row has the
names of the fields; several scopes or addresses are separated by spaces, and metadata is JSON. In place of digest a
field "key" may have the key itself: its SHA-256 is taken here, and the key goes nowhere.

What was imported already stays as it is, so the same file may be sent again. Exit code 1 if a line failed.`,
  async run({ keystile, values, positionals: [tenant, file], io }) {
    const format = word("format", values.format, FORMATS) ?? formatOf(file);
    const lines = importLines(await textOf(file, io), format);
    if (lines.length === 0) throw new WrongUsage(`${file} has no keys.`);
    const sum = { imported: 0, existing: 0, failed: 0, results: [] };
    const progress = new Progress(io);
    try {
      for (const part of parts(lines)) {
        const report = await send(keystile, tenant, part, changeOptions(values));
        for (const count of ["imported", "existing", "failed"]) sum[count] += report[count];
        sum.results.push(...report.results.map((result) => ({ ...result, line: part[result.line].line })));
        progress.at(`${sum.results.length} of ${lines.length} keys`);
      }
    } finally {
      // After a failure it says how far this came.
      progress.end();
    }
    await answer(io, values, sum, `${sum.imported} imported, ${sum.existing} were there already, ${sum.failed} failed.`);
    if (!values.json) explain(sum.results, io);
    return sum.failed > 0 ? 1 : 0;
  },
});

/** The report of one request, also of one of which every line failed. */
async function send(keystile, tenant, part, options) {
  try {
    return await keystile.keys.import(tenant, part.map(({ key }) => key), options);
  } catch (error) {
    if (error.code === "IMPORT_FAILED") return error.problem;
    throw error;
  }
}

function* parts(lines) {
  let part = [];
  let bytes = 0;
  for (const line of lines) {
    const size = Buffer.byteLength(JSON.stringify(line.key)) + 1;
    if (part.length === KEYS || (part.length > 0 && bytes + size > BYTES)) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(line);
    bytes += size;
  }
  yield part;
}

function explain(results, io) {
  const wrong = results.filter(({ status }) => status === "failed");
  for (const { line, errors = [] } of wrong.slice(0, SHOWN)) {
    io.say(`line ${line}: ${errors.map(({ field, detail }) => `${field}: ${detail}`).join("; ") || "failed"}`);
  }
  if (wrong.length > SHOWN) io.say(`… and ${wrong.length - SHOWN} more; --json has them all.`);
  for (const { line, id, differs } of results.filter((each) => each.differs)) {
    io.say(`line ${line}: ${id} is there with another ${differs.join(", ")}, and stays as it is`);
  }
}

async function textOf(file, io) {
  if (file !== "-") {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw new WrongUsage(`${file} can't be read: ${error.message}`);
    }
  }
  let text = "";
  for await (const chunk of io.stdin.setEncoding("utf8")) text += chunk;
  return text;
}
