// Bindings that keystile.toml asks for and a worker's wrangler file lacks.

import { readFileSync } from "node:fs";
import path from "node:path";

import { root } from "./tools.mjs";

/** A sentence for each binding that is missing. `edge` and `hooks` are the wrangler files. */
export function missingBindings({ upstreams }, { edge, hooks }) {
  const has = (file, setting, name) => new RegExp(`^\\s*${setting}\\s*=\\s*"${name}"`, "m").test(readFileSync(file, "utf8"));
  const shown = (file) => path.relative(root, file);
  const sentence = (name, service, file) =>
    `The upstream "${name}" is the service binding ${service}, which ${shown(file)} lacks. ` +
    `Add a [[services]] with binding = "${service}" there.`;
  return upstreams
    .filter(({ service }) => service)
    .flatMap(({ name, service, of_routes, of_webhooks }) =>
      [of_routes && edge, of_webhooks && hooks]
        .filter((file) => file && !has(file, "binding", service))
        .map((file) => sentence(name, service, file)),
    );
}
