// The pages of a test file: the real workers with the pages that they serve, and one Chromium. Each test has a browser
// context of its own, since cookies ignore ports.
//
// A test fails if a page logs an error, breaks its policy, or asks any other origin for anything.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { after, before, test } from "node:test";

import { chromium as playwright } from "playwright-core";

import { chromium } from "../../scripts/chromium.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { ROOT_KEY, startRig } from "../support/rig.mjs";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
];
/** A test that waits longer for a page than this has failed. */
const PATIENCE_MS = 10_000;
export const DESKTOP = { width: 1280, height: 800 };
const FAILURES = inRoot("build", "screenshots", "failed");

/** How many requests of a page are under way. */
export const underWay = new WeakMap();

/** The workers and the browser of one test file, from before its first test until after its last. */
export class Site {
  /** `options` are those of startRig, or a function that tells them. */
  constructor(name, options = {}) {
    this.name = name;
    before(async () => {
      this.browser = await playwright.launch({ executablePath: await chromium(), args: FLAGS });
      const more = typeof options === "function" ? await options() : options;
      this.rig = await startRig({ name: `pages-${name}`, edges: {}, pages: true, ...more });
      this.origin = this.rig.url.origin;
    });
    after(async () => {
      await this.browser?.close();
      await this.rig?.close();
    });
  }

  /**
   * A test with a visitor of its own.
   *   allowed   what its pages may log, as patterns
   *   origins   other origins that its pages may ask
   */
  test(title, { allowed = [], origins = () => [], ...options }, run) {
    test(title, async () => {
      const visitor = await this.visitor({ allowed, origins, ...options });
      try {
        await run(visitor);
        visitor.assertQuiet();
      } catch (error) {
        await visitor.showFailure(title);
        throw visitor.explained(error);
      } finally {
        await visitor.close();
      }
    });
  }

  async visitor({ allowed = [], origins = () => [], ...options } = {}) {
    const context = await this.browser.newContext({
      baseURL: this.origin,
      viewport: DESKTOP,
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
      reducedMotion: "reduce",
      permissions: ["clipboard-read", "clipboard-write"],
      ...options,
    });
    context.setDefaultTimeout(PATIENCE_MS);
    const visitor = new Visitor(this, context, { allowed, origins });
    await visitor.start();
    return visitor;
  }
}

function count(request, change) {
  // A request of a service worker or of a page that is being opened has no page.
  if (request.isNavigationRequest()) return;
  const page = request.frame().page();
  underWay.set(page, (underWay.get(page) ?? 0) + change);
}

/** A port of this machine, free a moment ago. */
export async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Fills in and sends the form of the page, or of the dialog over it. */
export async function fillSignIn(page, key) {
  await page.getByLabel("Operator key").fill(key);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** One person with a browser: its cookies, its tabs, and everything that went wrong in them. */
class Visitor {
  #wrong = [];

  constructor(site, context, { allowed, origins }) {
    this.site = site;
    this.rig = site.rig;
    this.context = context;
    this.allowed = [/^Failed to load resource: the server responded with a status of 4\d\d/, ...allowed];
    this.origins = new Set([site.origin, ...origins(site)]);
  }

  async start() {
    await this.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sample }) =>
        console.error(`Against the policy: ${effectiveDirective} ${blockedURI} ${sample}`),
      );
    });
    this.context.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      if (this.allowed.some((pattern) => pattern.test(message.text()))) return;
      this.#wrong.push(`logged: ${message.text()} (${message.location().url})`);
    });
    this.context.on("weberror", (error) => this.#wrong.push(`threw: ${error.error().stack ?? error.error()}`));
    for (const ended of ["requestfinished", "requestfailed"]) this.context.on(ended, (request) => count(request, -1));
    this.context.on("request", (request) => {
      count(request, 1);
      const { protocol, origin } = new URL(request.url());
      if (["http:", "https:", "ws:", "wss:"].includes(protocol) && !this.origins.has(origin)) {
        this.#wrong.push(`asked another origin: ${request.method()} ${request.url()}`);
      }
    });
    this.page = await this.context.newPage();
  }

  /** Opens another tab. */
  tab() {
    return this.context.newPage();
  }

  /** Signs in to the dashboard as an operator, at this address of it. */
  async signIn(key = ROOT_KEY, target = "/") {
    await this.page.goto(target);
    await fillSignIn(this.page, key);
    await this.page.getByRole("navigation", { name: "Pages" }).waitFor();
  }

  /** Returns the errors so far, and forgets them. */
  taken() {
    return this.#wrong.splice(0);
  }

  assertQuiet() {
    assert.deepEqual(this.#wrong, []);
  }

  explained(error) {
    if (this.#wrong.length) error.message += `\nThe browser:\n  ${this.#wrong.join("\n  ")}`;
    return error;
  }

  /** Keeps a picture of each tab of a test that failed. */
  async showFailure(title) {
    mkdirSync(FAILURES, { recursive: true });
    const name = `${this.site.name}-${title.replaceAll(/\W+/g, "-").slice(0, 80)}`;
    for (const [tab, page] of this.context.pages().entries()) {
      await page.screenshot({ path: path.join(FAILURES, `${name}-${tab}.png`), timeout: 3000 }).catch(() => {});
    }
  }

  close() {
    return this.context.close();
  }
}
