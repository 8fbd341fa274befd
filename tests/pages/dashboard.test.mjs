// The dashboard's overview and tenants, as operators use them; and what all of its pages have in common.

import assert from "node:assert/strict";
import { before, describe } from "node:test";

import { effective, eventually, ROOT_KEY, WITH_LIMITS } from "../support/rig.mjs";
import { fillSignIn, Site } from "./browser.mjs";
import { alertOf, dialogOf, heading, params, row, sent } from "./finding.mjs";
import { accessible, fitsNarrow, judged } from "./looks.mjs";

const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

describe("the dashboard", () => {
  const site = new Site("dashboard", {
    edges: { edge1: {} },
    settings: { "[edge]": WITH_LIMITS },
    hooks: { vars: {} },
  });
  const use = async (key, target = "/api/leads/1") => (await site.rig.edge("edge1", target, { key })).status;
  const operatorOf = async (fields) => {
    const { status, text, body } = await site.rig.manage("POST", "/v1/operators", fields);
    assert.equal(status, 201, text);
    return body;
  };

  describe("the overview", () => {
    before(async () => {
      const { rig } = site;
      const busy = await rig.create("overview", { name: "Busy" });
      const elsewhere = await rig.create("overview", { name: "Elsewhere", allowed_ips: ["192.0.2.1"] });
      await rig.create("overview", { name: "Soon over", expires_at: inDays(5) });
      await rig.create("overview", { name: "Later over", expires_at: inDays(60) });
      await rig.manage("PATCH", "/v1/tenants/overview", { max_active_keys: 4 });
      assert.equal(await use(elsewhere.key), 403);
      for (let call = 0; call < 3; call += 1) assert.equal(await use(busy.key), 200);
      assert.equal(await use(busy.key, "/api/analytics/1"), 403);
      // A tenant reports its uses soon if it has just changed, else within a minute.
      const reported = async () => {
        const { body } = await rig.manage("GET", "/v1/usage?period=24h");
        assert.deepEqual(body["24h"].codes, { INSUFFICIENT_SCOPE: 1, IP_NOT_ALLOWED: 1, VALID: 3 });
      };
      await eventually(reported, { within: 75_000, every: 250 });
    });

    site.test("tells what was refused and why, and what needs somebody soon", {}, async (visitor) => {
      const { page } = visitor;
      await visitor.signIn();
      await heading(page, "Overview").waitFor();
      await row(page, "IP_NOT_ALLOWED").getByText("The caller moved, or the key is in other hands.").waitFor();
      await row(page, "INSUFFICIENT_SCOPE").getByText("lacks a scope").waitFor();
      const soon = page.getByRole("table", { name: "Keys that expire soon" });
      await soon.getByRole("link", { name: "Soon over" }).waitFor();
      assert.equal(await soon.getByRole("link", { name: "Later over" }).count(), 0);
      await page.getByRole("combobox", { name: /^Keys that expire soon/ }).selectOption({ label: "90 days" });
      await soon.getByRole("link", { name: "Later over" }).waitFor();
      await page.getByRole("button", { name: "7 days", exact: true }).click();
      await page.getByText("Allowed and refused requests, 7 days").first().waitFor();
      assert.deepEqual(params(page), { expiring: "90", period: "7d" });
      await page.reload();
      await soon.getByRole("link", { name: "Later over" }).waitFor();
      await page.getByText("Allowed and refused requests, 7 days").first().waitFor();
      const near = page.getByRole("table", { name: "Tenants near their cap of keys" });
      await near.getByRole("row").filter({ hasText: "overview" }).getByText("4 of 4").waitFor();
      await judged(page, "overview-filled");
      await soon.getByRole("link", { name: "Soon over" }).click();
      await heading(page, /Soon over/).waitFor();
      await page.goBack();
      await heading(page, "Overview").waitFor();
      assert.deepEqual(params(page), { expiring: "90", period: "7d" });
    });

    site.test("of one tenant has that tenant alone, and its pages no others", {}, async (visitor) => {
      const { page } = visitor;
      await site.rig.create("elsewhere", { name: "Not theirs", expires_at: inDays(4) });
      const { key } = await operatorOf({ name: "Admin of overview", tenant: "overview", scopes: ["keys:read"] });
      const refused = [];
      page.on("response", (response) => response.status() === 403 && refused.push(response.url()));
      await visitor.signIn(key);
      await heading(page, "overview").waitFor();
      await page.getByRole("link", { name: "Soon over" }).waitFor();
      assert.equal(await page.getByText("Not theirs").count(), 0);
      await row(page, "IP_NOT_ALLOWED").getByRole("link", { name: "See the keys" }).click();
      await row(page, "Elsewhere").waitFor();
      const pages = await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allTextContents();
      assert.deepEqual(pages, ["Overview", "Plan and limits", "Keys", "Debugger"]);
      await page.getByRole("link", { name: "Plan and limits" }).click();
      await page.getByText("of 4 at most").waitFor();
      for (const name of ["Suspend", "Edit plan and limits", "Open the customer’s page"]) {
        assert.equal(await page.getByRole("button", { name }).count(), 0, name);
      }
      for (const id of ["tenants", "operators", "audit", "webhooks"]) {
        await page.goto(`/?page=${id}`);
        await heading(page, "overview").waitFor();
      }
      assert.deepEqual(refused, [], "the page asked for what this operator may not see");
    });
  });

  site.test("the list of tenants is searched and paged, and the address keeps the place", {}, async (visitor) => {
    const { page } = visitor;
    const names = Array.from({ length: 60 }, (_, at) => `listed-${String(at).padStart(2, "0")}`);
    for (const name of names) await site.rig.create(name);
    await visitor.signIn(ROOT_KEY, "/?page=tenants");
    await page.getByRole("searchbox").fill("listed-");
    await page.waitForURL(/q=listed-/);
    await row(page, "listed-00").waitFor();
    await row(page, "listed-59").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Next", exact: true }).click();
    await row(page, "listed-59").waitFor();
    await page.reload();
    await row(page, "listed-59").waitFor();
    await page.getByRole("link", { name: "listed-59", exact: true }).click();
    await heading(page, "listed-59").waitFor();
    await page.goBack();
    await row(page, "listed-59").waitFor();
    await page.goBack();
    await row(page, "listed-00").waitFor();
    await page.getByRole("searchbox").fill("nobody-yet");
    await page.getByText("No tenant has this in its name").waitFor();
    await judged(page, "tenants-no-match");
    await page.getByRole("link", { name: /nobody-yet/ }).click();
    await heading(page, "nobody-yet").waitFor();
  });

  site.test(
    "a tenant's plan and limits: only what was changed is sent, and emptied fields are taken back",
    {},
    async (visitor) => {
      const { page } = visitor;
      await site.rig.manage("PATCH", "/v1/tenants/planned", { max_active_keys: 9, quotas: { daily: { limit: 700 } } });
      await visitor.signIn(ROOT_KEY, "/?page=tenant&tenant=planned");
      const patches = sent(page, "PATCH", "/v1/tenants/planned");
      await page.getByRole("button", { name: "Edit plan and limits" }).click();
      const form = dialogOf(page, "Plan and limits of planned");
      const save = form.getByRole("button", { name: "Save" });
      assert.equal(await save.getAttribute("aria-disabled"), "true", "nothing is changed yet");
      await form.getByLabel("Own limit: per-second").fill("5 or so");
      await save.click();
      assert.ok(await form.isVisible(), "the browser refuses what is no number");
      await form.getByLabel("Own limit: per-second").fill("50");
      await form.getByLabel("Own limit: daily").fill("");
      await judged(page, "tenant-edit");
      await save.dblclick();
      const done = dialogOf(page, "Saved");
      await done.waitFor();
      assert.deepEqual(patches, [{ rate_limits: { "per-second": { limit: 50 } }, quotas: { daily: null } }]);
      await done.getByText("In effect everywhere", { exact: true }).first().waitFor({ timeout: 30_000 });
      await done.getByRole("button", { name: "Close" }).last().click();
      const limit = row(page, "per-second");
      await limit.getByText("50", { exact: true }).waitFor();
      await limit.getByText("its own").waitFor();
      await row(page, "daily").getByText("1,000").waitFor();
      const { body } = await site.rig.manage("GET", "/v1/tenants/planned");
      assert.deepEqual([body.own_limits.max_active_keys, body.quotas], [9, {}]);
    },
  );

  site.test("a double click adds to a quota once", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("quota");
    await visitor.signIn(ROOT_KEY, "/?page=tenant&tenant=quota");
    await row(page, "monthly").getByText("1,000 of 1,000").waitFor();
    await page.getByRole("button", { name: "Add to monthly" }).click();
    const form = dialogOf(page, /Add to the quota/);
    await form.getByLabel("Units to add").fill("0");
    await form.getByRole("button", { name: "Add", exact: true }).click();
    assert.ok(await form.isVisible(), "the browser refuses 0");
    await form.getByLabel("Units to add").fill("250");
    await judged(page, "tenant-add");
    await form.getByRole("button", { name: "Add", exact: true }).dblclick();
    await form.waitFor({ state: "hidden" });
    await row(page, "monthly").getByText("1,250 of 1,000").waitFor();
  });

  site.test(
    "suspending asks for the tenant's name, and tells when all of its keys are refused",
    {},
    async (visitor) => {
      const { page } = visitor;
      const { key } = await site.rig.create("suspended");
      assert.equal(await use(key), 200);
      await visitor.signIn(ROOT_KEY, "/?page=tenant&tenant=suspended");
      await heading(page, "suspended").waitFor();
      await judged(page, "tenant");
      await page.getByRole("button", { name: "Suspend" }).click();
      const ask = alertOf(page, "Suspend suspended?");
      await ask.getByText("1 active key is refused everywhere").waitFor();
      const confirm = ask.getByRole("button", { name: "Suspend" });
      for (const wrong of ["", "suspende", "Suspended"]) {
        await ask.getByLabel(/^To confirm/).fill(wrong);
        assert.equal(await confirm.getAttribute("aria-disabled"), "true", wrong);
        await ask.getByLabel(/^To confirm/).press("Enter");
      }
      assert.equal(await use(key), 200);
      await judged(page, "tenant-suspend");
      await page.keyboard.press("Control+A");
      await page.keyboard.type("suspended");
      await page.keyboard.press("Enter");
      const done = dialogOf(page, "Tenant suspended");
      await done.getByText(/Refused everywhere by \d\d:\d\d:\d\d/).waitFor();
      await done.getByText("In effect: refused everywhere").first().waitFor();
      assert.equal(await use(key), 401);
      await page.keyboard.press("Escape");
      await page.getByText("All keys of this tenant are out of use").waitFor();
      assert.notEqual(
        await page.evaluate(() => document.activeElement.localName),
        "body",
        "the opener is gone; the focus isn't",
      );
      await judged(page, "tenant-suspended");
      await page.getByRole("button", { name: "Resume the tenant" }).click();
      await alertOf(page, "Resume suspended?").getByRole("button", { name: "Resume" }).click();
      await dialogOf(page, "Tenant resumed").getByText("In effect everywhere", { exact: true }).first().waitFor();
      assert.equal(await use(key), 200);
    },
  );

  site.test(
    "a link to the customer's page is for one person, and leaves the operator signed in",
    {},
    async (visitor) => {
      const { page } = visitor;
      await site.rig.create("portal", { name: "Theirs" });
      const { key } = await operatorOf({ name: "Support", tenant: "*", scopes: ["keys:read", "keys:write"] });
      await visitor.signIn(key, "/?page=tenant&tenant=portal");
      const minted = sent(page, "POST", "/portal-sessions");
      await page.getByRole("button", { name: "Open the customer’s page" }).click();
      const form = dialogOf(page, "Open the page of portal");
      await form.getByLabel("Person’s name").fill("Ann");
      await form.getByLabel("Person’s id").fill("u_7");
      assert.equal(
        await form.getByRole("checkbox", { name: /See the history/ }).count(),
        0,
        "nobody gives what they lack",
      );
      await form.getByRole("checkbox", { name: "Read, leads" }).check();
      await form.getByRole("combobox", { name: "The session ends after" }).selectOption({ label: "5 minutes" });
      await judged(page, "tenant-portal");
      await form.getByRole("button", { name: "Make the link" }).dblclick();
      const ready = dialogOf(page, "The link is ready");
      await ready.getByRole("button", { name: "The link" }).click();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(link, /\/portal#code=kscode_/);
      assert.deepEqual(minted, [
        {
          actor: { id: "u_7", name: "Ann" },
          may: ["keys:read", "keys:write"],
          scopes: ["read:leads"],
          expires_in_seconds: 300,
        },
      ]);
      await judged(page, "tenant-portal-ready");
      const { pathname, hash } = new URL(link);
      const tab = await visitor.tab();
      await tab.goto(`${pathname}${hash}`);
      await tab.getByText("Theirs").waitFor();
      await page.reload();
      await heading(page, "portal").waitFor();
    },
  );

  site.test("an operator who is revoked meanwhile signs in again over the page, and goes on", {}, async (visitor) => {
    const { page } = visitor;
    const scopes = ["keys:read", "keys:write"];
    const { key, id } = await operatorOf({ name: "Short-lived", tenant: "*", scopes });
    await site.rig.create("meanwhile");
    await visitor.signIn(key, "/?page=tenant&tenant=meanwhile");
    await page.getByRole("button", { name: "Edit plan and limits" }).click();
    await dialogOf(page, "Plan and limits of meanwhile").getByLabel("Active keys, at most").fill("7");
    await effective(await site.rig.manage("POST", `/v1/operators/${id}/revoke`, {}));
    await page.getByRole("button", { name: "Save" }).click();
    await dialogOf(page, "Your session has ended").waitFor();
    await fillSignIn(page, ROOT_KEY);
    await dialogOf(page, "Your session has ended").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Save" }).click();
    await dialogOf(page, "Saved").waitFor();
    const { body } = await site.rig.manage("GET", "/v1/tenants/meanwhile");
    assert.equal(body.own_limits.max_active_keys, 7);
  });

  site.test("what can't be loaded says so, and is asked for again", {}, async (visitor) => {
    const { page } = visitor;
    visitor.allowed.push(/status of 503/);
    await visitor.signIn(ROOT_KEY, "/?page=tenants");
    let down = true;
    const problem = {
      code: "DEPENDENCY_UNAVAILABLE",
      detail: "Storage is out of reach.",
      request_id: "req_1",
      status: 503,
      title: "Service Unavailable",
    };
    await page.route(
      ({ pathname }) => /^\/v1\/(operators|audit|webhooks|overview)$/.test(pathname),
      (route) =>
        down
          ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) })
          : route.continue(),
    );
    for (const name of ["Overview", "Operators", "Audit log", "Webhooks"]) {
      down = true;
      await page.getByRole("link", { name, exact: true }).click();
      await page.getByText("Storage is out of reach.").first().waitFor();
      await accessible(page);
      down = false;
      await page.getByRole("button", { name: "Try again" }).first().click();
      await page.getByText("Storage is out of reach.").first().waitFor({ state: "detached" });
    }
  });

  site.test("read from the right and on the narrowest screen, nothing is cut off", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("narrow", {
      name: "A name that is long enough to need more than one line of a narrow screen",
    });
    await visitor.signIn();
    for (const query of [
      "overview",
      "tenants",
      "tenant&tenant=narrow",
      "operators",
      "audit&tenant=narrow",
      "webhooks",
    ]) {
      await page.goto(`/?page=${query}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      await fitsNarrow(page, 320);
      await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
      await fitsNarrow(page);
    }
  });
});
