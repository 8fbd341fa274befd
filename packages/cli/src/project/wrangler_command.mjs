// `keystile wrangler -- …`: this package's own wrangler, for logins and secrets, in the account of keystile.toml. A worker
// that `wrangler -- dev` runs is bound to those of `keystile dev`.

import { existsSync } from "node:fs";

import { WrongUsage } from "../failed.mjs";
import { accountIn, inAccount } from "./account.mjs";
import { registryOf } from "./place.mjs";
import { CONFIG, projectOf } from "./project.mjs";
import { start } from "./run.mjs";

export const wrangler = {
  name: "wrangler",
  summary: "run the wrangler of this package: keystile wrangler -- login",
  options: { config: CONFIG },
  arguments: [{ name: "argument", rest: true, optional: true, summary: "wrangler's own, after --" }],
  async run({ values, positionals, io }) {
    const project = projectOf(values, io);
    if (values.config && !existsSync(project.file)) throw new WrongUsage(`There is no ${values.config}.`);
    const place = inAccount(project, await accountIn(project.file));
    const { WRANGLER_SEND_METRICS, CLOUDFLARE_ACCOUNT_ID } = place.wranglerEnv();
    const env = { WRANGLER_SEND_METRICS, ...(CLOUDFLARE_ACCOUNT_ID && { CLOUDFLARE_ACCOUNT_ID }) };
    if (existsSync(project.file)) env.WRANGLER_REGISTRY_PATH = registryOf(project);
    const [command, args] = place.wrangler(...positionals);
    const { code } = await start(command, args, { cwd: io.cwd, env, stdio: "inherit", signals: true });
    return code ?? 1;
  },
};
