// `node scripts/pages.mjs [--check]`: bundles `www` into build/www, which the management worker serves, and says how
// large each page is. `--check` tests the types instead, and what no type can say.
//
//   --outdir DIR   another place than build/www
//   --release      without source maps, as deployed

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { buildDebugger, debuggerAssets } from "./debugger.mjs";
import { installOnce } from "./packages.mjs";
import { asProgram, Failed, run } from "./run.mjs";
import { inRoot, root } from "./tools.mjs";

const www = (...parts) => inRoot("www", ...parts);

/** The pages: the file that is served, and the module that it loads. */
export const PAGES = {
  dashboard: { html: "index.html", entry: www("src", "dashboard", "main.tsx") },
  portal: { html: "portal.html", entry: www("src", "portal", "main.tsx") },
  debugger: { html: "debugger.html", entry: www("src", "debugger", "main.tsx") },
};
/** The custom element: one file with a stable name, since other sites' pages load it. */
const ELEMENT = { entry: www("src", "element", "keystile_keys.ts"), file: path.join("portal", "keystile-keys.js") };

/** Where the sizes of the last build stand: `{ page: { eager, lazy } }`, in bytes after gzip -9. */
export const SIZES = inRoot("build", "pages.json");

/** The file that says of which inputs the pages in `outdir` are. It is written anew when a build is complete. */
export const stampOf = (outdir) => path.join(path.dirname(outdir), `.${path.basename(outdir)}.stamp`);

/**
 * Bundles all pages into `outdir`, unless it holds them already. Returns the sizes. `move` takes the files from where
 * they were made to `outdir`.
 */
export async function buildPages({ outdir = inRoot("build", "www"), release = false, move = moveInto } = {}) {
  await installOnce("what the pages are written with", www());
  // `npm start` builds the debugger's engine later, and then the pages again: until then that page says so.
  if (release) await buildDebugger({ release });
  const extra = debuggerAssets();
  const inputs = `${release ? "release" : "start"} ${fingerprint(extra)}`;
  const stamp = stampOf(outdir);
  if (isUpToDate(outdir, stamp, inputs)) return JSON.parse(readFileSync(SIZES, "utf8"));
  const staging = `${outdir}.${process.pid}`;
  rmSync(staging, { recursive: true, force: true });
  try {
    const sizes = await bundle(staging, release);
    if (existsSync(www("public"))) cpSync(www("public"), staging, { recursive: true });
    for (const { from, to } of extra) cpSync(from, path.join(staging, to));
    await move(staging, outdir);
    write(SIZES, `${JSON.stringify(sizes, null, 2)}\n`);
    write(stamp, inputs);
    return sizes;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function bundle(outdir, release) {
  const esbuild = await import("esbuild");
  const common = {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    minify: true,
    sourcemap: !release,
    metafile: true,
    legalComments: "none",
    logLevel: "silent",
    plugins: [stylesheets(esbuild)],
  };
  try {
    const pages = await esbuild.build({
      ...common,
      entryPoints: Object.fromEntries(Object.entries(PAGES).map(([name, { entry }]) => [name, entry])),
      outdir,
      splitting: true,
      entryNames: "assets/[name]-[hash]",
      chunkNames: "assets/[name]-[hash]",
      assetNames: "assets/[name]-[hash]",
    });
    const element = await esbuild.build({
      ...common,
      entryPoints: [ELEMENT.entry],
      outfile: path.join(outdir, ELEMENT.file),
    });
    const modules = modulesOf(pages.metafile);
    for (const [name, { html }] of Object.entries(PAGES)) {
      writeFileSync(path.join(outdir, html), filled(html, name, modules[name], outdir));
    }
    return sizesOf({ ...modules, element: modulesOf(element.metafile)["keystile-keys"] });
  } catch (error) {
    if (!error.errors) throw error;
    const messages = await esbuild.formatMessages(error.errors, { kind: "error", color: process.stderr.isTTY });
    throw new Failed(messages.join("\n"));
  }
}

/** `import css from "./x.css"` is the minified text, for adopted stylesheets: a strict policy forbids `<style>`. */
const stylesheets = (esbuild) => ({
  name: "stylesheets",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path: file }) => {
      const css = await esbuild.transform(readFileSync(file, "utf8"), { loader: "css", minify: true, sourcefile: file });
      return { contents: css.code.trim(), loader: "text" };
    });
  },
});

