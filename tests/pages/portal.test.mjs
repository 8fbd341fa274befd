// The customers' page of each of the five products, by its configuration alone: opened by a link, and embedded in a
// settings page of another origin with a strict policy.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe } from "node:test";

import { hostPage } from "../../examples/host-page/server.mjs";
import { inRoot } from "../../scripts/tools.mjs";
import { freePort, Site } from "./browser.mjs";

/** The choice that each product's customer makes for a key, the key that results, and its use. */
const PRODUCTS = [
  { name: "konvoq", choose: { button: /^zapier-leads/ }, scopes: ["read:leads", "webhooks", "write:leads"], prefix: "knq_live_", path: "/v1/leads" },
  { name: "voice-crm", choose: { checkbox: "Read, calls" }, scopes: ["calls:read"], prefix: "vcrm_live_", path: "/calls" },
  { name: "konver", choose: { checkbox: "read" }, scopes: ["read"], prefix: "kvr_live_", path: "/api/x", header: "X-Api-Key" },
  { name: "keloa", choose: { checkbox: "read" }, scopes: ["read"], prefix: "keloa_pk_live_", path: "/v1/contacts" },
  { name: "chatbot-platform", choose: { checkbox: "Read, bots" }, scopes: ["bots:read"], prefix: "cbp_live_", path: "/v1/bots" },
];
const MAY = ["keys:read", "keys:write", "audit:read"];
const ADA = { id: "user_4711", name: "Ada Lovelace" };

