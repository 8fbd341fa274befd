// Every state of every page: judged by axe, light and dark, on a wide and a narrow screen, and photographed.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe } from "node:test";

import { hostPage } from "../../examples/host-page/server.mjs";
import { eventually, importable, ROOT_KEY, WITH_LIMITS } from "../support/rig.mjs";
import { freePort, Site } from "./browser.mjs";
import { fitsNarrow, judged, pictures, settled } from "./looks.mjs";

const TENANT = "acme";
const LIST = `/?page=keys&tenant=${TENANT}`;

describe("how the pages look, and whether everybody can use them", () => {
  let host;
  let server;
  let used;
  const site = new Site("looks", async () => {
    host = `http://localhost:${await freePort()}`;
    const settings = {
      "[keys]": `[portal]\norigins = ["${host}"]\n\n[keys]\nallow_imported = ["sk_live_"]`,
      "\n[edge]": WITH_LIMITS,
    };
    return { edges: { edge1: {} }, settings, hooks: { vars: {} } };
  });

  before(async () => {
    const { rig } = site;
    const make = (name, fields) => rig.create(TENANT, { name, ...fields });
    const soon = new Date(Date.now() + 9 * 86_400_000).toISOString();
    used = await make("Zapier, sales team", { scopes: ["read:leads", "write:leads"], metadata: { team: "sales" } });
    await make("Nightly export to the warehouse", { expires_at: soon, allowed_ips: ["192.0.2.0/24"] });
    await make("Staging", { environment: "test", scopes: ["read:leads", "read:analytics"] });
    const replaced = await make("Billing service", { scopes: ["admin"] });
    await rig.manage("POST", `/v1/tenants/${TENANT}/keys/${replaced.id}/rotate`, { overlap_seconds: 86_400 });
    const leaked = await make("Old integration");
    await rig.manage("POST", `/v1/tenants/${TENANT}/keys/${leaked.id}/revoke`, { reason: "Pasted into a ticket" });
    await make("Conference demo", { expires_at: new Date(Date.now() + 300).toISOString() });
    const paused = await make("Paused partner");
    await rig.manage("POST", `/v1/tenants/${TENANT}/keys/${paused.id}/disable`, {});
    for (let call = 0; call < 12; call += 1) await rig.edge("edge1", "/api/leads/1", { key: used.key });
    for (let call = 0; call < 2; call += 1) await rig.edge("edge1", "/api/analytics/1", { key: used.key });
    await rig.create("globex", { name: "Only one" });
    await rig.operator(TENANT, ["keys:read", "keys:write", "audit:read"]);
    await eventually(async () => {
      const { body } = await rig.manage("GET", `/v1/tenants/${TENANT}/keys/${used.id}/usage`);
      assert.deepEqual([body["24h"].allowed, body["24h"].refused], [12, 2]);
    });
    const operator = await rig.operator(TENANT, ["keys:read", "keys:write", "audit:read"]);
    server = hostPage({ keystile: site.origin, operatorKey: operator.key, scopes: ["read:leads", "write:leads"] });
    server.listen(Number(new URL(host).port), "127.0.0.1");
    await once(server, "listening");
  });
  after(() => server?.close());

  const portalLink = async (fields = {}) => {
    const { body } = await site.rig.manage("POST", `/v1/tenants/${TENANT}/portal-sessions`, {
      actor: { id: "user_1", name: "Ada Lovelace" },
      may: ["keys:read", "keys:write", "audit:read"],
      scopes: ["read:leads", "write:leads"],
      ...fields,
    });
    const { pathname, hash } = new URL(body.url);
    return `${pathname}${hash}`;
  };

  site.test("signing in", {}, async ({ page }) => {
    await page.goto("/");
    await page.getByLabel("Operator key").waitFor();
    await judged(page, "sign-in");
    await page.getByLabel("Operator key").fill("ksroot_wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This is no operator key that is in use.").waitFor();
    await judged(page, "sign-in-refused");
  });

  site.test("the dashboard's pages", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn();
    const links = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
    for (const link of await links.all()) {
      const address = await link.getAttribute("href");
      if (!address.includes("page=")) continue;
      await link.click();
      await page.getByRole("heading", { level: 1 }).waitFor();
      await settled(page);
      await judged(page, new URL(address, site.origin).searchParams.get("page"));
    }
  });

  site.test("the list of keys", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, LIST);
    await page.getByText("Zapier, sales team").waitFor();
    await settled(page);
    await judged(page, "keys-list");
    await page.getByRole("button", { name: "Actions of Zapier, sales team" }).click();
    await page.getByRole("menu").waitFor();
    await judged(page, "keys-menu");
    await page.keyboard.press("Escape");
    for (const status of ["Disabled", "Revoked", "Expired"]) {
      await page.getByRole("button", { name: new RegExp(`^${status}`) }).click();
      await page.getByRole("row").nth(1).waitFor();
      await settled(page);
      await judged(page, `keys-${status.toLowerCase()}`);
    }
    await page.goto(`${LIST}&q=nothing`);
    await page.getByText("No key fits the search").waitFor();
    await judged(page, "keys-no-match");
    await page.goto("/?page=keys&tenant=nobody");
    await page.getByText("No keys yet").waitFor();
    await judged(page, "keys-empty");
  });

  site.test("a key's page", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, `${LIST}&key=${used.id}`);
    await page.getByRole("heading", { level: 1, name: /Zapier/ }).waitFor();
    await settled(page);
    await judged(page, "key");
    await page.goto(LIST);
    await page.getByRole("link", { name: "Billing service" }).last().click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await settled(page);
    await judged(page, "key-replaced");
    await page.goto(`${LIST}&key=key_00000000000000000000`);
    await page.getByRole("alert").waitFor();
    await judged(page, "key-unknown");
  });

  site.test("the dialogs about keys", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, LIST);
    await page.getByText("Zapier, sales team").waitFor();
    await page.getByRole("button", { name: "New key" }).click();
    const form = page.getByRole("dialog", { name: "New key" });
    await form.waitFor();
    await judged(page, "new-key");
    await form.getByLabel("Name").fill("Monday's report");
    await form.getByRole("button", { name: "Create key" }).click();
    await form.getByRole("alert").waitFor();
    await judged(page, "new-key-refused");
    await form.getByRole("checkbox", { name: "Read, leads" }).check();
    await form.getByRole("button", { name: "Create key" }).click();
    const secret = page.getByRole("dialog", { name: "Save this key now" });
    await secret.waitFor();
    await judged(page, "new-key-secret");
    await secret.getByRole("button", { name: "Done" }).click();
    await secret.getByRole("alert").waitFor();
    await judged(page, "new-key-not-copied");
    await secret.getByRole("button", { name: "Close, I have it" }).click();

    for (const [action, role] of [["Edit", "dialog"], ["Rotate", "dialog"], ["Disable", "alertdialog"], ["Revoke", "alertdialog"]]) {
      await page.getByRole("button", { name: "Actions of Zapier, sales team" }).click();
      await page.getByRole("menuitem", { name: action, exact: true }).click();
      await page.getByRole(role).waitFor();
      await judged(page, `dialog-${action.toLowerCase()}`);
      await page.keyboard.press("Escape");
      await page.getByRole(role).waitFor({ state: "hidden" });
    }
    await page.getByRole("button", { name: "Actions of Monday's report" }).click();
    await page.getByRole("menuitem", { name: "Revoke", exact: true }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Revoke", exact: true }).click();
    await page.getByText("In effect: refused everywhere").first().waitFor();
    await judged(page, "dialog-revoked");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Import" }).click();
    const upload = page.getByRole("dialog", { name: "Import keys" });
    await judged(page, "dialog-import");
    const lines = [importable(), { ...importable(), scopes: ["no:such"] }];
    const file = { name: "keys.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(lines)) };
    await upload.getByLabel("File", { exact: true }).setInputFiles(file);
    await upload.getByRole("button", { name: "Import" }).click();
    await page.getByRole("dialog", { name: "What became of each line" }).waitFor();
    await judged(page, "dialog-import-report");
  });

  site.test("the customers' page", {}, async ({ page }) => {
    await page.goto(await portalLink());
    await page.getByText("Zapier, sales team").waitFor();
    await settled(page);
    await judged(page, "portal");
    await page.getByRole("link", { name: "Zapier, sales team" }).click();
    await page.getByRole("heading", { level: 1, name: /Zapier/ }).waitFor();
    await settled(page);
    await judged(page, "portal-key");
    await page.goto("about:blank");
    await page.goto("/portal#code=kscode_used");
    await page.getByText("Open this page from your settings").waitFor();
    await judged(page, "portal-no-session");
  });

  site.test("the element in a product's settings", { origins: () => [host] }, async ({ page }) => {
    await page.goto(host);
    await page.getByText("Zapier, sales team").waitFor();
    await settled(page);
    await judged(page, "element");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByRole("dialog", { name: "New key" }).waitFor();
    await judged(page, "element-new-key");
  });

  site.test("the debugger", {}, async ({ page }) => {
    await page.goto("/debugger");
    await page.getByRole("heading", { level: 1 }).waitFor();
    await settled(page);
    await judged(page, "debugger");
  });

  site.test("pages that are read from the right", {}, async (visitor) => {
    const { page } = visitor;
    const turned = () => page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
    for (const [address, name] of [[LIST, "rtl-keys"], [`${LIST}&key=${used.id}`, "rtl-key"]]) {
      await (name === "rtl-keys" ? visitor.signIn(ROOT_KEY, address) : page.goto(address));
      await page.getByText("Zapier, sales team").first().waitFor();
      await settled(page);
      await turned();
      await fitsNarrow(page);
      await pictures(page, name);
    }
  });

  site.test("narrower than any phone, nothing is cut off", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, LIST);
    await page.getByText("Zapier, sales team").waitFor();
    await settled(page);
    await fitsNarrow(page, 320);
    await page.goto(`${LIST}&key=${used.id}`);
    await page.getByRole("heading", { level: 1, name: /Zapier/ }).waitFor();
    await settled(page);
    await fitsNarrow(page, 320);
  });

  site.test("the first paint of each page comes within a second", {}, async ({ page }) => {
    for (const target of ["/", "/portal", "/debugger"]) {
      const paints = [];
      // A machine that is busy with something else says nothing of the page.
      while (paints.length < 5 && !(Math.min(...paints) < 1000)) {
        await page.goto(target);
        await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
        paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
      }
      assert.ok(Math.min(...paints) < 1000, `${target}: ${paints.map(Math.round).join(", ")} ms`);
    }
  });
});
