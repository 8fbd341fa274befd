// Checks the imports between files: they form no circle, and in core an area imports only earlier areas. So a file can
// be understood with its imports and nothing else. Also, Wrangler watches every crate that a worker is made of.
//
//   node scripts/imports.mjs

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { cratesOf } from "./crates.mjs";
import { asProgram, Failed } from "./run.mjs";
import { rustImports } from "./rust_modules.mjs";
import { inRoot, root } from "./tools.mjs";

/** The areas of core. Each may import those before it. */
const AREAS = [
  ...["base", "key", "access", "feed", "usage", "limits", "ledger", "config", "events", "receiver", "objects", "metrics"],
  "api",
];

/** The workers' crates, and the configurations by which Wrangler builds them again when a watched directory changes. */
const WORKERS = [
  ["keystile-edge", "wrangler.toml"],
  ["keystile-manage", path.join("crates", "manage", "wrangler.toml")],
  ["keystile-hooks", path.join("crates", "hooks", "wrangler.toml")],
  ["keystile-limiter", path.join("crates", "limiter", "wrangler.toml")],
  ["keystile-sender", path.join("crates", "sender", "wrangler.toml")],
];

/** Fails with every circle and every import against the order of the areas. */
export function checkImports() {
  const rust = readdirSync(inRoot("crates")).sort().flatMap(importsOfCrate);
  const js = ["scripts", path.join("tests", "support"), "crates", "packages"].flatMap(filesOfJs).flatMap(importsOfJs);
  const found = [...circles(rust), ...circles(js), ...againstTheOrder(rust), ...WORKERS.flatMap(unwatched)];
  if (found.length) throw new Failed(`${found.join("\n\n")}\n\n${found.length} to resolve.`);
  console.log(`ok: ${rust.length + js.length} imports, no circle, core's areas in their order, all crates watched`);
}

function importsOfCrate(crate) {
  const roots = ["lib.rs", "main.rs"].map((file) => inRoot("crates", crate, "src", file));
  return roots.filter((file) => existsSync(file)).flatMap((file) => rustImports(file));
}

/** The crates that a worker is made of and Wrangler doesn't watch. */
function unwatched([worker, config]) {
  const [, list] = /^watch_dir = (\[.*\])$/m.exec(readFileSync(inRoot(config), "utf8"));
  const watched = JSON.parse(list).map((directory) => inRoot(path.dirname(config), directory));
  const missing = cratesOf(worker).filter((crate) => !watched.includes(inRoot(crate, "src")));
  return missing.map((crate) => `${config}: watch_dir lacks ${crate}/src, of which ${worker} is made.`);
}

function filesOfJs(directory) {
  const files = readdirSync(inRoot(directory), { recursive: true }).filter((file) => /\.m?js$/.test(file));
  const written = files.filter((file) => !["build", "dist", "node_modules"].some((made) => file.split(path.sep).includes(made)));
  return written.sort().map((file) => inRoot(directory, file));
}

/** The relative paths that a JavaScript module imports, statically or dynamically. */
function importsOfJs(from) {
  const source = readFileSync(from, "utf8").replaceAll(/^\s*\/\/.*|\/\*[\s\S]*?\*\//gm, "");
  const found = source.matchAll(/\b(?:import|export)\b\s*\(?([^;"'()]*?)(?:\bfrom\s*)?["'](\.{1,2}\/[^"']+)["']/g);
  return [...found].map(([, names, to]) => ({
    from,
    to: path.join(path.dirname(from), to),
    name: names.replaceAll(/[{}\s]+/g, " ").trim() || "the module",
  }));
}

/** The shortest circle through each file that is in one. */
function circles(imports) {
  const found = new Map();
  for (const start of new Set(imports.map(({ from }) => from))) {
    const circle = shortestCircle(start, imports);
    if (circle) found.set(circle.toSorted().join(), circle);
  }
  return [...found.values()].map((circle) => {
    const steps = circle.map((from, at) => `  ${described(from, circle[(at + 1) % circle.length], imports)}`);
    const advice = "Move what both sides need into a file that imports neither, or take one of these imports away.";
    return `A circle of imports:\n${steps.join("\n")}\n  ${advice}`;
  });
}

/** The shortest way from a file back to itself, found breadth first. */
function shortestCircle(start, imports) {
  const before = new Map();
  const queue = [start];
  for (const file of queue) {
    for (const { to } of imports.filter(({ from }) => from === file)) {
      if (to === start) return wayTo(file, before);
      if (before.has(to)) continue;
      before.set(to, file);
      queue.push(to);
    }
  }
  return undefined;
}

function wayTo(file, before) {
  const way = [file];
  while (before.has(way[0])) way.unshift(before.get(way[0]));
  return way;
}

function againstTheOrder(imports) {
  const found = new Set();
  for (const { from, to } of imports) {
    const areas = [areaOf(from), areaOf(to)];
    const [importing, imported] = areas.map((area) => AREAS.indexOf(area));
    if (areas[0] === areas[1] || areas.includes(undefined)) continue;
    const unknown = areas[[importing, imported].indexOf(-1)];
    if (unknown) {
      found.add(`core has an area ${unknown}: add it to AREAS in scripts/imports.mjs, behind all that it imports.`);
    } else if (importing < imported) {
      found.add(
        `An import against the order of core's areas (${AREAS.join(", ")}):\n  ${described(from, to, imports)}\n` +
          `  Move this code to ${areas[1]} or behind, or what it imports to ${areas[0]} or before.`,
      );
    }
  }
  return [...found];
}

/** The area of core that a file belongs to; none for `lib.rs` and for other crates. */
function areaOf(file) {
  const [area] = path.relative(inRoot("crates", "core", "src"), file).split(/[/\\]|\.rs$/);
  return area === ".." || area === "lib" ? undefined : area;
}

function described(from, to, imports) {
  const names = imports.filter((each) => each.from === from && each.to === to).map(({ name }) => name);
  return `${path.relative(root, from)} → ${path.relative(root, to)}: ${[...new Set(names)].join(", ")}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await asProgram(async () => checkImports());
