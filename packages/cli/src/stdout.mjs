// stdout, and the end of a command whose output can't be written: its reader has gone, or the disk is full.
//
//   it has only read so far     it ends: with exit code 0 if the reader has gone, since `head` has enough; else 1
//   it has changed something    it goes on to its end; its exit code is its own if the reader has gone, else 1
//   `writeSecret`               exit code 1, and what to do about a secret that nobody got
//   `writeWhole`                exit code 1: a part of it is of no use

import { fstatSync, writeFileSync } from "node:fs";

import { Failed } from "./failed.mjs";

/** Something could not be written to stdout. */
export class Unwritten extends Failed {
  constructor(cause) {
    super(`stdout can't be written: ${isGone(cause) ? "its reader has gone" : cause.message}.`);
    this.isReaderGone = isGone(cause);
  }
}

/** The course of a command, as far as its output depends on it: `io.course`. */
export class Course {
  /** Whether something was changed; then nothing of the output ends the command any more. */
  hasChanged = false;
  /** The first failure to write, if there was one. */
  unwritten;
}

/** Writes to stdout as fast as its reader takes it. */
export async function write(io, text) {
  try {
    await writeOrFail(io, text);
  } catch (error) {
    if (!(error instanceof Unwritten) || !io.course?.hasChanged) throw error;
    io.course.unwritten ??= error;
  }
}

/** Writes a secret that can't be had again. `remedy` says what to do if nobody got it. */
export async function writeSecret(io, text, remedy) {
  try {
    await writeOrFail(io, text);
  } catch (error) {
    if (error instanceof Unwritten) throw new Failed(`${remedy} (${error.message})`);
    throw error;
  }
}

/** Writes a part of what is of use as a whole alone. */
export async function writeWhole(io, text) {
  try {
    await writeOrFail(io, text);
  } catch (error) {
    if (error instanceof Unwritten) throw new Failed(`Not all of it is written: ${error.message}`);
    throw error;
  }
}

async function writeOrFail(io, text) {
  if (!io.stdout?.write) return io.out(text);
  const error = await put(io.stdout, typeof text === "string" ? `${text}\n` : text);
  if (error) throw new Unwritten(error);
  return undefined;
}

/** Writes to a stream. Resolves to the error, if there is one. */
export async function put(stream, bytes) {
  if (!isFile(stream)) return new Promise((resolve) => stream.write(bytes, resolve));
  try {
    // Node's own stream doesn't notice a file that took only a part.
    writeFileSync(stream.fd, bytes);
    return undefined;
  } catch (error) {
    return error;
  }
}

const isFile = ({ fd }) => fd !== undefined && fstatSync(fd).isFile();

/** On Windows a pipe without a reader says EOF. */
const isGone = ({ code }) => code === "EPIPE" || code === "EOF";
