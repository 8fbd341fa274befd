// Express and FastAPI on this machine, each as its documentation starts it, with the checks of signatures that the
// guide has for them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

import { inRoot, uvicorn } from "../../scripts/tools.mjs";
import { blocksOf } from "../documents/pages.mjs";

/**
 * Starts both with this signing secret. Returns their ports, `check`, the module of the guide's `isFromKeystile`, and
 * how to end them.
 */
export async function startFrameworks(secret) {
  const directory = mkdtempSync(path.join(tmpdir(), "keystile-upstreams-"));
  const [javascript] = blocksOf("docs/guide/guard-an-api.md").filter(({ lang }) => lang === "js");
  const check = path.join(directory, "check.mjs");
  writeFileSync(check, javascript.text);
  const [python] = blocksOf("docs/guide/upstreams.md").filter(({ text }) => text.includes("def is_from_keystile"));
  const pythonCheck = path.join(directory, "check.py");
  writeFileSync(pythonCheck, python.text.replace(/^.*<<'END'\n/, "").replace(/\nEND$/, ""));

  const ports = { express: await freePort(), fastapi: await freePort() };
  const environment = { ...process.env, SECRET: secret };
  const express = spawn(process.execPath, [inRoot("tests", "upstreams", "express_app.mjs")], {
    env: { ...environment, PORT: String(ports.express), CHECK: pathToFileURL(check).href },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const app = ["fastapi_app:app", "--app-dir", inRoot("tests", "upstreams"), "--port", String(ports.fastapi)];
  const options = ["--proxy-headers", "--forwarded-allow-ips", "*", "--log-level", "warning"];
  const fastapi = spawn(uvicorn().program, [...app, ...options], {
    env: { ...environment, CHECK: pythonCheck, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const close = async () => {
    const ended = [express, fastapi].map((child) => child.exitCode ?? once(child, "exit"));
    for (const child of [express, fastapi]) child.kill();
    await Promise.all(ended);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all(Object.values(ports).map(listening));
  } catch (error) {
    await close();
    throw error;
  }
  return { ports, check, close };
}

async function freePort() {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

async function listening(port) {
  for (const deadline = Date.now() + 60_000; ; await delay(100)) {
    const socket = net.connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    } finally {
      socket.destroy();
    }
  }
}
