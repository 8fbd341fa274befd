// Operators, the audit log and webhooks in the dashboard, as operators use them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe } from "node:test";

import { eventually, ROOT_KEY, WITH_SOURCE } from "../support/rig.mjs";
import { Site } from "./browser.mjs";
import { alertOf, dialogOf, heading, params, row } from "./finding.mjs";
import { judged } from "./looks.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/** A source that refuses nothing, beside the other one. */
const [UPSTREAM] = Object.keys(WITH_SOURCE);
const TRIAL = `
[[webhooks]]
source = "trial"
provider = "standard-webhooks"
secrets = ["STANDARD_SECRET"]
upstream = "api"
signing_secret = "EVENTS_SECRET"
verification = "log-only"
`;

describe("the dashboard", () => {
  const site = new Site("operators", {
    edges: {},
    settings: { [UPSTREAM]: WITH_SOURCE[UPSTREAM] + TRIAL },
    hooks: { vars: { STANDARD_SECRET: SECRET, EVENTS_SECRET: SECRET } },
  });
  const operatorOf = async (fields) => {
    const { status, text, body } = await site.rig.manage("POST", "/v1/operators", fields);
    assert.equal(status, 201, text);
    return body;
  };

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
      assert.equal(
        (await site.rig.manage("POST", "/v1/tenants/hers/keys", { name: "x", scopes: ["read:leads"] }, { key })).status,
        403,
      );
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
        await form
          .getByRole("checkbox")
          .evaluateAll((boxes) => boxes.map((box) => box.closest("label").querySelector("code").textContent)),
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
      await dialogOf(page, "The old key stays").getByText("In effect everywhere", { exact: true }).first().waitFor();
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

    site.test("are reached by keyboard alone, and the focus returns to where it was", {}, async (visitor) => {
      const { page } = visitor;
      await operatorOf({ name: "By keys", tenant: "*", scopes: ["verify"] });
      await visitor.signIn(ROOT_KEY, "/?page=operators&q=By+keys");
      await row(page, "By keys").waitFor();
      const focused = () =>
        page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent);
      const reach = async (name) => {
        for (let tabs = 0; tabs < 30 && (await focused()) !== name; tabs += 1) await page.keyboard.press("Tab");
        assert.equal(await focused(), name);
        const { outlineStyle, outlineWidth } = await page.evaluate(() => ({
          ...getComputedStyle(document.activeElement),
        }));
        assert.ok(outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2, `${name}: the focus is seen`);
      };
      await page.getByRole("heading", { level: 1 }).focus();
      await reach("Search by name or beginning of the key");
      await reach("Actions of By keys");
      await page.keyboard.press("Enter");
      await page.keyboard.press("End");
      assert.equal(await focused(), "Revoke");
      await page.keyboard.press("Enter");
      await alertOf(page, "Revoke this operator?").waitFor();
      assert.match(
        await page.evaluate(() => document.activeElement.labels[0].textContent),
        /^To confirm, type its name/,
      );
      await page.keyboard.press("Escape");
      await alertOf(page, "Revoke this operator?").waitFor({ state: "hidden" });
      await eventually(async () => assert.equal(await focused(), "Actions of By keys"));
    });
  });

  describe("the audit log", () => {
    const ANN = { id: "u_7", name: "Ann" };

    site.test("says in sentences who did what for whom, from what to what", {}, async (visitor) => {
      const { page } = visitor;
      const { rig } = site;
      const { key } = await operatorOf({
        name: "Olga",
        tenant: "audited",
        scopes: ["keys:read", "keys:write", "audit:read"],
      });
      const made = await rig.create("audited", { name: "Zapier" });
      const other = await rig.create("audited", { name: "Another" });
      await rig.manage("PATCH", `/v1/tenants/audited/keys/${made.id}`, {
        name: "Zapier EU",
        scopes: ["read:leads", "write:leads"],
      });
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
      await eventually(async () =>
        assert.equal(await page.getByRole("listitem").filter({ hasText: "the key" }).count(), 1),
      );
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
      for (let at = 0; at < 60; at += 1)
        await site.rig.manage("PATCH", `/v1/tenants/paged/keys/${id}`, { name: `name ${at}` });
      await visitor.signIn(ROOT_KEY, "/?page=audit");
      await page.getByText("root key signed in").first().waitFor();
      await page.getByRole("button", { name: "A tenant" }).click();
      await page.getByLabel("Tenant", { exact: true }).fill("paged");
      await page.keyboard.press("Enter");
      await heading(page, "Audit log of paged").waitFor();
      assert.equal(
        await page.evaluate(() => document.activeElement.getAttribute("aria-label")),
        "Tenant",
        "it stays where it was",
      );
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
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Export" }).click(),
      ]);
      assert.match(download.suggestedFilename(), /^audit-exported-\d{4}-\d\d-\d\d\.ndjson$/);
      await page.getByText("2 entries saved.").first().waitFor();
      const lines = readFileSync(await download.path(), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.deepEqual(
        lines.map(({ key_name }) => key_name),
        ["Ünïcode, “quoted”", "second"],
      );
      await page.goto("/?page=audit&tenant=nothing-here");
      await page.getByText("Nothing is recorded yet").waitFor();
      await judged(page, "audit-empty");
    });
  });

  describe("webhooks", () => {
    const LETTERS = "/v1/webhooks/queued/dead-letters";
    /** Leaves so many events dead, and returns their ids. */
    const bury = async (count) => {
      for (const id of await dead()) await site.rig.manage("POST", `${LETTERS}/${id}/discard`, {});
      return Promise.all(Array.from({ length: count }, () => site.rig.bury("queued")));
    };
    const dead = async () =>
      (await site.rig.manage("GET", `${LETTERS}?limit=200`)).body.dead_letters.map(({ id }) => id);

    site.test("a source that only logs says that it refuses nothing, and others don't", {}, async (visitor) => {
      const { page } = visitor;
      await visitor.signIn(ROOT_KEY, "/?page=webhooks");
      await row(page, "trial").getByText("Refuses nothing", { exact: true }).waitFor();
      assert.equal(await row(page, "queued").count(), 1);
      assert.equal(await page.getByText("Refuses nothing").count(), 1);
    });

    site.test("undelivered events are sent again or discarded, once they were confirmed", {}, async (visitor) => {
      const { page } = visitor;
      await bury(0);
      await visitor.signIn(ROOT_KEY, "/?page=webhooks");
      await row(page, "queued").getByText("By the queue").waitFor();
      await judged(page, "webhooks-sources");
      await row(page, "queued").getByRole("link", { name: "queued", exact: true }).click();
      await page.getByText("Everything was delivered").waitFor();
      await judged(page, "webhooks-empty");
      const [first, second, third] = await bury(3);
      await page.getByRole("button", { name: "Refresh" }).click();
      await row(page, first).waitFor();
      await judged(page, "webhooks-dead-letters");
      await row(page, first)
        .getByRole("button", { name: new RegExp(first) })
        .first()
        .click();
      await dialogOf(page, "Undelivered event").getByText("content-type: text/plain").waitFor();
      await judged(page, "webhooks-event");
      await page.keyboard.press("Escape");

      await row(page, first)
        .getByRole("button", { name: /^Discard/ })
        .click();
      const discard = alertOf(page, "Discard this event?");
      await discard.waitFor();
      assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "Cancel");
      await judged(page, "webhooks-discard");
      await discard.getByRole("button", { name: "Cancel" }).click();
      assert.ok((await dead()).includes(first));
      await row(page, first)
        .getByRole("button", { name: /^Discard/ })
        .click();
      await discard.getByRole("button", { name: "Discard", exact: true }).dblclick();
      await row(page, first).waitFor({ state: "detached" });
      assert.notEqual(await page.evaluate(() => document.activeElement.localName), "body");
      assert.ok(!(await dead()).includes(first));

      await row(page, second)
        .getByRole("button", { name: /^Send again/ })
        .click();
      // Somebody else is faster.
      await site.rig.manage("POST", `${LETTERS}/${second}/discard`, {});
      await alertOf(page, "Send this event again?").getByRole("button", { name: "Send again" }).click();
      await page.getByText("This event is no longer here").waitFor();
      await page.getByRole("button", { name: "See the list" }).click();
      await row(page, second).waitFor({ state: "detached" });

      await row(page, third)
        .getByRole("button", { name: /^Send again/ })
        .click();
      await alertOf(page, "Send this event again?").getByRole("button", { name: "Send again" }).click();
      await page.getByText("Everything was delivered").waitFor();
      await page.getByRole("link", { name: "Audit log" }).click();
      await page
        .getByRole("listitem")
        .filter({ hasText: `root key sent the event ${third} of queued again` })
        .waitFor();
    });

    site.test("a whole page is sent again, and what failed is told", {}, async (visitor) => {
      const { page } = visitor;
      await bury(4);
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

    site.test("a delivered event is found, and delivered once more when that was confirmed", {}, async (visitor) => {
      const { page } = visitor;
      const kept = await site.rig.remember("queued", { kept: true, event_id: "evt_kept", event_type: "invoice.paid" });
      const failed = await site.rig.remember("queued", { outcome: "failed", status: 503, event_id: "evt_failed" });
      await site.rig.remember("queued", { same_bytes: true, event_id: "evt_marked" });
      await visitor.signIn(ROOT_KEY, "/?page=webhooks");
      await row(page, "queued").getByText("Each event has an id that is signed.").waitFor();
      await row(page, "queued").getByRole("link", { name: "Deliveries of queued" }).click();
      await heading(page, "Deliveries to queued").waitFor();
      await row(page, "evt_marked").getByText("marked as same bytes").waitFor();
      await row(page, kept).getByText("kept until").waitFor();
      assert.equal(await row(page, failed).getByRole("button", { name: /^Replay/ }).count(), 0, "its body is not kept");
      await judged(page, "webhooks-deliveries");

      await page.getByRole("combobox", { name: "Outcome" }).selectOption({ label: "Failed" });
      await row(page, "evt_kept").waitFor({ state: "detached" });
      await row(page, "evt_failed").waitFor();
      await page.getByRole("searchbox", { name: "Type of the event" }).fill("invoice.paid");
      await page.getByRole("button", { name: "Show" }).click();
      await page.getByText("No such delivery").waitFor();
      await page.getByRole("combobox", { name: "Outcome" }).selectOption({ label: "All outcomes" });
      await row(page, "evt_kept").waitFor();
      assert.deepEqual([params(page).event_type, params(page).outcome], ["invoice.paid", undefined]);

      await row(page, "evt_kept").getByRole("button", { name: /^Replay/ }).click();
      const confirm = alertOf(page, "Deliver this event once more?");
      await confirm.waitFor();
      await judged(page, "webhooks-replay");
      await confirm.getByRole("button", { name: "Cancel" }).click();
      const events = async () =>
        (await site.rig.manage("GET", "/v1/webhooks/queued/deliveries?event_id=evt_kept")).body.deliveries;
      assert.equal((await events())[0].replayed_at, null);
      await row(page, "evt_kept").getByRole("button", { name: /^Replay/ }).click();
      await confirm.getByRole("button", { name: "Replay", exact: true }).dblclick();
      await row(page, "evt_kept").getByText(/^replayed/).waitFor();
      assert.ok((await events())[0].replayed_at);
      await page.getByRole("button", { name: "Undelivered" }).click();
      await heading(page, "Undelivered events of queued").waitFor();
      await page.getByRole("link", { name: "Audit log" }).click();
      await page
        .getByRole("listitem")
        .filter({ hasText: `root key had the event ${kept} of queued delivered once more` })
        .waitFor();
    });

    site.test("who may not change them sees no buttons", {}, async (visitor) => {
      const { page } = visitor;
      const [id] = await bury(1);
      const { key } = await operatorOf({ name: "On call", tenant: "*", scopes: ["webhooks:read"] });
      await visitor.signIn(key);
      await heading(page, "Webhooks").waitFor();
      assert.deepEqual(await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allTextContents(), [
        "Webhooks",
        "Debugger",
      ]);
      await page.getByRole("link", { name: "queued", exact: true }).click();
      await row(page, id).waitFor();
      assert.equal(await page.getByRole("button", { name: /Send|Discard/ }).count(), 0);
    });

    site.test("a secret that a sender told is shown once", {}, async (visitor) => {
      const { page } = visitor;
      const id = await site.rig.tell("queued");
      await visitor.signIn(ROOT_KEY, "/?page=webhooks&source=queued");
      await page.getByText("Anyone could have sent it").waitFor();
      await judged(page, "webhooks-told");
      await page.getByRole("button", { name: new RegExp(`^Show once.*${id}`) }).click();
      const question = alertOf(page, "Show this secret?");
      await question.waitFor();
      await judged(page, "webhooks-reveal");
      await question.getByRole("button", { name: "Show once" }).click();
      const revealed = dialogOf(page, "The secret that was told");
      await revealed.getByText("secret_1", { exact: true }).waitFor();
      await judged(page, "webhooks-revealed");
      await revealed.getByRole("button", { name: "Done" }).click();
      await page.getByRole("row").filter({ hasText: "Shown" }).waitFor();
      assert.equal(await page.getByText("secret_1", { exact: true }).count(), 0);
      assert.equal(await page.getByRole("button", { name: /^Show once/ }).count(), 0);
    });

    site.test("who may only list is told of a secret, and can't see it", {}, async (visitor) => {
      const { page } = visitor;
      await site.rig.tell("queued");
      const { key } = await operatorOf({ name: "Reader", tenant: "*", scopes: ["webhooks:read"] });
      await visitor.signIn(key, "/?page=webhooks&source=queued");
      await page.getByText("Anyone could have sent it").waitFor();
      assert.equal(await page.getByRole("button", { name: /^Show once/ }).count(), 0);
      await site.rig.hooksHandle("__object/DEAD_LETTERS/queued/__sql", "DELETE FROM handshakes");
    });
  });
});
