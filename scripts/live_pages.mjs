// The pages of `npm start`, which doesn't wait for them: until they are built, a page says so and reloads itself. A
// change in www builds them again.
//
// Wrangler reads the directory of the pages only when it reloads the workers: until then a new file isn't found, and a
// changed one keeps its ETag. It reloads them when STAMP changes, which is in `watch_dir` of the management worker.
// (Wrangler's own watch of that directory does nothing for a worker that has a `[build] command`.) Requests wait for
// half a second meanwhile; none fails.

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { buildDebugger } from "./debugger.mjs";
import { buildPages, PAGES, stampOf } from "./pages.mjs";
import { Failed } from "./run.mjs";
import { inRoot } from "./tools.mjs";

const WWW = inRoot("build", "www");
const STAMP = stampOf(WWW);
const SOURCES = inRoot("www");
/** A build starts when nothing has changed for this long. */
const QUIET_MS = 150;
const RELOAD_SECONDS = 30;

/** Provides what wrangler needs to start: the pages of an earlier build, or a page for each that says to wait. */
export function providePages() {
  if (!existsSync(STAMP)) reload();
  for (const { html } of Object.values(PAGES)) {
    if (!existsSync(path.join(WWW, html))) writeNote(html);
  }
  // Wrangler looks for it only when it starts.
  if (!existsSync(path.join(WWW, "_headers"))) copyFileSync(inRoot("www", "public", "_headers"), path.join(WWW, "_headers"));
}

/** Builds the pages now, and whenever www changes, until it is aborted. `manage` is the address that serves them. */
export async function keepPagesBuilt(manage, signal) {
  let wanted = true;
  let wake = () => {};
  let engine;
  const change = () => {
    wanted = true;
    wake();
  };
  signal.addEventListener("abort", () => wake());
  for (const place of ["src", "public"]) watch(path.join(SOURCES, place), { recursive: true, signal }, change);
  // The pages' HTML. Not the directory's parts, where packages are installed.
  watch(SOURCES, { signal }, (_event, file) => file?.endsWith(".html") && change());
  for (;;) {
    while (!wanted && !signal.aborted) await new Promise((resolve) => (wake = resolve));
    if (signal.aborted) return;
    while (wanted) {
      wanted = false;
      await delay(QUIET_MS);
    }
    await buildOnce(manage);
    // The debugger's engine takes longer to compile than the pages do, and they don't wait for it.
    if (!signal.aborted) {
      engine ??= buildEngine().then((built) => {
        engine = undefined;
        if (built) change();
      });
    }
  }
}

/** Builds the debugger's engine, and says whether the pages have to be built again for it. */
async function buildEngine() {
  try {
    return await buildDebugger();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    console.error(`\n${error.message}\n\n✗ The engine of /debugger was not built. A change in www tries again.`);
    return false;
  }
}

async function buildOnce(manage) {
  let built = false;
  const move = async (staging, outdir) => {
    await moveWhileServed(staging, outdir, manage);
    built = true;
  };
  try {
    await buildPages({ move });
    if (built) console.log(`✓ The pages are built: ${manage}`);
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    console.error(`\n${error.message}\n\n✗ The pages were not built. A change in www builds them again.`);
  }
}

/**
 * Moves the files into the directory that is served. A page comes only after its modules can be loaded, and the old
 * modules go last.
 */
async function moveWhileServed(staging, outdir, manage) {
  const files = filesUnder(staging);
  const old = filesUnder(outdir).filter((file) => !files.includes(file));
  const isPage = (file) => file.endsWith(".html");
  const place = (file) => {
    mkdirSync(path.dirname(path.join(outdir, file)), { recursive: true });
    renameSync(path.join(staging, file), path.join(outdir, file));
  };
  const modules = files.filter((file) => !isPage(file));
  const fresh = modules.filter((file) => !existsSync(path.join(outdir, file)) && file.endsWith(".js"));
  modules.forEach(place);
  reload();
  for (const file of fresh) await served(new URL(file.split(path.sep).join("/"), manage));
  files.filter(isPage).forEach(place);
  old.forEach((file) => rmSync(path.join(outdir, file)));
}

async function served(url) {
  const deadline = Date.now() + RELOAD_SECONDS * 1000;
  while (Date.now() < deadline) {
    const answer = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    if (answer?.ok) return;
    await delay(100);
  }
  throw new Failed(`${url} was built but is not served.`);
}

/** Makes wrangler reload. The stamp is of no inputs until the build ends, which writes it and so reloads again. */
function reload() {
  mkdirSync(path.dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, `unfinished ${Date.now()}`);
}

function writeNote(html) {
  const title = "This page is being built";
  const file = path.join(WWW, html);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(
    file,
    `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="refresh" content="2">
    <title>${title}</title>
  </head>
  <body>
    <h1>${title}</h1>
    <p>It appears here by itself. If it doesn't, the terminal of npm start says why.</p>
  </body>
</html>
`,
  );
}

const filesUnder = (directory) =>
  readdirSync(directory, { recursive: true }).filter((file) => statSync(path.join(directory, file)).isFile());
