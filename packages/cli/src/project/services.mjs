// The workers behind the service bindings that upstreams name: [deploy.services] of keystile.toml.

import { existsSync } from "node:fs";
import path from "node:path";

import { Failed } from "../failed.mjs";
import { readWranglerFile } from "./own_wrangler.mjs";
import { demoName } from "./wrangler_files.mjs";

/**
 * Finds them. Returns `services`, by binding the name of its worker; `files`, the wrangler files of those that are
 * beside keystile.toml; and `lacking`, the upstreams whose binding has no worker.
 */
export async function findServices({ deploy, upstreams }, home) {
  const services = {};
  const files = [];
  for (const [binding, { worker, config }] of Object.entries(deploy.services)) {
    services[binding] = worker ?? (await nameIn(config, home));
    if (config) files.push({ name: services[binding], file: path.resolve(home, config) });
  }
  const lacking = upstreams.filter(({ service }) => service && !services[service]);
  return { services, files, lacking };
}

async function nameIn(config, home) {
  const file = path.resolve(home, config);
  if (!existsSync(file)) {
    throw new Failed(
      `[deploy.services] names ${config}, and there is no such file beside keystile.toml. Write its path from there.`,
    );
  }
  const { name } = await readWranglerFile(file);
  if (!name) throw new Failed(`${config} has no \`name\`. Write the worker's name there, such as name = "my-api".`);
  return name;
}

/**
 * The services on a developer's machine: the demo stands in for a worker that is elsewhere. Returns `services`, and
 * `notes` on the bindings that reach the demo.
 */
export function localServices({ services, files, lacking }, summary) {
  const here = new Set(files.map(({ name }) => name));
  const demo = demoName(summary);
  const elsewhere = Object.entries(services).filter(([, name]) => !here.has(name) && name !== demo);
  const standIns = [...elsewhere.map(([binding]) => binding), ...lacking.map(({ service }) => service)];
  const notes = elsewhere.map(
    ([binding, name]) =>
      `The demo upstream stands in for ${name}, which is not here. To run it along, write in [deploy.services]: ` +
      `${binding} = { config = "…" }, the path of its wrangler file.`,
  );
  return { services: { ...services, ...Object.fromEntries(standIns.map((binding) => [binding, demo])) }, notes };
}
