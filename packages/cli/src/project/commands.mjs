// The commands on a project: a directory with a keystile.toml.

import { check } from "./check.mjs";
import { deploy } from "./deploy.mjs";
import { dev } from "./dev.mjs";
import { init } from "./init.mjs";
import { logs } from "./logs.mjs";
import { wrangler } from "./wrangler_command.mjs";

export const PROJECT_COMMANDS = [init, dev, check, deploy, logs, wrangler];