/** The files of each entry point: what it loads at once, and what only when it needs it. */
function modulesOf({ outputs }) {
  const reach = (file, found = new Set()) => {
    if (found.has(file)) return found;
    found.add(file);
    for (const each of outputs[file].imports) if (each.kind === "import-statement") reach(each.path, found);
    return found;
  };
  const modules = {};
  for (const [file, { entryPoint }] of Object.entries(outputs)) {
    if (!entryPoint || file.endsWith(".map")) continue;
    const eager = reach(file);
    const all = new Set(eager);
    for (const known of all) for (const each of outputs[known].imports) if (outputs[each.path]) all.add(each.path);
    const name = path.basename(file, ".js").replace(/-[A-Z0-9]{8}$/, "");
    // A page that is loaded when needed is an entry point of its own for esbuild; its `entryPoint` tells them apart.
    const key = Object.entries(PAGES).find(([, { entry }]) => inRoot(entryPoint) === entry)?.[0] ?? name;
    modules[key] = { file, eager: [...eager], lazy: [...all].filter((each) => !eager.has(each)) };
  }
  return modules;
}

function filled(html, name, { file, eager }, outdir) {
  const address = (output) => `/${path.relative(outdir, inRoot(output)).split(path.sep).join("/")}`;
  const preloads = eager.filter((each) => each !== file);
  const text = readFileSync(www(html), "utf8")
    .replaceAll(`%${name}.js%`, address(file))
    .replace(`%${name}.preloads%`, preloads.map((each) => `<link rel="modulepreload" href="${address(each)}">`).join("\n    "));
  const left = text.match(/%[\w.]+%/);
  if (left) throw new Failed(`www/${html}: the build knows no ${left[0]}.`);
  return text;
}

function sizesOf(modules) {
  const gzip = (files) => files.reduce((sum, file) => sum + gzipSync(readFileSync(inRoot(file)), { level: 9 }).length, 0);
  const named = [...Object.keys(PAGES), "element"].map((name) => [
    name,
    { eager: gzip(modules[name].eager), lazy: gzip(modules[name].lazy) },
  ]);
  return Object.fromEntries(named);
}

/**
 * Moves the files into the directory that is served, the pages last, and removes what no page names any more. So a
 * page never names a module that isn't there.
 */
function moveInto(staging, outdir) {
  const isPage = (file) => file.endsWith(".html");
  const files = filesUnder(staging).sort((a, b) => isPage(a) - isPage(b));
  for (const file of files) {
    mkdirSync(path.join(outdir, path.dirname(file)), { recursive: true });
    renameSync(path.join(staging, file), path.join(outdir, file));
  }
  const kept = new Set(files);
  for (const file of filesUnder(outdir)) if (!kept.has(file)) rmSync(path.join(outdir, file));
}

function isUpToDate(outdir, stamp, inputs) {
  if (![SIZES, stamp, path.join(outdir, ELEMENT.file)].every((file) => existsSync(file))) return false;
  if (!Object.values(PAGES).every(({ html }) => existsSync(path.join(outdir, html)))) return false;
  return [inputs, inputs.replace(/^start /, "release ")].includes(readFileSync(stamp, "utf8"));
}

/** A hash of all inputs, taken before the build, so that a change during the build is not missed. */
function fingerprint(extra) {
  const files = [
    inRoot("package-lock.json"),
    inRoot("scripts", "pages.mjs"),
    ...["package-lock.json", "tsconfig.json", ...Object.values(PAGES).map(({ html }) => html)].map((file) => www(file)),
    ...["src", "public"].flatMap((part) => filesUnder(www(part)).map((file) => www(part, file))),
    ...extra.map(({ from }) => from),
  ];
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file)).update("\0");
  return hash.digest("hex");
}

