// The keys of a file that is to be imported: JSON lines, JSON as the API takes it, or CSV.

import { createHash } from "node:crypto";

import { WrongUsage } from "../failed.mjs";

export const FORMATS = ["ndjson", "csv", "json"];
/** Fields of CSV that are lists, separated by spaces. */
const LISTS = new Set(["scopes", "allowed_ips"]);
/** Fields of CSV that are JSON. */
const OBJECTS = new Set(["metadata", "rate_limits", "quotas"]);

/** The format of a file, by its name. */
export function formatOf(file) {
  const extension = file.split(".").at(-1).toLowerCase();
  return FORMATS.includes(extension) ? extension : "ndjson";
}

/** The keys of a text, each as `{ line, key }` with its line in the file. */
export function importLines(text, format) {
  const lines = READERS[format](text.replace(/^\uFEFF/, ""));
  return lines.map(({ line, key }) => ({ line, key: withDigest(key, line) }));
}

const READERS = {
  ndjson: (text) =>
    text.split("\n").flatMap((each, at) => (each.trim() === "" ? [] : [{ line: at + 1, key: object(each, at + 1) }])),
  json: (text) => {
    let document;
    try {
      document = JSON.parse(text);
    } catch {
      // The parser's own message would show parts of keys.
      throw new WrongUsage(`The file isn't JSON: see ${placeOfMistake(text)}. If each line is JSON: --format ndjson`);
    }
    const keys = Array.isArray(document) ? document : document?.keys;
    if (!Array.isArray(keys)) throw new WrongUsage('The file has no list of keys: {"keys": […]} or […] expected.');
    return keys.map((key, at) => ({ line: at + 1, key }));
  },
  csv: (text) => {
    const [head, ...rows] = csvRows(text);
    if (!head) return [];
    const names = head.cells.map((name) => name.trim());
    return rows.map(({ line, cells }) => {
      if (cells.length !== names.length) throw new WrongUsage(`line ${line} has ${cells.length} fields, the first row ${names.length}.`);
      const fields = names.map((name, at) => [name, field(name, cells[at], line)]);
      return { line, key: Object.fromEntries(fields.filter(([, value]) => value !== undefined)) };
    });
  },
};

/** Where a text stops being the beginning of JSON: its line and column. */
function placeOfMistake(text) {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (beginsJson(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  const lines = text.slice(0, good).split("\n");
  return good === text.length ? "its end, which is missing" : `line ${lines.length}, column ${lines.at(-1).length + 1}`;
}

/** Whether a text is JSON, or could be if it went on: the parser finds fault with its end alone. */
function beginsJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch ({ message }) {
    const at = message.match(/at position (\d+)/)?.[1];
    return /end of JSON input|^Unterminated string/.test(message) || Number(at) >= text.length;
  }
}

function field(name, cell, line) {
  if (cell === "") return undefined;
  if (LISTS.has(name)) return cell.split(/[\s;]+/).filter(Boolean);
  return OBJECTS.has(name) ? object(cell, line) : cell;
}

function object(text, line) {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below: the parser's own message would show the text.
  }
  throw new WrongUsage(`line ${line} isn't a JSON object, or has a field that should be one.`);
}

function withDigest(key, line) {
  if (typeof key !== "object" || key === null || Array.isArray(key)) throw new WrongUsage(`line ${line} isn't a JSON object.`);
  if (!("key" in key)) return key;
  const { key: text, ...others } = key;
  if ("digest" in others || typeof text !== "string") throw new WrongUsage(`line ${line}: either digest or key, a text.`);
  return { ...others, digest: createHash("sha256").update(text).digest("hex") };
}

/** The rows of CSV (RFC 4180): quoted cells may hold commas, line ends and doubled quotes. */
function csvRows(text) {
  const rows = [];
  let [row, cell, quoted, line, began] = [[], "", false, 1, 1];
  const endCell = () => {
    row.push(cell);
    cell = "";
  };
  const endRow = () => {
    endCell();
    if (row.length > 1 || row[0] !== "") rows.push({ line: began, cells: row });
    row = [];
    began = line;
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === "\n") line += 1;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') cell += text[(at += 1)];
      else quoted = false;
    } else if (char === '"' && cell === "") quoted = true;
    else if (char === ",") endCell();
    else if (char === "\n") endRow();
    else if (char !== "\r" || text[at + 1] !== "\n") cell += char;
  }
  if (quoted) throw new WrongUsage(`The quote in line ${began} doesn't end.`);
  if (cell !== "" || row.length > 0) endRow();
  return rows;
}
