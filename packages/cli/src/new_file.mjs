// New files with what is confidential: only their owner can read them, and each appears under its name once it is whole.

import { closeSync, existsSync, fstatSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

import { Failed, WrongUsage } from "./failed.mjs";

/** A file that has its name once it is kept. Until then what is written is in `part`. */
export class NewFile {
  #file;
  #name;
  part;

  constructor(name, part) {
    this.#name = name;
    this.part = part;
    this.#file = createPrivately(part);
  }

  /** Writes all of a text or of bytes. */
  write(data) {
    writeFileSync(this.#file, data);
  }

  /** Gives it its name, in place of a file that has it. */
  keep() {
    fsyncSync(this.#file);
    const isOther = fstatSync(this.#file).ino !== statSync(this.part, { throwIfNoEntry: false })?.ino;
    closeSync(this.#file);
    if (isOther) throw new Failed(`${this.part} was taken away, or another program writes it. Run this again, alone.`);
    renameSync(this.part, this.#name);
  }

  /** Takes away what was written. */
  discard() {
    closeSync(this.#file);
    rmSync(this.part, { force: true });
  }
}

/** A file for the user, named by `--option`: never in place of one that is there. `say` gets a note on an earlier part. */
export function fileOfUser(option, name, say) {
  refuseTaken(option, name);
  const part = `${name}.part`;
  const isLeft = existsSync(part);
  try {
    const file = new NewFile(name, part);
    if (isLeft) say(`${part}, which an earlier one had left, is gone.`);
    return file;
  } catch (error) {
    throw new WrongUsage(`${part} can't be written: ${error.message}`);
  }
}

/** Throws unless a file that the user names by `--option` can be a new one. */
export function refuseTaken(option, name) {
  if (name === "") throw new WrongUsage(`--${option} is empty. Is a variable not set?`);
  if (existsSync(name)) throw new WrongUsage(`${name} is there already. Name a new file.`);
}

/**
 * Opens a new file. One of that name is removed first: its mode would stay, others may have it open, and a link would lead
 * to somebody else's file.
 */
function createPrivately(name) {
  rmSync(name, { force: true });
  return openSync(name, "wx", 0o600);
}

/** Writes a private file, whole or not at all. */
export function writePrivately(name, data) {
  const file = new NewFile(name, `${name}.${process.pid}`);
  try {
    file.write(data);
  } catch (error) {
    file.discard();
    throw error;
  }
  file.keep();
}
