// A module that lies beside this file.

import { readFileSync } from "node:fs";

export function moduleBeside(name) {
  try {
    return readFileSync(new URL(`./${name}`, import.meta.url));
  } catch (cause) {
    const instead = 'Import "keystile/webhooks/inline", which contains it, or leave `keystile` out of the bundle.';
    throw new Error(`This code can't read its module, ${name}; a bundler may have taken it away. ${instead}`, { cause });
  }
}
