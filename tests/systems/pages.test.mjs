// The rows that speak of a list or of a page, in a real browser: a title begins with its row's id.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { inRoot } from "../../scripts/tools.mjs";
import { Site } from "../pages/browser.mjs";
import { eventually, ROOT_KEY, sleep } from "../support/rig.mjs";

const LIST = "/?page=keys&tenant=acme";

const siteOf = (product) =>
  new Site(`systems-${product}`, { toml: inRoot("examples", product, "keystile.toml"), edges: { edge1: {} } });
const rowOf = (page, name) => page.getByRole("row").filter({ hasText: name });
const use = (site, key, path, method = "GET") =>
  site.rig.edge("edge1", path, { key, method, body: method === "GET" ? undefined : "{}" });

/** Revokes by the row's menu, after the confirmation, and waits until it is in effect. */
async function revoke(page, name) {
  await rowOf(page, name).getByRole("button", { name: `Actions of ${name}` }).click();
  await page.getByRole("menuitem", { name: "Revoke" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke", exact: true }).click();
  const done = page.getByRole("dialog", { name: "Key revoked" });
  await done.getByText("In effect: refused everywhere").first().waitFor();
  await done.getByRole("button", { name: "Close" }).last().click();
}

describe("konvoq's page", () => {
  const site = siteOf("konvoq");

  site.test("konvoq 7: keys are managed on a dashboard page: list, new key, copy once, revoke with confirmation", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, LIST);
    await page.getByRole("button", { name: "New key" }).first().click();
    const form = page.getByRole("dialog", { name: "New key" });
    await form.getByLabel("Name").fill("Zapier");
    await form.getByRole("button", { name: /^zapier-leads/ }).click();
    await form.getByRole("button", { name: "Create key" }).click();
    const secret = page.getByRole("dialog", { name: "Save this key now" });
    await secret.getByRole("button", { name: "The key Zapier" }).click();
    const key = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(key, /^knq_live_[0-9A-Za-z]{38}$/);
    await secret.getByRole("button", { name: "Done" }).click();
    assert.equal((await use(site, key, "/v1/leads")).status, 200);
    await rowOf(page, "Zapier").getByText(key.slice(0, "knq_live_abc1".length)).waitFor();
    await page.reload();
    await rowOf(page, "Zapier").waitFor();
    assert.ok(!(await page.content()).includes(key), "it was shown once");
    await revoke(page, "Zapier");
    assert.equal((await use(site, key, "/v1/leads")).status, 401);
    await rowOf(page, "Zapier").waitFor({ state: "detached" });
  });
});

describe("voice-crm's page", () => {
  const site = siteOf("voice-crm");

  site.test("voice-crm 6: revoked and expired keys have a section of their own, and no way back", {}, async (visitor) => {
    const { page } = visitor;
    const expires_at = new Date(Date.now() + 500).toISOString();
    await site.rig.create("acme", { name: "old dialer", scopes: ["calls:read"], expires_at });
    const { id } = await site.rig.create("acme", { name: "leaked dialer", scopes: ["calls:read"] });
    await site.rig.manage("POST", `/v1/tenants/acme/keys/${id}/revoke`, { reason: "leaked" });
    await sleep(600);
    await visitor.signIn(ROOT_KEY, LIST);
    await page.getByText("No active keys").waitFor();
    for (const [section, name, reason] of [["Revoked", "leaked dialer", "leaked"], ["Expired", "old dialer"]]) {
      await page.getByRole("button", { name: new RegExp(`^${section}`) }).click();
      await rowOf(page, name).waitFor();
      if (reason) await rowOf(page, name).getByRole("cell").getByText(reason, { exact: true }).waitFor();
      assert.equal(await rowOf(page, name).getByRole("button").count(), 0);
      await page.getByRole("link", { name }).click();
      await page.getByRole("heading", { level: 1, name }).waitFor();
      assert.equal(await page.getByRole("main").getByRole("button", { name: /Enable|Edit|Rotate|Disable|Revoke/ }).count(), 0);
      await page.goBack();
    }
  });

  site.test("voice-crm 7: each key shows how often it was used in the last 24 hours, 7 days and 30 days", {}, async (visitor) => {
    const { page } = visitor;
    const used = await site.rig.create("acme", { name: "dialer", scopes: ["calls:read"] });
    await site.rig.create("acme", { name: "spare", scopes: ["calls:read"] });
    for (let call = 0; call < 4; call += 1) assert.equal((await use(site, used.key, "/calls")).status, 200);
    assert.equal((await use(site, used.key, "/calls", "POST")).status, 403);
    await visitor.signIn(ROOT_KEY, LIST);
    await eventually(
      async () => {
        await page.reload();
        await rowOf(page, "spare").waitFor();
        const text = (await rowOf(page, "dialer").textContent()).replaceAll(/\s+/g, " ");
        for (const period of ["24 h", "7 d", "30 d"]) assert.match(text, new RegExp(`${period} ?4`));
        assert.match(text, /1 refused/);
        assert.match(await rowOf(page, "spare").textContent(), /None in 30 days/);
      },
      { within: 30_000, every: 500 },
    );
  });
});

describe("keloa's page", () => {
  const site = siteOf("keloa");

  site.test("keloa 3: the list shows each active token's label, abilities, last use, and it can be revoked there", {}, async (visitor) => {
    const { page } = visitor;
    const token = await site.rig.create("acme", { name: "Zendesk sync", scopes: ["read", "write:contacts"] });
    assert.equal((await use(site, token.key, "/v1/contacts")).status, 200);
    await visitor.signIn(ROOT_KEY, LIST);
    await eventually(
      async () => {
        await page.reload();
        const row = rowOf(page, "Zendesk sync");
        await row.waitFor();
        for (const ability of ["read", "write:contacts"]) await row.getByText(ability, { exact: true }).waitFor({ timeout: 1000 });
        assert.doesNotMatch(await row.textContent(), /Never used/);
      },
      { within: 30_000, every: 500 },
    );
    await revoke(page, "Zendesk sync");
    assert.equal((await use(site, token.key, "/v1/contacts")).status, 401);
    await page.getByText("No active keys").waitFor();
  });
});
