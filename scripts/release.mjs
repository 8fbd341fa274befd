// `npm run release [-- --dry-run]`: builds and packs all that is published into `release`, and checks it. It publishes
// nothing: .github/workflows/release.yml does, of what this has written.
//
//   --dry-run   also with uncommitted changes, and before the changelog says the day

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { breaking } from "./api_changes.mjs";
import { WORKERS } from "./build.mjs";
import { buildPackages } from "./packages_build.mjs";
import { asProgram, capture, Failed, quietly } from "./run.mjs";
import { setup } from "./setup.mjs";
import { inRoot, root, target } from "./tools.mjs";
import { version } from "./version.mjs";

const OUT = inRoot("release");
/** The one crate that is published. */
const CRATE = "keystile-webhook";
/** The crates whose compiled code is in a package, and that one. */
const RELEASED_CRATES = [CRATE, ...[...WORKERS, "check", "wasm", "debugger"].map((name) => `keystile-${name}`)];
/** No package has these: secrets, tests, and maps with a machine's paths. */
const UNWANTED = /(^|\/)(\.dev\.vars|\.env|\.npmrc|node_modules|.*\.test\.m?js|.*\.map)$/;
const SECRETS = [/ksroot_[\w-]{40,}/, /ksop_[0-9A-Za-z]{32,}/, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, /npm_[0-9A-Za-z]{36}/];

export async function release({ dryRun }) {
  const released = version();
  const notes = section(released, { dryRun });
  const broken = breaking();
  if (broken.length) throw new Failed(`Clients of the released API would break:\n  ${broken.join("\n  ")}`);
  if (!dryRun) refuseUncommitted();
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT);
  writeFileSync(path.join(OUT, "NOTES.md"), forPage(notes, released));
  const directories = await buildPackages();
  for (const directory of directories) await packed(directory);
  await crate(released, { dryRun });
  await billsOfMaterials(released);
  writeFileSync(path.join(OUT, "MODULES.sha256"), sumsOfModules(directories));
  writeFileSync(path.join(OUT, "SHA256SUMS"), sums(OUT));
}

/** The changelog's section of a version. */
export function section(released, { dryRun }, changelog = readFileSync(inRoot("CHANGELOG.md"), "utf8")) {
  const [head, text] = changelog.split(/^## \[/m).map((part) => part.split(/\n([^]*)/)).find(([line]) => line.startsWith(`${released}]`)) ?? [];
  if (!head) throw new Failed(`CHANGELOG.md has no section "## [${released}]". Write it.`);
  if (!dryRun && !/\] - \d{4}-\d\d-\d\d$/.test(head)) {
    throw new Failed(`CHANGELOG.md says "## [${head}". Write the day: ## [${released}] - ${new Date().toISOString().slice(0, 10)}`);
  }
  return text.trim() + "\n";
}

