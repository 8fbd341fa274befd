// How a page looks and whether everybody can use it, in the state that it is in.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { inRoot } from "../../scripts/tools.mjs";
import { eventually } from "../support/rig.mjs";
import { underWay } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** By tags, since `target-size`, the only rule of wcag22aa, runs only if its tag is named. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/**
 * Reasons why axe can't judge a contrast, and a person has: what is scrolled out of sight in a narrow page is judged in
 * the wide one, a count of one digit has the colours of its neighbours, and an empty field those of a full one.
 */
const UNDECIDED = new Set(["elmPartiallyObscured", "elmPartiallyObscuring", "bgOverlap", "shortTextContent", "emptyValue"]);
/** The same for single elements: a chart's scale stands on the chart. */
const JUDGED = [["color-contrast", /\.chart-most/]];
const PICTURES = inRoot("build", "screenshots");
const NARROW = { width: 360, height: 740 };

/** Fails if axe finds anything in the page as it is now, or something that it can't decide. */
export async function accessible(page, { judged = [] } = {}) {
  // Nothing is hovered over.
  await page.mouse.move(0, 0);
  await painted(page);
  // By `evaluate`, which the page's policy doesn't bind. A script element would be blocked.
  await page.evaluate(AXE);
  const { violations, incomplete } = await page.evaluate(
    (tags) => globalThis.axe.run(document, { runOnly: tags, resultTypes: ["violations", "incomplete"] }),
    TAGS,
  );
  const undecided = incomplete.map((rule) => ({ ...rule, nodes: rule.nodes.filter((node) => !known(rule, node, judged)) }));
  const found = [...violations.flatMap((rule) => told("✗", rule)), ...undecided.flatMap((rule) => told("?", rule))];
  assert.equal(found.length, 0, `axe, at ${page.url()}:\n  ${found.join("\n  ")}`);
}

const selectorOf = ({ target }) => target.flat().join(" ");

function known({ id }, node, judged) {
  const reasons = node.any.map(({ data }) => data?.messageKey);
  if (id === "color-contrast" && reasons.every((reason) => UNDECIDED.has(reason))) return true;
  return [...JUDGED, ...judged].some(([rule, selector]) => rule === id && selector.test(selectorOf(node)));
}

const told = (mark, { id, help, nodes }) =>
  nodes.map((node) => {
    const why = node.failureSummary?.replaceAll("\n", "\n    ");
    return `${mark} ${id} (${help})\n    ${selectorOf(node)}\n    ${node.html}\n    ${why}`;
  });

/** Fails if the page is wider than a narrow screen, and says which elements are. */
export async function fitsNarrow(page, width = NARROW.width) {
  await at({ ...NARROW, width }, page, async () => {
    const wide = await page.evaluate(() => {
      const limit = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= limit) return [];
      /** Whether an element is in a part that scrolls by itself, which doesn't make the page wide. */
      const scrolled = (element) => {
        for (let at = element; at; at = at.parentElement) if (getComputedStyle(at).overflowX !== "visible") return true;
        return false;
      };
      const roots = [document];
      const found = [];
      for (const root of roots) {
        for (const element of root.querySelectorAll("*")) {
          if (element.shadowRoot) roots.push(element.shadowRoot);
          const { left, right } = element.getBoundingClientRect();
          if ((right > limit + 1 || left < -1) && !scrolled(element)) found.push(`${element.localName}.${element.className} ${Math.round(left)}..${Math.round(right)}`);
        }
      }
      return [`scrolls to ${document.documentElement.scrollWidth} of ${limit}`, ...found];
    });
    assert.deepEqual(wide, [], `too wide for ${width} pixels at ${page.url()}`);
  });
}

/** Pictures of the page in build/screenshots: light, dark, and on a narrow screen. */
export async function pictures(page, name) {
  mkdirSync(PICTURES, { recursive: true });
  // A dialog lies over what is seen of the page, not over all of it.
  const fullPage = (await page.locator("dialog:modal").count()) === 0;
  const shot = (kind) =>
    page.screenshot({ path: path.join(PICTURES, `${name}-${kind}.png`), animations: "disabled", caret: "hide", scale: "css", fullPage });
  await shot("light");
  await inScheme("dark", page, () => shot("dark"));
  await at(NARROW, page, () => shot("360"));
}

const QUIET_MS = 300;

/** Waits until a page asks for nothing more and shows all that it got. */
export async function settled(page) {
  let since = Date.now();
  await eventually(
    async () => {
      const waits = await page.evaluate(() => {
        const roots = [document];
        for (const root of roots) for (const { shadowRoot } of root.querySelectorAll("*")) if (shadowRoot) roots.push(shadowRoot);
        return roots.some((root) => root.querySelector("[aria-busy=true], .loading, .stale"));
      });
      if (waits || underWay.get(page) > 0) since = Date.now();
      assert.ok(Date.now() - since >= QUIET_MS, `${page.url()} still waits for something`);
    },
    { every: 50 },
  );
}

/** Everything that a state of a page is held to. */
export async function judged(page, name, options) {
  await accessible(page, options);
  await inScheme("dark", page, () => accessible(page, options));
  await at(NARROW, page, () => accessible(page, options));
  await fitsNarrow(page);
  await pictures(page, name);
}

async function at(size, page, run) {
  const before = page.viewportSize();
  await page.setViewportSize(size);
  await painted(page);
  try {
    return await run();
  } finally {
    await page.setViewportSize(before);
    await painted(page);
  }
}

async function inScheme(colorScheme, page, run) {
  await page.emulateMedia({ colorScheme });
  await painted(page);
  try {
    return await run();
  } finally {
    await page.emulateMedia({ colorScheme: "light" });
    await painted(page);
  }
}

/** Waits until the page is as it will stay: axe reads colours, which may be on their way to others. */
async function painted(page) {
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
    await frame();
  });
}
