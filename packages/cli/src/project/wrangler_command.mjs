// `keystile wrangler -- …`: this package's own wrangler, for logins and secrets.

import { spawn } from "node:child_process";

import { wrangler as commandLine } from "./own_wrangler.mjs";

export const wrangler = {
  name: "wrangler",
  summary: "run the wrangler of this package: keystile wrangler -- login",
  arguments: [{ name: "argument", rest: true, optional: true, summary: "wrangler's own, after --" }],
  run({ positionals, io }) {
    const [command, args] = commandLine(...positionals);
    const env = { ...process.env, WRANGLER_SEND_METRICS: "false" };
    const child = spawn(command, args, { cwd: io.cwd, stdio: "inherit", env });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => resolve(code ?? 1));
    });
  },
};
