// Texts that a customer can set, each an attempt to get a script, markup, a formula or another direction of reading
// into the pages of an operator or of another customer. Each page must show them as the texts that they are.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { ROOT_KEY } from "../support/rig.mjs";
import { Site } from "./browser.mjs";

const ran = "globalThis.ran=1";
const HOSTILE = [
  `"><img src=x onerror=${ran}>`,
  `<svg/onload=${ran}>`,
  `</script><script>${ran}</script>`,
  `javascript:${ran}`,
  `' onmouseover='${ran}`,
  "{{7*7}}${7*7}",
  "&lt;b&gt;&#x3c;i&#x3e;",
  "a\u200Db",
  "W".repeat(100),
  "__proto__",
  "constructor",
  "=cmd|' /C calc'!A0",
];
// Names and reasons take none of these; metadata and addresses hold what they hold.
const UNSEEN = ["\u202Eevil\u202C mirrored", "a\u200Bb\u200Dc\uFEFFd"];
describe("texts that a customer can set", () => {
  const site = new Site("xss", { hooks: { vars: {} } });
  let keys;

  async function fill() {
    const { rig } = site;
    const minted = await rig.manage("POST", "/v1/tenants/acme/portal-sessions", {
      actor: { id: HOSTILE[0], name: HOSTILE[1] },
      may: ["keys:read", "keys:write", "audit:read"],
      scopes: ["read:leads"],
    });
    assert.equal(minted.status, 201, minted.text);
    const customer = { key: minted.body.token };
    keys = [];
    for (const name of HOSTILE) {
      const made = await rig.manage("POST", "/v1/tenants/acme/keys", { name, scopes: ["read:leads"] }, customer);
      assert.equal(made.status, 201, made.text);
      keys.push(made.body);
    }
    for (const [at, reason] of HOSTILE.entries()) {
      const { body } = await rig.manage("POST", "/v1/tenants/acme/keys", { name: `revoked ${at}`, scopes: ["read:leads"] }, customer);
      const revoked = await rig.manage("POST", `/v1/tenants/acme/keys/${body.id}/revoke`, { reason }, customer);
      assert.equal(revoked.status, 200, revoked.text);
    }
    const metadata = Object.fromEntries([...HOSTILE, ...UNSEEN].map((text, at) => [`field_${at}`, text]));
    keys.push(await rig.create("acme", { name: "with metadata", metadata }));
    await rig.manage("POST", "/v1/operators", { name: HOSTILE[0], tenant: "acme", scopes: ["keys:read"] });
    for (const description of HOSTILE.slice(0, 4)) {
      const url = `https://hooks.example.org/in?${encodeURIComponent(description)}`;
      const made = await rig.manage("POST", "/v1/tenants/acme/event-endpoints", { url, description });
      assert.equal(made.status, 201, made.text);
    }
  }

  /** Nothing ran, nothing became an element, and these texts are there letter by letter. */
  async function harmless(page, texts) {
    for (const text of texts) await page.getByText(text, { exact: true }).first().waitFor();
    const found = await page.evaluate(() => ({
      ran: globalThis.ran ?? false,
      foreign: document.querySelectorAll("img, script:not([src]), svg[onload], [onerror], [onmouseover], a[href^='javascript:']").length,
      polluted: {}.field_0 ?? Object.prototype.ran ?? null,
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    }));
    assert.deepEqual(found, { ran: false, foreign: 0, polluted: null, wide: false }, page.url());
  }

  site.test("are texts in the dashboard's lists, a key's page and the audit", {}, async (visitor) => {
    await fill();
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, "/?page=keys&tenant=acme");
    await harmless(page, HOSTILE);
    for (const { id, name } of keys.slice(0, 3).concat(keys.at(-1))) {
      await page.goto(`/?page=keys&tenant=acme&key=${id}`);
      await harmless(page, [name]);
    }
    await page.goto("/?page=events&tenant=acme");
    await harmless(page, HOSTILE.slice(0, 4));
    await page.getByRole("link", { name: /hooks\.example\.org/ }).first().click();
    await harmless(page, [HOSTILE[0]]);
    for (const link of await page.getByRole("navigation", { name: "Pages" }).getByRole("link").all()) {
      const name = await link.textContent();
      if (name === "Debugger") continue;
      await link.click();
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(200);
      await harmless(page, []);
    }
  });

  site.test("are texts in the dialogs that name them", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, "/?page=keys&tenant=acme");
    for (const name of HOSTILE.slice(0, 3)) {
      const row = page.getByRole("row").filter({ has: page.getByRole("rowheader").getByText(name, { exact: true }) });
      await row.getByRole("button", { name: `Actions of ${name}` }).click();
      await page.getByRole("menuitem", { name: "Revoke" }).click();
      const dialog = page.getByRole("alertdialog");
      await dialog.waitFor();
      assert.ok((await dialog.textContent()).includes(name));
      await harmless(page, []);
      await dialog.getByRole("button", { name: "Cancel" }).click();
    }
  });

  site.test("are texts in an address that somebody sends to an operator", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn();
    const names = ["page", "tenant", "key", "q", "status", "environment", "scope", "after", "period", "endpoint", "event", "list", "constructor", "__proto__"];
    for (const text of [...HOSTILE, ...UNSEEN]) {
      for (const present of [{}, { page: "keys" }, { page: "keys", tenant: "acme" }, { page: "events", tenant: "acme" }]) {
        const query = new URLSearchParams([...names.map((name) => [name, text]), ...Object.entries(present)]);
        for (const name of Object.keys(present)) query.set(name, present[name]);
        await page.goto(`/?${query}`);
        await page.getByRole("navigation", { name: "Pages" }).waitFor();
        await harmless(page, []);
      }
    }
  });

  site.test("are texts on the customers' page", {}, async (visitor) => {
    const { page } = visitor;
    const minted = await site.rig.manage("POST", "/v1/tenants/acme/portal-sessions", {
      actor: { id: HOSTILE[0], name: HOSTILE[1] },
      may: ["keys:read", "keys:write", "audit:read"],
      scopes: ["read:leads"],
    });
    const { pathname, hash } = new URL(minted.body.url);
    await page.goto(`${pathname}${hash}`);
    await harmless(page, HOSTILE);
    for (const code of ["kscode_<img src=x onerror=globalThis.ran=1>", "javascript:globalThis.ran=1", "%3Cscript%3E"]) {
      await page.goto("about:blank");
      await page.goto(`/portal#code=${code}`);
      await page.getByText("Open this page from your settings").waitFor();
      await harmless(page, []);
    }
  });
});