function filesUnder(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true })
    .filter((file) => statSync(path.join(directory, file)).isFile())
    .sort();
}

function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}

/** Tests the types, that the API's types are those of its document, and the rules that no type can say. */
export async function checkPages() {
  await installOnce("what the pages are written with", www());
  await installOnce("what checks the pages", www("checks"), [], { usually: "10 seconds" });
  checkRules();
  await checkSchema();
  await run(process.execPath, [www("checks", "node_modules", "typescript", "bin", "tsc"), "-p", www()], { cwd: root });
}

const DOCUMENT = inRoot("docs", "reference", "openapi.json");
const SCHEMA = inRoot("packages", "keystile", "src", "client", "schema.ts");

async function schemaNow() {
  const tool = www("checks", "node_modules", "openapi-typescript", "dist", "index.mjs");
  const { default: generate, astToString } = await import(pathToFileURL(tool));
  const types = astToString(await generate(pathToFileURL(DOCUMENT), { alphabetize: true, defaultNonNullable: false }));
  return `// Made of docs/reference/openapi.json by \`node scripts/pages.mjs --schema\`.\n\n${types}`;
}

async function checkSchema() {
  if (existsSync(SCHEMA) && readFileSync(SCHEMA, "utf8") === (await schemaNow())) return;
  throw new Failed("packages/keystile/src/client/schema.ts isn't what the document gives. Run: node scripts/pages.mjs --schema");
}

/** Writes the API's types anew: those of the package's client, which the pages share. */
export async function writeSchema() {
  await installOnce("what checks the pages", www("checks"), [], { usually: "10 seconds" });
  writeFileSync(SCHEMA, await schemaNow());
}

/** Rules of the sources: a pattern that must not occur, where, and what to write instead. */
const RULES = [
  {
    in: /\.tsx?$/,
    never: /dangerouslySetInnerHTML|\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write/,
    instead: "Make elements: HTML of text is where scripts get in.",
  },
  {
    in: /\.tsx$/,
    never: /\sstyle=/,
    instead: "Use a class, or set element.style.x in an effect: a host's policy blocks the attribute.",
  },
  {
    in: /\.(css|tsx?)$/,
    never: /\b(margin|padding|border|inset)-(left|right|top|bottom)\b|(^|[\s;{])(left|right|top|bottom|width|height|min-width|max-width|min-height|max-height)\s*:\s|text-align:\s*(left|right)|float:\s*(left|right)/,
    instead: "Use the logical property (margin-inline-start, inset-block-end, inline-size), for languages read from the right.",
    only: /\.css$/,
  },
  { in: /\.tsx?$/, never: /\b(local|session)Storage\b/, instead: "Nothing is kept in the browser." },
];

function checkRules() {
  const mistakes = [];
  for (const file of filesUnder(www("src"))) {
    const lines = readFileSync(www("src", file), "utf8").split("\n");
    for (const { in: which, only = which, never, instead } of RULES) {
      if (!which.test(file) || !only.test(file)) continue;
      lines.forEach((line, at) => {
        // Media features aren't properties, and have no logical names in all browsers.
        if (!/^\s*@(media|container)/.test(line) && never.test(line)) mistakes.push(`www/src/${file}:${at + 1}: ${line.trim()}\n  ${instead}`);
      });
    }
  }
  if (mistakes.length) throw new Failed(mistakes.join("\n"));
}

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(10);

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await asProgram(async () => {
    const flags = { outdir: { type: "string" }, release: { type: "boolean" }, check: { type: "boolean" }, schema: { type: "boolean" } };
    const { values } = parseArgs({ options: flags });
    if (values.schema) return writeSchema();
    if (values.check) return checkPages();
    const outdir = values.outdir && path.resolve(process.env.INIT_CWD ?? process.cwd(), values.outdir);
    const sizes = await buildPages({ ...(outdir && { outdir }), release: values.release });
    for (const [name, { eager, lazy }] of Object.entries(sizes)) {
      console.log(`${name.padEnd(10)}${kib(eager)} at once ${kib(lazy)} when needed (gzip)`);
    }
  });
}
