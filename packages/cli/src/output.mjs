// The output of commands: records, tables, lines of JSON, progress, and questions.
//
// Data goes to stdout, everything else to stderr. With --json each answer, and each thing of a list, is a line of JSON.

import { createInterface } from "node:readline/promises";

import { Failed, WrongUsage } from "./failed.mjs";
import { write, writeSecret } from "./stdout.mjs";

export { write, writeWhole } from "./stdout.mjs";

/** Writes one answer: as a line of JSON, or as `text`. */
export const answer = (io, values, data, text) => write(io, values.json ? JSON.stringify(data) : text);

/** Writes an answer with a secret that can't be had again. `remedy` says what to do if nobody got it. */
export const answerOnce = (io, values, data, text, remedy) =>
  writeSecret(io, values.json ? JSON.stringify(data) : text, remedy);

/** The members of a thing, a line each. Members without a value are left out. */
export function record(members) {
  const shown = Object.entries(members).filter(([, value]) => cell(value) !== "");
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${cell(value)}`).join("\n");
}

const GAP = "  ";
const NARROWEST = 8;

/**
 * Writes a table of rows, which may come in several parts. The first part sets the widths. On a terminal the widest
 * columns are cut so that a row is a line.
 */
export class Table {
  #io;
  #columns;
  #widths;

  /** `columns` gives the cells of a thing by their headings: `{ID: (key) => key.id}`. */
  constructor(io, columns) {
    this.#io = io;
    this.#columns = Object.entries(columns);
  }

  async rows(things) {
    const rows = things.map((thing) => this.#columns.map(([, of]) => cell(of(thing))));
    if (!this.#widths) {
      const headings = this.#columns.map(([heading]) => heading);
      this.#widths = fitting([headings, ...rows], this.#io.stdout?.isTTY ? this.#io.stdout.columns : Infinity);
      rows.unshift(headings);
    }
    for (const row of rows) await write(this.#io, this.#line(row));
  }

  #line(row) {
    const isLast = (at) => at === row.length - 1;
    const cut = this.#io.stdout?.isTTY;
    return row
      .map((text, at) => {
        const width = this.#widths[at];
        if (cut && text.length > width) return `${text.slice(0, width - 1)}…`;
        return isLast(at) ? text : text.padEnd(width);
      })
      .join(GAP)
      .trimEnd();
  }
}

function fitting(rows, columns) {
  const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)));
  const all = () => widths.reduce((sum, each) => sum + each, GAP.length * (widths.length - 1));
  while (all() > columns) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest] <= NARROWEST) break;
    widths[widest] -= 1;
  }
  return widths;
}

/** Writes a list's things up to --limit, or all of them: as a table, or a line of JSON each. */
export async function list({ io, values, list, columns, none }) {
  const limit = values.all ? Infinity : values.limit;
  const table = new Table(io, columns);
  let written = 0;
  let left = false;
  for await (const { items, unreadable, more } of pagesOf(list)) {
    const shown = items.slice(0, limit - written);
    written += shown.length;
    left = shown.length < items.length || more;
    if (unreadable?.length) io.say(`The records of these can't be read; the worker's log has more: ${unreadable.join(", ")}`);
    if (values.json) for (const each of shown) await write(io, JSON.stringify(each));
    else if (shown.length > 0) await table.rows(shown);
    if (written >= limit) break;
  }
  if (written === 0 && !values.json) io.say(none);
  else if (left && written >= limit) io.say(`There are more. See them with --limit N, or --all.`);
}

async function* pagesOf(list) {
  for await (const page of list.pages()) {
    const items = Object.values(page).find(Array.isArray);
    yield { items, unreadable: page.unreadable, more: page.next_cursor !== null };
  }
}

/** A value as the text of a cell. */
function cell(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(cell).join(" ");
  return plain(typeof value === "object" ? JSON.stringify(value) : String(value));
}

/** A text of others as one line that changes nothing on a terminal: without control characters. */
export const plain = (text) => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "�");

/** A time to the second, as RFC 3339. */
export const time = (text) => text?.replace(/\.\d+Z$/, "Z");

/** A line on stderr that is rewritten on a terminal; elsewhere it is written at the end alone. */
export class Progress {
  #io;
  #text = "";

  constructor(io) {
    this.#io = io;
  }

  at(text) {
    this.#text = text;
    if (this.#live) this.#io.stderr.write(`\r\x1b[K${text}`);
  }

  end() {
    if (this.#live) this.#io.stderr.write("\r\x1b[K");
    if (this.#text) this.#io.say(this.#text);
  }

  get #live() {
    return this.#io.stderr?.isTTY === true;
  }
}

/** Asks whether to do what can't be undone. Where nobody can be asked, --yes has to say so. */
export async function confirm(io, values, question) {
  if (values.yes) return;
  const said = await asked(io, `${question} [y/N]`, `${question} Nobody can be asked here: write --yes.`);
  if (!/^y(es)?$/i.test(said)) throw new Failed("Nothing was changed.");
}

/** Asks for the name of what is lost for good. Where nobody can be asked, --confirm has to say it. */
export async function confirmByName(io, confirmed, name, question) {
  const nobody = `${question} Nobody can be asked here: write --confirm ${name}.`;
  const said = confirmed ?? (await asked(io, `${question} Type its name:`, nobody));
  if (said !== name) throw new Failed(`That is not "${name}". Nothing was changed.`);
}

/** The line that is typed in answer to a question; "" if the input ends. */
async function asked(io, question, nobody) {
  if (!io.stdin?.isTTY || !io.stderr?.isTTY) throw new WrongUsage(nobody);
  const reader = createInterface({ input: io.stdin, output: io.stderr, terminal: false });
  const ended = new Promise((resolve) => reader.once("close", () => resolve("")));
  try {
    return (await Promise.race([reader.question(`${question} `), ended])).trim();
  } finally {
    reader.close();
  }
}
