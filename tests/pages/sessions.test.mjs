// Operators' and customers' sessions, as a person with a browser has them.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { ROOT_KEY, effective, eventually } from "../support/rig.mjs";
import { Site, fillSignIn } from "./browser.mjs";

const cookies = async ({ context, site }) =>
  Object.fromEntries((await context.cookies(site.origin)).map((cookie) => [cookie.name, cookie]));

describe("operators' sessions", () => {
  const site = new Site("sessions");

  site.test("a key signs in, for this page and the next ones; nothing that a script can read has it", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn();
    await page.getByText("root key", { exact: true }).waitFor();
    const { "__Host-keystile": cookie, ...others } = await cookies(visitor);
    assert.deepEqual(Object.keys(others), []);
    assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite, cookie.path], [true, true, "Strict", "/"]);
    assert.ok(!cookie.value.includes(ROOT_KEY));
    const readable = await page.evaluate(() => ({
      cookie: document.cookie,
      local: localStorage.length,
      session: sessionStorage.length,
      html: document.documentElement.outerHTML,
      address: location.href,
    }));
    assert.deepEqual([readable.cookie, readable.local, readable.session], ["", 0, 0]);
    assert.ok(!readable.html.includes(ROOT_KEY) && !readable.address.includes(ROOT_KEY));
    await page.reload();
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
    assert.equal(await page.getByLabel("Operator key").count(), 0);
  });

  site.test("a wrong key is refused at its field, by keyboard alone, and can be corrected", {}, async (visitor) => {
    const { page } = visitor;
    await page.goto("/");
    const field = page.getByLabel("Operator key");
    await field.waitFor();
    await field.focus();
    await page.keyboard.type("ksroot_wrong");
    await page.keyboard.press("Enter");
    const error = page.getByText("This is no operator key that is in use.");
    await error.waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.ok((await field.getAttribute("aria-describedby")).split(" ").includes(await error.getAttribute("id")));
    assert.deepEqual(Object.keys(await cookies(visitor)), []);
    await field.fill(ROOT_KEY);
    await field.press("Enter");
    await page.getByRole("navigation", { name: "Pages" }).waitFor();
  });

  site.test("signing out ends the session in every tab, and Back shows nothing more", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, "/?page=keys&tenant=acme");
    const other = await visitor.tab();
    await other.goto("/?page=keys&tenant=acme");
    await other.getByRole("navigation", { name: "Pages" }).waitFor();
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByLabel("Operator key").waitFor();
    await eventually(async () => assert.deepEqual(Object.keys(await cookies(visitor)), []));
    await page.goBack();
    await page.getByLabel("Operator key").waitFor();
    await other.reload();
    await other.getByLabel("Operator key").waitFor();
  });

  site.test("the rights of the operator's key are those of the page", {}, async (visitor) => {
    const { key } = await site.rig.operator("acme", ["audit:read"]);
    await visitor.signIn(key);
    assert.equal(await visitor.page.getByRole("link", { name: "Keys", exact: true }).count(), 0);
    await visitor.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Audit" }).waitFor();
  });

  site.test("a session ends with its operator key; what was typed is still there after signing in again", {}, async (visitor) => {
    const { page } = visitor;
    const operator = await site.rig.operator("acme", ["keys:read", "keys:write"]);
    await visitor.signIn(operator.key, "/?page=keys&tenant=acme");
    await page.getByRole("button", { name: "New key" }).first().click();
    const dialog = page.getByRole("dialog", { name: "New key" });
    await dialog.getByLabel("Name").fill("typed before the end");
    await dialog.getByRole("checkbox", { name: "Read, leads" }).check();
    const revoked = await site.rig.manage("POST", `/v1/operators/${operator.id}/revoke`, {});
    assert.equal(revoked.status, 200, revoked.text);
    if (revoked.body.effective_by) await effective(revoked);
    await dialog.getByRole("button", { name: "Create key" }).click();
    const ended = page.getByRole("dialog", { name: "Your session has ended" });
    await ended.waitFor();
    await page.keyboard.press("Escape");
    assert.ok(await ended.isVisible());
    await fillSignIn(ended, (await site.rig.operator("acme", ["keys:read", "keys:write"])).key);
    await ended.waitFor({ state: "hidden" });
    assert.equal(await dialog.getByLabel("Name").inputValue(), "typed before the end");
    await dialog.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("dialog", { name: "Save this key now" }).waitFor();
  });

  site.test("a portal link that a signed-in operator opens changes nothing of the operator's session", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("acme", { name: "a key of acme" });
    await site.rig.create("globex", { name: "a key of globex" });
    await visitor.signIn(ROOT_KEY, "/?page=keys&tenant=globex");
    await page.getByText("a key of globex").waitFor();
    const before = (await cookies(visitor))["__Host-keystile"].value;
    const minted = await site.rig.manage("POST", "/v1/tenants/acme/portal-sessions", {
      actor: { id: "user_1", name: "Ada" },
      may: ["keys:read"],
      scopes: [],
    });
    assert.equal(minted.status, 201, minted.text);
    const { pathname, hash } = new URL(minted.body.url);
    const portal = await visitor.tab();
    await portal.goto(`${pathname}${hash}`);
    await portal.getByText("a key of acme").waitFor();
    assert.equal(await portal.getByText("a key of globex").count(), 0);
    assert.equal(new URL(portal.url()).hash, "");
    const after = await cookies(visitor);
    assert.deepEqual(Object.keys(after).sort(), ["__Host-keystile", "__Host-keystile-portal"]);
    assert.equal(after["__Host-keystile"].value, before);
    await page.reload();
    await page.getByText("a key of globex").waitFor();
    await page.goto("/?page=keys&tenant=acme");
    await page.getByText("a key of acme").waitFor();
    await page.getByRole("button", { name: "New key" }).first().waitFor();
    await portal.reload();
    await portal.getByText("a key of acme").waitFor();
    assert.equal(await portal.getByRole("button", { name: "New key" }).count(), 0, "keys:write was not given");
  });

  // The last one: this machine's address must wait afterwards.
  site.test("an address that guesses is slowed down, and told for how long", {}, async ({ page }) => {
    await page.goto("/");
    await page.getByLabel("Operator key").waitFor();
    for (let guess = 0; guess < 10; guess += 1) {
      const status = await page.evaluate(
        async (key) => (await fetch("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${key}` } })).status,
        `ksroot_${String(guess).repeat(43)}`,
      );
      if (status === 429) break;
    }
    await fillSignIn(page, ROOT_KEY);
    await page.getByText(/Try again in (\d+ seconds?|a minute|1 minute)/i).waitFor();
  });
});
