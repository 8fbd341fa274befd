// The custom element on a page of another origin: its token's life, who may load it and ask with it, and how it lives
// with its host.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { hostPage } from "../../examples/host-page/server.mjs";
import { effective, eventually } from "../support/rig.mjs";
import { freePort, Site } from "./browser.mjs";

const MAY = ["keys:read", "keys:write", "audit:read"];

describe("the element on a host's page", () => {
  let host;
  let stranger;
  let servers;
  let operator;
  let minted = 0;
  const site = new Site("embedding", async () => {
    host = `http://localhost:${await freePort()}`;
    stranger = `http://localhost:${await freePort()}`;
    return { settings: { "[keys]": `[portal]\norigins = ["${host}"]\n\n[keys]` } };
  });

  before(async () => {
    operator = await site.rig.operator("acme", MAY);
    await site.rig.create("acme", { name: "made by staff", scopes: ["read:leads"] });
    const product = hostPage({ keystile: site.origin, operatorKey: operator.key });
    servers = [host, stranger].map((origin) =>
      createServer((request, response) => {
        if (request.url === "/keystile-session") minted += 1;
        if (request.url !== "/framing") return product.emit("request", request, response);
        response.writeHead(200, { "Content-Type": "text/html" });
        response.end(`<!doctype html><title>A page with a frame</title><iframe src="${site.origin}/portal"></iframe>`);
      }).listen(Number(new URL(origin).port), "127.0.0.1"),
    );
    await Promise.all(servers.map((server) => once(server, "listening")));
  });
  after(() => servers?.forEach((server) => server.close()));

  const open = async ({ page }) => {
    minted = 0;
    await page.goto(host);
    await page.getByText("made by staff").first().waitFor();
  };
  const options = { origins: () => [host] };

  site.test("it gets another token before one ends, and asks once for it", options, async (visitor) => {
    const { page } = visitor;
    await page.clock.install();
    await open(visitor);
    assert.equal(minted, 1);
    // A token of 900 seconds is renewed when 80 % of them are over.
    await page.clock.runFor(700_000);
    assert.equal(minted, 1);
    await page.clock.runFor(60_000);
    await eventually(() => assert.equal(minted, 2));
  });

  site.test("when the operator key behind it ends, it says so, and keeps what was typed", options, async (visitor) => {
    const { page } = visitor;
    const own = await site.rig.operator("acme", MAY);
    await page.route(`${host}/keystile-session`, async (route) => {
      const answer = await site.rig.manage(
        "POST",
        "/v1/tenants/acme/portal-sessions",
        { actor: { id: "user_1", name: "Ada" }, may: MAY, scopes: ["read:leads"] },
        { key: own.key },
      );
      if (answer.status === 201) return route.fulfill({ json: { token: answer.body.token } });
      return route.fulfill({ status: 502, body: "" });
    });
    visitor.allowed.push(/status of 502/);
    await open(visitor);
    await page.getByRole("button", { name: "New key" }).first().click();
    const form = page.getByRole("dialog", { name: "New key" });
    await form.getByLabel("Name").fill("typed before the end");
    await form.getByRole("checkbox", { name: "read:leads" }).or(form.getByRole("checkbox", { name: "Read, leads" })).check();
    const revoked = await site.rig.manage("POST", `/v1/operators/${own.id}/revoke`, {});
    if (revoked.body.effective_by) await effective(revoked);
    await form.getByRole("button", { name: "Create key" }).click();
    const ended = page.getByRole("dialog", { name: "Your session has ended" });
    await ended.waitFor();
    await page.unroute(`${host}/keystile-session`);
    await ended.getByRole("button", { name: "Continue" }).click();
    await ended.waitFor({ state: "hidden" });
    assert.equal(await form.getByLabel("Name").inputValue(), "typed before the end");
    await form.getByRole("button", { name: "Create key" }).click();
    await page.getByRole("dialog", { name: "Save this key now" }).waitFor();
  });

  site.test("it survives being moved, and takes a property that was set before its file was there", options, async (visitor) => {
    const { page } = visitor;
    await page.route("**/portal/keystile-keys.js", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await route.continue();
    });
    await open(visitor);
    await page.getByRole("searchbox").fill("made");
    await page.evaluate(() => document.querySelector("main").append(document.querySelector("keystile-keys")));
    assert.equal(await page.getByRole("searchbox").inputValue(), "made");
    await page.getByText("made by staff").first().waitFor();
    assert.equal(minted, 1);
  });

  site.test("it looks like its host: custom properties, parts, the host's colour scheme and direction", options, async (visitor) => {
    const { page } = visitor;
    await open(visitor);
    const look = () =>
      page.getByRole("button", { name: "New key" }).first().evaluate((button) => {
        const { backgroundColor, fontFamily, borderRadius, direction } = getComputedStyle(button);
        return { backgroundColor, fontFamily, borderRadius, direction };
      });
    const light = await look();
    assert.match(light.fontFamily, /Georgia/);
    assert.equal(light.backgroundColor, "rgb(20, 104, 59)");
    await page.emulateMedia({ colorScheme: "dark" });
    assert.notEqual((await look()).backgroundColor, light.backgroundColor);
    await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
    assert.equal((await look()).direction, "rtl");
  });

  test("who may ask with it from a page: exactly the configured origins, without cookies", async () => {
    const ask = (origin, target = "/v1/tenants/acme/keys") =>
      fetch(new URL(target, site.origin), { method: "OPTIONS", headers: { Origin: origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization" } });
    const allowed = await ask(host);
    assert.equal(allowed.headers.get("access-control-allow-origin"), host);
    assert.equal(allowed.headers.get("access-control-allow-credentials"), null);
    assert.match(allowed.headers.get("vary") ?? "", /origin/i);
    for (const origin of [stranger, "null", `${host}.evil.example`, host.replace("http:", "https:"), host.toUpperCase()]) {
      assert.equal((await ask(origin)).headers.get("access-control-allow-origin"), null, origin);
    }
    for (const target of ["/v1/operators", "/v1/tenants", "/v1/session", "/v1/tenants/acme/portal-sessions", "/v1/audit"]) {
      assert.equal((await ask(host, target)).headers.get("access-control-allow-origin"), null, target);
    }
  });

  site.test("a configured origin may frame the customers' page, which takes no session from there", options, async (visitor) => {
    await visitor.page.goto(`${host}/framing`);
    await visitor.page.frameLocator("iframe").getByText("Open this page from your settings").waitFor();
  });

  const strange = { origins: () => [stranger], allowed: [/frame-ancestors/] };
  site.test("no other origin may frame it", strange, async (visitor) => {
    const blocked = visitor.page.waitForEvent("console", (message) => /frame-ancestors/.test(message.text()));
    await visitor.page.goto(`${stranger}/framing`);
    await blocked;
    assert.equal(await visitor.page.frameLocator("iframe").locator("#app").count(), 0);
  });

  site.test("the host's link opens the page alone, in a tab of its own", options, async (visitor) => {
    const { page } = visitor;
    await open(visitor);
    const [tab] = await Promise.all([
      visitor.context.waitForEvent("page"),
      page.getByRole("button", { name: "Open on a page of its own" }).click(),
    ]);
    await tab.getByText("made by staff").first().waitFor();
    assert.equal(new URL(tab.url()).href, `${site.origin}/portal`);
  });
});
