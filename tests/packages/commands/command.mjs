// Runs commands of the CLI in this process, with a terminal of the test's own, and serves the workers of a rig.

import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";

import { main } from "../../../packages/cli/src/main.mjs";
import { ROOT_KEY } from "../../support/rig.mjs";

const made = [];
process.once("exit", () => made.forEach((directory) => rmSync(directory, { recursive: true, force: true })));

/** An empty directory, which goes with this process. */
export function emptyDirectory() {
  made.push(mkdtempSync(path.join(tmpdir(), "keystile-commands-")));
  return made.at(-1);
}

/**
 * Returns `run(...words)`, which resolves to {code, out, err}. An object among the words is options of this run:
 *   stdin    the text on stdin
 *   env      variables beside those of `env`
 *   tty      whether the terminal is one; then stdin is what is typed
 */
export function commandLine({ env = {}, cwd = emptyDirectory(), fetch } = {}) {
  return async function run(...words) {
    const options = Object.assign({}, ...words.filter((each) => typeof each === "object"));
    const written = { out: "", err: "" };
    const to = (name) => {
      const write = (text, done) => ((written[name] += text), done?.(), true);
      return { write, isTTY: options.tty, columns: 80, on() {}, once() {} };
    };
    const stdin = Object.assign(Readable.from(options.stdin === undefined ? [] : [options.stdin]), { isTTY: options.tty });
    const io = {
      stdout: to("out"),
      stderr: to("err"),
      stdin,
      out: (text) => void (written.out += `${text}\n`),
      say: (text) => void (written.err += `${text}\n`),
      env: { PATH: process.env.PATH, HOME: cwd, ...env, ...options.env },
      cwd,
      fetch,
    };
    const code = await main(words.filter((each) => typeof each === "string"), { io });
    return { code, ...written };
  };
}

/** The environment in which commands ask the management worker of a rig, as root. */
export const asRoot = (url) => ({ KEYSTILE_URL: url, KEYSTILE_KEY: ROOT_KEY });

/** Serves a worker of a rig at an address of its own: {url, close}. */
export async function served(rig, name) {
  const server = http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { method, headers, url } = request;
    const question = { method, headers, body: body || undefined, redirect: "manual" };
    const answer = await rig.server.getWorker(name).fetch(new URL(url, "http://edge.example"), question);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
