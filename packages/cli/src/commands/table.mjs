// The commands of the management API, in the order of the help.

import { AUDIT } from "./audit.mjs";
import { BACKUP } from "./backup.mjs";
import { completion } from "./completion.mjs";
import { DEPLOYMENT } from "./deployment.mjs";
import { EVENTS } from "./events.mjs";
import { EXPOSURES } from "./exposures.mjs";
import { KEYS } from "./keys.mjs";
import { OPERATORS } from "./operators.mjs";
import { probe } from "./probe.mjs";
import { PROFILES } from "./profiles.mjs";
import { TENANTS } from "./tenants.mjs";
import { USAGE } from "./usage.mjs";
import { WEBHOOKS } from "./webhooks.mjs";

export const API_COMMANDS = [
  ...[...KEYS, ...TENANTS, ...OPERATORS, ...AUDIT, ...EXPOSURES, ...WEBHOOKS, ...EVENTS, ...USAGE, ...BACKUP, ...DEPLOYMENT, probe],
  ...PROFILES,
  completion,
];