for (const product of PRODUCTS) {
  describe(`${product.name}'s customers`, () => {
    let host;
    const site = new Site(`portal-${product.name}`, async () => {
      host = `http://localhost:${await freePort()}`;
      const settings = { "[keys]": `[portal]\norigins = ["${host}"]\n\n[keys]` };
      return { edges: { edge1: {} }, toml: inRoot("examples", product.name, "keystile.toml"), settings };
    });
    const use = (key, options = {}) =>
      site.rig.edge("edge1", product.path, product.header ? { headers: { [product.header]: key }, ...options } : { key, ...options });
    const grantable = async () => {
      const { body } = await site.rig.manage("GET", "/v1/scopes");
      return body.scopes.filter(({ unavailable }) => unavailable === null).map(({ name }) => name);
    };
    const link = async (fields = {}) => {
      const body = { actor: ADA, may: MAY, scopes: await grantable(), ...fields };
      const minted = await site.rig.manage("POST", "/v1/tenants/acme/portal-sessions", body);
      assert.equal(minted.status, 201, minted.text);
      const { pathname, hash } = new URL(minted.body.url);
      return `${pathname}${hash}`;
    };

    /** A key is made, shown once and used: in the page, or in the element. Returns it, and the example that was shown. */
    async function make(page, name) {
      await page.getByRole("button", { name: "New key" }).first().click();
      const form = page.getByRole("dialog", { name: "New key" });
      await form.getByLabel("Name").fill(name);
      assert.equal(await form.getByLabel("Metadata").count(), 0);
      const [[role, label]] = Object.entries(product.choose);
      const choice = form.getByRole(role, { name: label, exact: true });
      await (role === "button" ? choice.click() : choice.check());
      await form.getByRole("button", { name: "Create key" }).click();
      const secret = page.getByRole("dialog", { name: "Save this key now" });
      const key = (await secret.getByRole("textbox", { name: `The key ${name}` }).textContent()).trim();
      assert.ok(key.startsWith(product.prefix), key);
      const example = await secret.getByRole("region", { name: "Example: curl" }).textContent();
      assert.equal((await use(key)).status, 200);
      await secret.getByRole("button", { name: `The key ${name}` }).click();
      await secret.getByRole("button", { name: "Done" }).click();

      const { body } = await site.rig.manage("GET", "/v1/tenants/acme/keys");
      const made = body.keys.find((each) => each.name === name);
      assert.deepEqual(made.scopes, product.scopes);
      assert.deepEqual(made.created_by.on_behalf_of, ADA);
      return { key, example };
    }

    async function revoke(page, name, key) {
      const row = page.getByRole("row").filter({ hasText: name });
      await row.getByRole("button", { name: `Actions of ${name}` }).click();
      await page.getByRole("menuitem", { name: "Revoke" }).click();
      await page.getByRole("alertdialog").getByRole("button", { name: "Revoke", exact: true }).click();
      await page.getByRole("dialog", { name: "Key revoked" }).getByText("In effect: refused everywhere").first().waitFor();
      assert.equal((await use(key)).status, 401);
      await page.getByRole("dialog", { name: "Key revoked" }).getByRole("button", { name: "Close" }).last().click();
    }

    site.test("open the page by a link, which works once, and run their keys there", {}, async (visitor) => {
      const { page } = visitor;
      const target = await link();
      await page.goto(target);
      await page.getByRole("heading", { level: 1 }).waitFor();
      assert.equal(new URL(page.url()).hash, "", "the code is gone from the address");
      await page.getByText(ADA.name).waitFor();
      await page.getByText("No keys yet").waitFor();
      const { key, example } = await make(page, "first");
      await revoke(page, "first", key);
      const curl = await exampleTried(example);
      assert.equal(curl.status, 200, `${example}\n${curl.text}`);
      await page.getByRole("button", { name: /^Revoked/ }).click();
      await page.getByRole("row").filter({ hasText: "first" }).waitFor();
      await page.reload();
      await page.getByRole("row").filter({ hasText: "first" }).waitFor();
      // The link again, in this browser and in another.
      await page.goto(target);
      await page.reload();
      const other = await site.visitor();
      try {
        await other.page.goto(target);
        await other.page.getByText("Open this page from your settings").waitFor();
        other.assertQuiet();
      } finally {
        await other.close();
      }
      await page.goto("/portal");
      await page.getByRole("button", { name: "End session" }).click();
      await page.getByText("The session is over").waitFor();
      await page.reload();
      await page.getByText("Open this page from your settings").waitFor();
    });

    /** The shown curl, with the guarded API's place and path in place of the example's, and a key that lives. */
    async function exampleTried(example) {
      const { body } = await site.rig.manage("POST", "/v1/tenants/acme/keys", { name: "for curl", scopes: product.scopes });
      const headers = Object.fromEntries(
        [...example.matchAll(/-H "([^:]+): ([^"]+)"/g)].map(([, header, value]) => [
          header,
          value.replace(/[a-z_]+_live_\w+/, body.key),
        ]),
      );
      return site.rig.edge("edge1", product.path, { headers });
    }

    describe("in the product's own settings", () => {
      let server;
      let minted = 0;
      before(async () => {
        const operator = await site.rig.operator("acme", MAY);
        const handler = hostPage({ keystile: site.origin, operatorKey: operator.key, scopes: await grantable() });
        handler.prependListener("request", ({ url }) => (minted += url === "/keystile-session" ? 1 : 0));
        server = handler.listen(Number(new URL(host).port), "127.0.0.1");
        await once(server, "listening");
      });
      after(() => server?.close());

      site.test("find the same page as an element, under the strictest policy", { origins: () => [host] }, async (visitor) => {
        const { page } = visitor;
        minted = 0;
        await page.goto(host);
        const element = page.locator("keystile-keys");
        await element.getByRole("heading", { level: 2 }).first().waitFor();
        await make(page, "embedded");
        assert.equal(minted, 1, "one token was enough");
        assert.equal(new URL(page.url()).search, "", "the host's address is its own");
        const traces = await page.evaluate(() => ({
          attributes: document.querySelector("keystile-keys").getAttributeNames(),
          storage: localStorage.length + sessionStorage.length,
          cookie: document.cookie,
        }));
        assert.deepEqual(traces, { attributes: [], storage: 0, cookie: "" });
        assert.deepEqual(await visitor.context.cookies(), []);
      });
    });
  });
}
