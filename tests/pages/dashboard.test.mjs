// The dashboard's pages beside the keys: the overview, tenants, operators, the audit log and webhooks, as operators
// use them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe } from "node:test";

import { effective, eventually, ROOT_KEY, WITH_LIMITS, WITH_SOURCE } from "../support/rig.mjs";
import { fillSignIn, Site } from "./browser.mjs";
import { accessible, fitsNarrow, judged } from "./looks.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
const heading = (page, name) => page.getByRole("heading", { level: 1, name });
const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("rowheader").filter({ hasText: name }) });
const dialogOf = (page, name) => page.getByRole("dialog", { name });
const alertOf = (page, name) => page.getByRole("alertdialog", { name });
const params = (page) => Object.fromEntries(new URL(page.url()).searchParams);

/** The bodies that a page sends with this method to paths that end so. */
function sent(page, method, end) {
  const bodies = [];
  page.on("request", (request) => {
    if (request.method() === method && new URL(request.url()).pathname.endsWith(end)) bodies.push(request.postDataJSON());
  });
  return bodies;
}

describe("the dashboard", () => {
  const site = new Site("dashboard", {
    edges: { edge1: {} },
    settings: { ...WITH_SOURCE, "[edge]": WITH_LIMITS },
    hooks: { vars: { STANDARD_SECRET: SECRET, EVENTS_SECRET: SECRET } },
  });
  const use = async (key, target = "/api/leads/1") => (await site.rig.edge("edge1", target, { key })).status;
  const operatorOf = async (fields) => {
    const { status, text, body } = await site.rig.manage("POST", "/v1/operators", fields);
    assert.equal(status, 201, text);
    return body;
  };

  describe("the overview", () => {
    let expired;
    before(async () => {
      const { rig } = site;
      const busy = await rig.create("overview", { name: "Busy" });
      expired = await rig.create("overview", { name: "Gone", expires_at: new Date(Date.now() + 1500).toISOString() });
      await rig.create("overview", { name: "Soon over", expires_at: inDays(5) });
      await rig.create("overview", { name: "Later over", expires_at: inDays(60) });
      await rig.manage("PATCH", "/v1/tenants/overview", { max_active_keys: 4 });
      for (let call = 0; call < 3; call += 1) assert.equal(await use(busy.key), 200);
      assert.equal(await use(busy.key, "/api/analytics/1"), 403);
      await eventually(async () => assert.equal(await use(expired.key), 401));
      await eventually(async () => {
        const { body } = await rig.manage("GET", "/v1/usage?period=24h");
        assert.equal(body["24h"].allowed, 3);
        assert.ok(body["24h"].codes.EXPIRED > 0);
      });
    });

    site.test("tells what was refused and why, and what needs somebody soon", {}, async (visitor) => {
      const { page } = visitor;
      await visitor.signIn();
      await heading(page, "Overview").waitFor();
      await row(page, "EXPIRED").getByText("A program wasn’t given a new key.").waitFor();
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
      await near.getByText("3 of 4").waitFor({ state: "detached" });
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
      await row(page, "EXPIRED").getByRole("link", { name: "See the keys" }).click();
      await row(page, "Gone").waitFor();
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

  site.test("a tenant's plan and limits: only what was changed is sent, and emptied fields are taken back", {}, async (visitor) => {
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
    await done.getByText("In effect everywhere").first().waitFor({ timeout: 30_000 });
    await done.getByRole("button", { name: "Close" }).last().click();
    const limit = row(page, "per-second");
    await limit.getByText("50", { exact: true }).waitFor();
    await limit.getByText("its own").waitFor();
    await row(page, "daily").getByText("1,000").waitFor();
    const { body } = await site.rig.manage("GET", "/v1/tenants/planned");
    assert.deepEqual([body.own_limits.max_active_keys, body.quotas], [9, {}]);
  });

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

  site.test("suspending asks for the tenant's name, and tells when all of its keys are refused", {}, async (visitor) => {
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
    assert.notEqual(await page.evaluate(() => document.activeElement.localName), "body", "the opener is gone; the focus isn't");
    await judged(page, "tenant-suspended");
    await page.getByRole("button", { name: "Resume the tenant" }).click();
    await alertOf(page, "Resume suspended?").getByRole("button", { name: "Resume" }).click();
    await dialogOf(page, "Tenant resumed").getByText("In effect everywhere").first().waitFor();
    assert.equal(await use(key), 200);
  });

  site.test("a link to the customer's page is for one person, and leaves the operator signed in", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("portal", { name: "Theirs" });
    const { key } = await operatorOf({ name: "Support", tenant: "*", scopes: ["keys:read", "keys:write"] });
    await visitor.signIn(key, "/?page=tenant&tenant=portal");
    const minted = sent(page, "POST", "/portal-sessions");
    await page.getByRole("button", { name: "Open the customer’s page" }).click();
    const form = dialogOf(page, "Open the page of portal");
    await form.getByLabel("Person’s name").fill("Ann");
    await form.getByLabel("Person’s id").fill("u_7");
    assert.equal(await form.getByRole("checkbox", { name: /See the history/ }).count(), 0, "nobody gives what they lack");
    await form.getByRole("checkbox", { name: "Read, leads" }).check();
    await form.getByRole("combobox", { name: "The session ends after" }).selectOption({ label: "5 minutes" });
    await judged(page, "tenant-portal");
    await form.getByRole("button", { name: "Make the link" }).dblclick();
    const ready = dialogOf(page, "The link is ready");
    await ready.getByRole("button", { name: "The link" }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /\/portal#code=kscode_/);
    assert.deepEqual(minted, [
      { actor: { id: "u_7", name: "Ann" }, may: ["keys:read", "keys:write"], scopes: ["read:leads"], expires_in_seconds: 300 },
    ]);
    await judged(page, "tenant-portal-ready");
    const { pathname, hash } = new URL(link);
    const tab = await visitor.tab();
    await tab.goto(`${pathname}${hash}`);
    await tab.getByText("Theirs").waitFor();
    await page.reload();
    await heading(page, "portal").waitFor();
  });

  describe("operators", () => {
    site.test("a new one gets its scopes and tenant, and its key is shown once", {}, async (visitor) => {
      const { page } = visitor;
      await visitor.signIn(ROOT_KEY, "/?page=operators");
      await page.getByRole("button", { name: "New operator" }).click();
      const form = dialogOf(page, "New operator");
      await form.getByLabel("Name", { exact: true }).fill("Olga");
      assert.equal(await form.getByRole("button", { name: "Create operator" }).getAttribute("aria-disabled"), "true");
      assert.equal(await form.getByRole("checkbox", { name: /webhooks:read/ }).count(), 1);
      await form.getByRole("radio", { name: /One tenant/ }).check();
      assert.equal(await form.getByRole("checkbox", { name: /webhooks:read/ }).count(), 0, "of no use to one tenant's");
      await form.getByLabel("Tenant", { exact: true }).fill("hers");
      await form.getByRole("button", { name: /^Support/ }).click();
      await form.getByRole("combobox", { name: "Expires" }).selectOption({ label: "After 30 days" });
      await judged(page, "operators-new");
      await form.getByRole("button", { name: "Create operator" }).dblclick();
      const secret = dialogOf(page, "Save this key now");
      const key = (await secret.getByRole("textbox", { name: "The key Olga" }).textContent()).trim();
      await judged(page, "operators-new-key");
      assert.equal((await site.rig.manage("GET", "/v1/tenants/hers/keys", undefined, { key })).status, 200);
      assert.equal((await site.rig.manage("POST", "/v1/tenants/hers/keys", { name: "x", scopes: ["read:leads"] }, { key })).status, 403);
      await secret.getByRole("button", { name: "Done" }).click();
      await secret.getByRole("button", { name: "Close, I have it" }).click();
      await row(page, "Olga").getByText("keys:read").waitFor();
      assert.equal(await row(page, "Olga").count(), 1, "a double click made one");
      assert.ok(!(await page.content()).includes(key));
    });

    site.test("of one tenant grant no more than they hold", {}, async (visitor) => {
      const { page } = visitor;
      const { key } = await operatorOf({ name: "Admin", tenant: "limited", scopes: ["operators:write", "keys:read"] });
      await visitor.signIn(key);
      await page.getByRole("link", { name: "Operators" }).click();
      await page.getByRole("button", { name: "New operator" }).click();
      const form = dialogOf(page, "New operator");
      await form.waitFor();
      assert.deepEqual(
        await form.getByRole("checkbox").evaluateAll((boxes) => boxes.map((box) => box.closest("label").querySelector("code").textContent)),
        ["keys:read", "operators:write"],
      );
      assert.equal(await form.getByRole("radio").count(), 0);
      await form.getByLabel("Name", { exact: true }).fill("Helper");
      await form.getByRole("checkbox", { name: /keys:read/ }).check();
      await form.getByRole("button", { name: "Create operator" }).click();
      await dialogOf(page, "Save this key now").waitFor();
      const { body } = await site.rig.manage("GET", "/v1/operators?q=Helper");
      assert.deepEqual([body.keys[0].tenant, body.keys[0].scopes], ["limited", ["keys:read"]]);
    });

    site.test("are rotated, kept and revoked; revoking asks for the name", {}, async (visitor) => {
      const { page } = visitor;
      const old = await operatorOf({ name: "Deployer", tenant: "*", scopes: ["keys:read"] });
      const works = async (key) => (await site.rig.manage("GET", "/v1/plans", undefined, { key })).status;
      await visitor.signIn(ROOT_KEY, "/?page=operators&q=Deployer");
      const act = async (of, name) => {
        await of.getByRole("button", { name: "Actions of Deployer" }).click();
        await page.getByRole("menuitem", { name, exact: true }).click();
      };
      await act(row(page, "Deployer"), "Rotate");
      const form = dialogOf(page, "Rotate this operator’s key");
      await form.getByRole("radio", { name: "After some time" }).check();
      await judged(page, "operators-rotate");
      await form.getByRole("button", { name: "Rotate" }).click();
      const secret = dialogOf(page, "Save this key now");
      const next = (await secret.getByRole("textbox").textContent()).trim();
      await secret.getByText("The old key works beside it until").waitFor();
      await secret.getByRole("button", { name: "The key Deployer" }).click();
      await secret.getByRole("button", { name: "Done" }).click();
      assert.deepEqual([await works(old.key), await works(next)], [200, 200]);
      const replaced = row(page, "Deployer").filter({ hasText: "Being replaced" });
      await act(replaced, "Keep the old key");
      await alertOf(page, "Keep the old key?").getByRole("button", { name: "Keep the old key" }).click();
      await dialogOf(page, "The old key stays").getByText("In effect everywhere").first().waitFor();
      await page.keyboard.press("Escape");
      await replaced.waitFor({ state: "detached" });

      const first = row(page, "Deployer").filter({ hasText: old.display });
      await act(first, "Revoke");
      const ask = alertOf(page, "Revoke this operator?");
      await ask.getByLabel(/^To confirm/).fill("deployer");
      await ask.getByLabel(/^To confirm/).press("Enter");
      await judged(page, "operators-revoke");
      assert.equal(await works(old.key), 200);
      await ask.getByLabel(/^To confirm/).fill("Deployer");
      await ask.getByLabel("Reason").fill("replaced");
      await ask.getByRole("button", { name: "Revoke" }).click();
      await dialogOf(page, "Operator revoked").getByText("In effect: refused everywhere").first().waitFor();
      assert.deepEqual([await works(old.key), await works(next)], [401, 200]);
      await page.keyboard.press("Escape");
      await page.getByRole("combobox", { name: "Status" }).selectOption("revoked");
      await row(page, old.display).getByText("replaced").waitFor();
      await judged(page, "operators-revoked");
    });
  });

  describe("the audit log", () => {
    const ANN = { id: "u_7", name: "Ann" };

    site.test("says in sentences who did what for whom, from what to what", {}, async (visitor) => {
      const { page } = visitor;
      const { rig } = site;
      const { key } = await operatorOf({ name: "Olga", tenant: "audited", scopes: ["keys:read", "keys:write", "audit:read"] });
      const made = await rig.create("audited", { name: "Zapier" });
      const other = await rig.create("audited", { name: "Another" });
      await rig.manage("PATCH", `/v1/tenants/audited/keys/${made.id}`, { name: "Zapier EU", scopes: ["read:leads", "write:leads"] });
      const session = { actor: ANN, may: ["keys:read", "keys:write"], scopes: ["read:leads", "write:leads"] };
      const { body } = await rig.manage("POST", "/v1/tenants/audited/portal-sessions", session, { key });
      await rig.manage("POST", `/v1/tenants/audited/keys/${made.id}/revoke`, { reason: "leaked" }, { key: body.token });
      await rig.manage("PATCH", "/v1/tenants/audited", { max_active_keys: 5 });
      await visitor.signIn(ROOT_KEY, "/?page=audit&tenant=audited");
      const entry = (text) => page.getByRole("listitem").filter({ hasText: text });
      await entry("Olga revoked the key Zapier EU for Ann (u_7)").getByText("leaked").waitFor();
      const changed = entry("changed the key Zapier EU");
      await changed.getByText("from Zapier to Zapier EU").waitFor();
      assert.match(await changed.textContent(), /Scopes.*from read:leads to read:leads write:leads/);
      await entry("changed the tenant’s plan or limits").getByText("Active keys, at most").waitFor();
      await entry("created the key Another").getByText("What it was made with").click();
      await judged(page, "audit-tenant");

      const { body: log } = await rig.manage("GET", "/v1/tenants/audited/audit?limit=1");
      const [{ request_id }] = log.entries;
      await page.getByRole("button", { name: `Copy the request id ${request_id}` }).click();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), request_id);

      await entry("created the key Another").getByRole("link", { name: "Only this key" }).click();
      await eventually(async () => assert.equal(await page.getByRole("listitem").filter({ hasText: "the key" }).count(), 1));
      assert.equal(params(page).key_id, other.id);
      await page.reload();
      await entry("created the key Another").waitFor();
      await page.goBack();
      await entry("created the key Zapier").first().waitFor();
      await entry("created the key Another").getByRole("link", { name: "Another" }).click();
      await heading(page, /Another/).waitFor();
    });

    site.test("is paged, and another log is chosen by keyboard", {}, async (visitor) => {
      const { page } = visitor;
      const { id } = await site.rig.create("paged");
      for (let at = 0; at < 60; at += 1) await site.rig.manage("PATCH", `/v1/tenants/paged/keys/${id}`, { name: `name ${at}` });
      await visitor.signIn(ROOT_KEY, "/?page=audit");
      await page.getByText("root key signed in").first().waitFor();
      await page.getByRole("button", { name: "A tenant" }).click();
      await page.getByLabel("Tenant", { exact: true }).fill("paged");
      await page.keyboard.press("Enter");
      await heading(page, "Audit log of paged").waitFor();
      await page.getByText("name 59").first().waitFor();
      assert.equal(await page.getByRole("listitem").filter({ hasText: "the key" }).count(), 50);
      await page.getByRole("button", { name: "Next", exact: true }).click();
      await page.getByText("created the key").waitFor();
      await page.reload();
      await page.getByText("created the key").waitFor();
      await page.goBack();
      await page.getByText("name 59").first().waitFor();
    });

    site.test("is exported whole, as a file", {}, async (visitor) => {
      const { page } = visitor;
      await site.rig.create("exported", { name: "Ünïcode, “quoted”" });
      await site.rig.create("exported", { name: "second" });
      await visitor.signIn(ROOT_KEY, "/?page=audit&tenant=exported");
      await page.getByText("created the key second").waitFor();
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export" }).click()]);
      assert.match(download.suggestedFilename(), /^audit-exported-\d{4}-\d\d-\d\d\.ndjson$/);
      await page.getByText("2 entries saved.").first().waitFor();
      const lines = readFileSync(await download.path(), "utf8").trim().split("\n").map((line) => JSON.parse(line));
      assert.deepEqual(lines.map(({ key_name }) => key_name), ["Ünïcode, “quoted”", "second"]);
      await page.goto("/?page=audit&tenant=nothing-here");
      await page.getByText("Nothing is recorded yet").waitFor();
      await judged(page, "audit-empty");
    });
  });

  describe("webhooks", () => {
    const LETTERS = "/v1/webhooks/queued/dead-letters";
    const dead = async () => (await site.rig.manage("GET", `${LETTERS}?limit=200`)).body.dead_letters.map(({ id }) => id);

    site.test("undelivered events are sent again or discarded, once they were confirmed", {}, async (visitor) => {
      const { page } = visitor;
      await visitor.signIn(ROOT_KEY, "/?page=webhooks");
      await row(page, "queued").getByText("By the queue").waitFor();
      await judged(page, "webhooks-sources");
      await row(page, "queued").getByRole("link", { name: "queued", exact: true }).click();
      await page.getByText("Everything was delivered").waitFor();
      await judged(page, "webhooks-empty");
      const [first, second, third] = [await site.rig.bury("queued"), await site.rig.bury("queued"), await site.rig.bury("queued")];
      await page.getByRole("button", { name: "Refresh" }).click();
      await row(page, first).waitFor();
      await judged(page, "webhooks-dead-letters");
      await row(page, first).getByRole("button", { name: new RegExp(first) }).first().click();
      await dialogOf(page, "Undelivered event").getByText("content-type: text/plain").waitFor();
      await judged(page, "webhooks-event");
      await page.keyboard.press("Escape");

      await row(page, first).getByRole("button", { name: /^Discard/ }).click();
      const discard = alertOf(page, "Discard this event?");
      await discard.waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "Cancel");
      await judged(page, "webhooks-discard");
      await discard.getByRole("button", { name: "Cancel" }).click();
      assert.ok((await dead()).includes(first));
      await row(page, first).getByRole("button", { name: /^Discard/ }).click();
      await discard.getByRole("button", { name: "Discard", exact: true }).dblclick();
      await row(page, first).waitFor({ state: "detached" });
      assert.notEqual(await page.evaluate(() => document.activeElement.localName), "body");
      assert.ok(!(await dead()).includes(first));

      await row(page, second).getByRole("button", { name: /^Send again/ }).click();
      // Somebody else is faster.
      await site.rig.manage("POST", `${LETTERS}/${second}/discard`, {});
      await alertOf(page, "Send this event again?").getByRole("button", { name: "Send again" }).click();
      await page.getByText("This event is no longer here").waitFor();
      await page.getByRole("button", { name: "See the list" }).click();
      await row(page, second).waitFor({ state: "detached" });

      await row(page, third).getByRole("button", { name: /^Send again/ }).click();
      await alertOf(page, "Send this event again?").getByRole("button", { name: "Send again" }).click();
      await page.getByText("Everything was delivered").waitFor();
      await page.getByRole("link", { name: "Audit log" }).click();
      await page.getByRole("listitem").filter({ hasText: `root key sent the event ${third} of queued again` }).waitFor();
    });

    site.test("a whole page is sent again, and what failed is told", {}, async (visitor) => {
      const { page } = visitor;
      for (let at = 0; at < 4; at += 1) await site.rig.bury("queued");
      await visitor.signIn(ROOT_KEY, "/?page=webhooks&source=queued");
      await page.getByRole("button", { name: "Send this page again" }).click();
      const ask = page.getByRole("alertdialog", { name: "Send the events of this page again?" });
      await ask.getByRole("button", { name: "Send 4 events again" }).dblclick();
      await page.getByText("4 of 4 are in the queue again.").first().waitFor();
      await judged(page, "webhooks-all");
      await page.getByRole("button", { name: "Close" }).last().click();
      await page.getByText("Everything was delivered").waitFor();
      assert.deepEqual(await dead(), []);
    });

    site.test("who may not change them sees no buttons", {}, async (visitor) => {
      const { page } = visitor;
      const id = await site.rig.bury("queued");
      const { key } = await operatorOf({ name: "On call", tenant: "*", scopes: ["webhooks:read"] });
      await visitor.signIn(key);
      await heading(page, "Webhooks").waitFor();
      assert.deepEqual(await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allTextContents(), ["Webhooks", "Debugger"]);
      await page.getByRole("link", { name: "queued", exact: true }).click();
      await row(page, id).waitFor();
      assert.equal(await page.getByRole("button", { name: /Send|Discard/ }).count(), 0);
      await site.rig.manage("POST", `${LETTERS}/${id}/discard`, {});
    });
  });

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
    const problem = { code: "DEPENDENCY_UNAVAILABLE", detail: "Storage is out of reach.", request_id: "req_1", status: 503, title: "Service Unavailable" };
    await page.route("**/v1/{operators,audit,webhooks,overview}?(\\?*)", (route) =>
      down ? route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify(problem) }) : route.continue(),
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
    await site.rig.create("narrow", { name: "A name that is long enough to need more than one line of a narrow screen" });
    await visitor.signIn();
    for (const query of ["overview", "tenants", "tenant&tenant=narrow", "operators", "audit&tenant=narrow", "webhooks"]) {
      await page.goto(`/?page=${query}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      await fitsNarrow(page, 320);
      await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
      await fitsNarrow(page);
    }
  });
});
