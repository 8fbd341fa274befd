// A file with exports, as keystile export writes it. It is read twice: first as a whole, to see that nothing is missing or
// altered; then page by page.

import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";

import { Failed, WrongUsage } from "../failed.mjs";
import { plain } from "../output.mjs";

const LF = 0x0a;

export class ExportFile {
  #file;
  /** By ledger: {tenant (null: the operators), header, end, pages: [{at, length}], keys, endpoints}. */
  exports = [];
  /** Of tenants that were erased: {tenant, line}. Only a deployment can tell whether such a line is authentic. */
  erased = [];

  /** Opens and checks a file. */
  static async open(path) {
    const file = new ExportFile();
    try {
      file.#file = openSync(path, "r");
      await file.#check(path);
      return file;
    } catch (error) {
      if (file.#file !== undefined) closeSync(file.#file);
      if (error instanceof Failed) throw error;
      throw new WrongUsage(`${path} can't be read: ${error.message}`);
    }
  }

  /** The text of a page. */
  text({ at, length }) {
    const bytes = Buffer.alloc(length);
    if (readSync(this.#file, bytes, 0, length, at) !== length) throw new Failed("The file has changed meanwhile.");
    return bytes.toString("utf8");
  }

  close() {
    closeSync(this.#file);
  }

  async #check(path) {
    const reading = new Reading();
    for await (const { bytes, at, number, isWhole } of linesOf(path)) {
      const wrong = isWhole ? reading.line(bytes, at) : "it is cut";
      if (wrong) throw new Failed(`${path}, line ${number}: ${wrong}. Nothing was sent.`);
    }
    const wrong = reading.end();
    if (wrong) throw new Failed(`${path}: ${wrong}. Nothing was sent.`);
    ({ exports: this.exports, erased: this.erased } = reading);
  }
}

/** What was read so far. */
class Reading {
  exports = [];
  erased = [];
  #open;
  #isComplete = false;

  /** Takes a line. Returns what is wrong with it, if something is. */
  line(bytes, at) {
    if (this.#isComplete) return "there is something behind the last line";
    const kind = /^\{"([a-z_]+)":/.exec(bytes.toString("latin1", 0, 40))?.[1];
    switch (kind) {
      case "header":
        return this.#header(bytes, at);
      case "page":
      case "end":
        return this.#closing(kind, bytes, at);
      case "erased":
        // An export that was under way when the tenant was erased is of no use.
        if (this.#open && this.#open.tenant !== json(bytes)?.erased?.tenant) return "the export before it has no end";
        this.#open = undefined;
        this.erased.push({ tenant: json(bytes)?.erased?.tenant, line: bytes.toString("utf8", 0, bytes.length - 1) });
        return undefined;
      case "complete":
        this.#isComplete = true;
        return this.#open && "the export before it has no end";
      case undefined:
        return "this is no line of an export";
      default:
        if (!this.#open) return "there is no header before it";
        this.#open.digest.update(bytes);
        if (kind === "key") this.#open.ids.add(/^\{"key":\{"id":"([^"]+)"/.exec(bytes.toString("latin1", 0, 80))?.[1]);
        if (kind === "event_endpoint") this.#open.endpoints += 1;
        return undefined;
    }
  }

  /** Returns what is missing at the end of the file, if something is. */
  end() {
    if (this.exports.length + this.erased.length === 0 && !this.#open) return "there is no export in it";
    if (this.#open) return `the end of the export of ${whose(this.#open)} is missing`;
    const ofAll = this.exports.length > 1 || this.erased.length > 0 || this.exports[0].tenant === null;
    return ofAll && !this.#isComplete ? 'the last line of an export of all, {"complete":true}, is missing' : undefined;
  }

  #header(bytes, at) {
    if (this.#open) return `the end of the export of ${whose(this.#open)} is missing before it`;
    const tenant = json(bytes)?.header?.tenant;
    if (tenant === undefined) return "this is no header of an export";
    const header = bytes.toString("utf8", 0, bytes.length - 1);
    const running = createHash("sha256").update(header).digest();
    this.#open = { tenant, header, running, pages: [], at: at + bytes.length, ids: new Set(), endpoints: 0 };
    this.#begin();
    return undefined;
  }

  #closing(kind, bytes, at) {
    const open = this.#open;
    if (!open) return "there is no header before it";
    const running = open.digest.digest();
    const closing = json(bytes)?.[kind];
    if (closing?.number !== open.pages.length + 1) return `page ${open.pages.length + 1} of ${whose(open)} expected`;
    if (closing.digest !== running.toString("hex")) return "something in the page that ends here was altered";
    const behind = at + bytes.length;
    open.pages.push({ at: open.at, length: behind - open.at });
    Object.assign(open, { running, at: behind });
    if (kind === "page") return this.#begin();
    const { tenant, header, pages, ids, endpoints } = open;
    const end = bytes.toString("utf8", 0, bytes.length - 1);
    this.exports.push({ tenant, header, end, pages, keys: ids.size, endpoints });
    this.#open = undefined;
    return undefined;
  }

  /** Begins a page: its digest is over the one before it and its lines. */
  #begin() {
    this.#open.digest = createHash("sha256").update(this.#open.running);
  }
}

const whose = ({ tenant }) => (tenant === null ? "the operators" : plain(String(tenant)));

function json(bytes) {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The lines of a file with their line ends, and where each begins. The last one may have no end. */
async function* linesOf(path) {
  let [rest, at, number] = [Buffer.alloc(0), 0, 1];
  for await (const chunk of createReadStream(path)) {
    let bytes = Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF)) {
      const line = bytes.subarray(0, end + 1);
      yield { bytes: line, at, number, isWhole: true };
      bytes = bytes.subarray(end + 1);
      at += line.length;
      number += 1;
    }
    rest = bytes;
  }
  if (rest.length > 0) yield { bytes: rest, at, number, isWhole: false };
}
