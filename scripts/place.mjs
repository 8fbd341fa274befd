// The place of `npm start`: this clone, whose wrangler files build the workers anew at each change.

import { checkSecrets } from "./host_tools.mjs";
import { inRoot, root, wrangler, wranglerEnv } from "./tools.mjs";

export const place = {
  home: root,
  own: ".keystile",
  start: "npm start",
  tool: "npm run wrangler --",
  say: (text) => console.log(text),
  checkSecrets,
  wrangler,
  wranglerEnv,
};

/** The repository's own wrangler files. */
export const CONFIGS = {
  front: inRoot("dev", "front", "wrangler.toml"),
  edge: inRoot("wrangler.toml"),
  manage: inRoot("crates", "manage", "wrangler.toml"),
  hooks: inRoot("crates", "hooks", "wrangler.toml"),
  limiter: inRoot("crates", "limiter", "wrangler.toml"),
  sender: inRoot("crates", "sender", "wrangler.toml"),
  upstream: inRoot("dev", "upstream", "wrangler.toml"),
};