/** The notes for the release's page, from which a path of the repository leads nowhere. */
export const forPage = (notes, released) =>
  notes.replaceAll(/\]\((?!https?:|#)([^)]+)\)/g, (_, file) => `](https://github.com/keystile/keystile/blob/v${released}/${file})`);

function refuseUncommitted() {
  const changed = execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
  if (changed) throw new Failed(`Commit these first, or give --dry-run:\n${changed}`);
}

/** Packs a package as npm would publish it, and checks the tarball. */
async function packed(directory) {
  const [{ filename, files, name }] = JSON.parse(await capture("npm", ["pack", "--json", "--pack-destination", OUT], { cwd: directory }));
  const tarball = path.join(OUT, filename);
  const mistakes = files.flatMap(({ path: file }) => mistakesIn(file, () => readFileSync(path.join(directory, file), "latin1")));
  for (const needed of ["README.md", "LICENSE-APACHE", "LICENSE-MIT", "package.json"]) {
    if (!files.some(({ path: file }) => file === needed)) mistakes.push(`${needed} is missing`);
  }
  const { publint } = await import("publint");
  const { formatMessage } = await import("publint/utils");
  const manifest = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8"));
  const { messages } = await publint({ pack: { tarball: arrayBuffer(readFileSync(tarball)) }, strict: true });
  mistakes.push(...messages.filter(({ type }) => type !== "suggestion").map((each) => formatMessage(each, manifest)));
  if (manifest.exports) mistakes.push(...(await mistakesOfTypes(tarball)));
  if (mistakes.length) throw new Failed(`${filename} can't be published:\n  ${mistakes.join("\n  ")}`);
  console.log(`✓ ${name}: ${filename}, ${files.length} files`);
}

/** Each way of resolution in which the types of an entry aren't found or aren't right, a sentence each. */
async function mistakesOfTypes(tarball) {
  const attw = inRoot("node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  const { analysis } = JSON.parse(await capture(process.execPath, [attw, tarball, "--profile", "esm-only", "--format", "json"]));
  // The packages are modules alone, for Node 20 and later.
  const wrong = analysis.problems.filter(({ resolutionKind }) => !["node10", "node16-cjs"].includes(resolutionKind));
  return wrong.map(({ kind, entrypoint, resolutionKind }) => `attw: ${kind} at ${entrypoint}, ${resolutionKind}`);
}

const arrayBuffer = (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);

/** The reasons why a file must not be published, a sentence each. */
export function mistakesIn(file, read) {
  if (UNWANTED.test(file)) return [`${file} doesn't belong into a package`];
  const text = read();
  const found = [root, homedir()].filter((place) => place.length > 1 && text.includes(place + path.sep)).map((place) => `${file} names the directory ${place}`);
  return [...found, ...SECRETS.filter((secret) => secret.test(text)).map((secret) => `${file} has a text like a secret: ${secret}`)];
}

/** Packs the crate, which compiles it from the package alone, and checks what is in it. */
async function crate(released, { dryRun }) {
  const options = ["--locked", "--target-dir", target(), ...(dryRun ? ["--allow-dirty"] : [])];
  await quietly(`Packing ${CRATE}, and compiling it from the package`, "cargo", ["package", "-p", CRATE, ...options], { cwd: root, usually: "1 minute" });
  const file = `${CRATE}-${released}.crate`;
  copyFileSync(target("package", file), path.join(OUT, file));
  const files = readdirSync(target("package", `${CRATE}-${released}`), { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const mistakes = files.flatMap(({ parentPath, name }) => mistakesIn(name, () => readFileSync(path.join(parentPath, name), "latin1")));
  if (mistakes.length) throw new Failed(`${file} can't be published:\n  ${mistakes.join("\n  ")}`);
  console.log(`✓ ${CRATE}: ${file}, ${files.length} files`);
}

/**
 * The parts of the release, as CycloneDX: the npm packages that it is built and tested with, and the crates in its
 * workers, modules and crate.
 */
async function billsOfMaterials(released) {
  const ofNpm = await capture("npm", ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"], { cwd: root });
  const bill = JSON.parse(ofNpm);
  // npm takes the directory's name.
  bill.metadata.component.name = "keystile";
  writeFileSync(path.join(OUT, "npm.cdx.json"), `${JSON.stringify(bill, null, 2)}\n`);
  const metadata = await capture("cargo", ["metadata", "--format-version", "1", "--locked", "--filter-platform", "wasm32-unknown-unknown"], { cwd: root });
  writeFileSync(path.join(OUT, "crates.cdx.json"), `${JSON.stringify(ofCrates(JSON.parse(metadata), released), null, 2)}\n`);
}

/** The bill of cargo's metadata: what the released crates depend on, but for tests and builds. */
export function ofCrates({ packages, resolve }, released) {
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Set(packages.filter(({ name }) => RELEASED_CRATES.includes(name)).map(({ id }) => id));
  for (const id of found) {
    const normal = nodes.get(id).deps.filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null));
    for (const { pkg } of normal) found.add(pkg);
  }
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: { component: { type: "application", name: "keystile", version: released } },
    components: packages
      .filter(({ id, source }) => source && found.has(id))
      .map(({ name, version: each, license }) => ({
        type: "library",
        name,
        version: each,
        purl: `pkg:cargo/${name}@${each}`,
        ...(license ? { licenses: [{ expression: license.replaceAll("/", " OR ") }] } : {}),
      })),
  };
}

/** The SHA-256 of each file in a directory, for `sha256sum --check` there. */
export const sums = (directory) => lines(readdirSync(directory).map((name) => [name, path.join(directory, name)]));

/** The SHA-256 of each WebAssembly module, by its path below `node_modules` where it is installed. */
function sumsOfModules(directories) {
  const modules = (directory) => readdirSync(path.join(directory, "dist"), { recursive: true }).filter((file) => file.endsWith(".wasm"));
  const place = (directory, file) => {
    const { name } = JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8"));
    return [path.posix.join("node_modules", name, "dist", file), path.join(directory, "dist", file)];
  };
  return lines(directories.flatMap((directory) => modules(directory).map((file) => place(directory, file))));
}

/** Named files, as `sha256sum` writes them. */
const lines = (files) =>
  files.sort().map(([name, file]) => `${createHash("sha256").update(readFileSync(file)).digest("hex")}  ${name}\n`).join("");

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const { values } = parseArgs({ options: { "dry-run": { type: "boolean" } } });
    await setup();
    await release({ dryRun: values["dry-run"] });
    console.log(`\nAll that would be published is in ${OUT}`);
  });
}
