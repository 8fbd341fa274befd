// Endpoints for events in the dashboard, as operators use them. The receiver is a server on this machine.

import assert from "node:assert/strict";
import { after, afterEach, before, describe } from "node:test";

import { ALLOW_LOOPBACK, signers, startReceiver } from "../support/receiver.mjs";
import { eventually, ROOT_KEY } from "../support/rig.mjs";
import { Site } from "./browser.mjs";
import { alertOf, dialogOf, heading, params, row, sent } from "./finding.mjs";
import { judged, settled } from "./looks.mjs";

const listOf = (tenant) => `/v1/tenants/${tenant}/event-endpoints`;
const DEPLOYMENT = "/v1/event-endpoints";
const EVENTS = "/?page=events";

describe("the dashboard's page of events", () => {
  let receiver;
  const site = new Site("events", { settings: ALLOW_LOOPBACK });
  before(async () => {
    receiver = await startReceiver();
  });
  after(() => receiver.close());
  afterEach(() => {
    receiver.answer = () => 204;
    return site.rig.router("ok");
  });

  /** An endpoint of a tenant, whose path says its name. */
  const make = async (name, fields = {}) => {
    const { body, text } = await site.rig.manage("POST", listOf(name), { url: receiver.url(`/${name}`), ...fields });
    assert.ok(body.id, text);
    return body;
  };
  const shown = async (tenant, { id }) => (await site.rig.manage("GET", `${listOf(tenant)}/${id}`)).body;
  const at = (tenant, { id }) => `${EVENTS}&tenant=${tenant}&endpoint=${id}`;
  const act = async (page, button, item) => {
    await page.getByRole("button", { name: button }).click();
    await page.getByRole("menuitem", { name: item, exact: true }).click();
  };
  const arrives = (path, count) =>
    eventually(() => (assert.equal(receiver.at(path).length, count), receiver.at(path)), { within: 20_000 });

  site.test("one of the deployment is made, its secret is shown once, and signs the events of all tenants", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, EVENTS);
    await page.getByText("No endpoint", { exact: true }).waitFor();
    await settled(page);
    await judged(page, "events-none");
    await page.getByRole("button", { name: "New endpoint" }).click();
    const form = dialogOf(page, "New endpoint");
    await form.getByLabel("Address").fill("https://10.0.0.1/events");
    await form.getByRole("radio", { name: /Only some/ }).check();
    const create = form.getByRole("button", { name: "Create endpoint" });
    await eventually(async () => assert.equal(await create.getAttribute("aria-disabled"), "true", "some, but none chosen"));
    for (const type of ["key.revoked", "key.created"]) await form.getByRole("checkbox", { name: type }).check();
    await create.click();
    await eventually(async () => assert.equal(await form.getByLabel("Address").getAttribute("aria-invalid"), "true"));
    await judged(page, "events-new");
    const bodies = sent(page, "POST", "/event-endpoints");
    await form.getByLabel("Address").fill(receiver.url("/all"));
    await form.getByLabel("Description").fill("Billing");
    await create.dblclick();
    const once = dialogOf(page, "Save this secret now");
    const secret = (await once.getByRole("textbox", { name: "the secret" }).textContent()).trim();
    await judged(page, "events-secret");
    await page.keyboard.press("Escape");
    await once.getByRole("button", { name: "Done" }).click();
    await once.getByText("wasn’t copied here").waitFor();
    await once.getByRole("button", { name: "Copy: the secret" }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), secret);
    await once.getByRole("button", { name: "Done" }).click();
    await once.waitFor({ state: "hidden" });
    assert.ok(!(await page.content()).includes(secret));
    assert.equal(bodies.length, 1, "a double click made one");
    await row(page, receiver.url("/all")).getByText("Billing").waitFor();

    const key = await site.rig.create("acme");
    await site.rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/disable`, {});
    await site.rig.manage("POST", `/v1/tenants/acme/keys/${key.id}/revoke`, {});
    const arrived = await arrives("/all", 2);
    assert.deepEqual(arrived.map(({ body }) => body.type), ["key.created", "key.revoked"]);
    for (const each of arrived) assert.deepEqual(signers(each, [secret]), [0]);
    await page.getByRole("button", { name: "Refresh" }).click();
    await row(page, receiver.url("/all")).getByText(/ago|now/).waitFor();
    await settled(page);
    await judged(page, "events-list");
  });

  site.test("a test event shows the answer's status and how long it took", {}, async (visitor) => {
    const { page } = visitor;
    const endpoint = await make("tested");
    await visitor.signIn(ROOT_KEY, at("tested", endpoint));
    await page.getByText("Nothing was sent yet").waitFor();
    await page.getByRole("button", { name: "Send a test event" }).click();
    const dialog = dialogOf(page, "Send a test event");
    await dialog.getByRole("button", { name: "Send it" }).click();
    await dialog.getByText("Delivered", { exact: true }).waitFor();
    await dialog.getByText("204").waitFor();
    await dialog.getByText(/^[\d.]+ (ms|sec)$/).waitFor();
    receiver.answer = () => ({ status: 302, headers: { Location: receiver.url("/elsewhere") } });
    await dialog.getByRole("button", { name: "Send another" }).click();
    await dialog.getByText(/^Redirects are not followed/).waitFor();
    await judged(page, "events-test");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    const table = page.getByRole("table", { name: "Attempts" });
    await table.getByText("Redirected").waitFor();
    assert.equal(await table.getByText("endpoint.test").count(), 2);
    assert.deepEqual(receiver.at("/elsewhere"), []);
  });

  site.test("what failed is seen attempt by attempt, and what is not wanted any more is sent again or discarded", {}, async (visitor) => {
    const { page } = visitor;
    const endpoint = await make("gone");
    receiver.answer = () => 410;
    const first = await site.rig.create("gone");
    await eventually(async () => assert.equal((await shown("gone", endpoint)).status, "disabled"));
    for (let made = 0; made < 3; made += 1) await site.rig.create("gone");
    await eventually(async () => assert.equal((await shown("gone", endpoint)).state.dead_letters, 4));

    await visitor.signIn(ROOT_KEY, `${EVENTS}&tenant=gone`);
    await row(page, receiver.url("/gone")).getByText("Disabled").waitFor();
    await row(page, receiver.url("/gone")).getByRole("link", { name: /^4/ }).click();
    await heading(page, receiver.url("/gone")).waitFor();
    const table = page.getByRole("table", { name: "Undelivered events" });
    await table.getByText("The endpoint was disabled").first().waitFor();
    await settled(page);
    await judged(page, "events-undelivered");
    assert.equal(await table.getByRole("link", { name: "The key" }).count(), 4);

    const rows = table.getByRole("row");
    await rows.last().getByRole("link", { name: /^Attempts/ }).click();
    const attempts = page.getByRole("table", { name: "Attempts" });
    await attempts.getByText("410", { exact: true }).waitFor();
    assert.match(params(page).event, /^evt_/);
    await settled(page);
    await judged(page, "events-attempts");
    await page.goBack();

    await rows.nth(1).getByRole("button", { name: /^Discard/ }).click();
    await judged(page, "events-discard");
    await alertOf(page, "Discard this event?").getByRole("button", { name: "Discard" }).click();
    await eventually(async () => assert.equal(await rows.count(), 4));
    receiver.answer = () => 204;
    await page.getByRole("button", { name: "Make it active" }).click();
    await alertOf(page, "Send to this endpoint again?").getByRole("button", { name: "Make active" }).click();
    await page.getByRole("button", { name: "Make it active" }).waitFor({ state: "hidden" });
    const before = receiver.at("/gone").length;
    await rows.last().getByRole("button", { name: /^Send again/ }).click();
    await alertOf(page, "Send this event again?").getByRole("button", { name: "Send again" }).click();
    const again = await arrives("/gone", before + 1);
    assert.equal(again.at(-1).body.data.key.id, first.id);
    await page.getByRole("button", { name: "Send all again" }).click();
    await alertOf(page, "Send all undelivered events again?").getByRole("button", { name: "Send all again" }).click();
    await arrives("/gone", before + 3);
    await page.getByText("Everything was delivered").waitFor();

    await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Audit log" }).click();
    await page.goto("/?page=audit&tenant=gone");
    for (const sentence of ["created the endpoint", "discarded the event", "made the endpoint", "sent 2 undelivered events"]) {
      await page.getByText(sentence).first().waitFor();
    }
  });

  site.test("it is paused, changed, given another secret, and deleted", {}, async (visitor) => {
    const { page } = visitor;
    const endpoint = await make("changed", { description: "<b>First</b>" });
    await visitor.signIn(ROOT_KEY, `${EVENTS}&tenant=changed`);
    const line = row(page, receiver.url("/changed"));
    await line.getByText("<b>First</b>").waitFor();
    const menu = /^Actions of http/;
    await act(page, menu, "Pause");
    await judged(page, "events-pause");
    await alertOf(page, "Pause this endpoint?").getByRole("button", { name: "Pause" }).click();
    await line.getByText("Paused").waitFor();
    await site.rig.create("changed");
    await eventually(async () => assert.equal((await shown("changed", endpoint)).state.waiting, 1));
    assert.equal(receiver.at("/changed").length, 0);

    await act(page, menu, "Rotate the secret");
    const rotation = dialogOf(page, "Rotate the secret");
    assert.equal(await rotation.getByLabel(/The old one signs/).inputValue(), "86400");
    await judged(page, "events-rotate");
    await rotation.getByRole("button", { name: "Rotate", exact: true }).click();
    const once = dialogOf(page, "Save this secret now");
    const secret = (await once.getByRole("textbox", { name: "the secret" }).textContent()).trim();
    await once.getByText(/Until .* two signatures/).waitFor();
    await once.getByRole("button", { name: "Done" }).click();
    await once.getByRole("button", { name: "Close, I have it" }).click();

    await act(page, menu, "Edit");
    const form = dialogOf(page, "Edit this endpoint");
    await form.getByRole("radio", { name: /Only some/ }).check();
    await form.getByRole("checkbox", { name: "key.created" }).check();
    const patches = sent(page, "PATCH", endpoint.id);
    await judged(page, "events-edit");
    await form.getByRole("button", { name: "Save" }).click();
    await line.getByText("key.created").waitFor();
    assert.deepEqual(patches, [{ types: ["key.created"] }], "only what was changed");

    await act(page, menu, "Make active");
    await alertOf(page, "Send to this endpoint again?").getByRole("button", { name: "Make active" }).click();
    const [arrival] = await arrives("/changed", 1);
    assert.deepEqual(signers(arrival, [secret, endpoint.secret]), [0, 1]);

    await page.goto(at("changed", endpoint));
    await heading(page, receiver.url("/changed")).waitFor();
    await settled(page);
    await judged(page, "events-endpoint");
    await act(page, "Actions of this endpoint", "Delete");
    await judged(page, "events-delete");
    const dialog = alertOf(page, "Delete this endpoint?");
    assert.equal(await dialog.getByRole("button", { name: "Cancel" }).evaluate((button) => button === document.activeElement), true);
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByText("No endpoint", { exact: true }).waitFor();
    assert.deepEqual(params(page), { page: "events", tenant: "changed" });
    assert.deepEqual((await site.rig.manage("GET", listOf("changed"))).body.endpoints, []);
  });

  site.test("two people edit one at a time: the second sees what the first did", {}, async (visitor) => {
    const { page } = visitor;
    const endpoint = await make("two");
    await visitor.signIn(ROOT_KEY, at("two", endpoint));
    await act(page, "Actions of this endpoint", "Edit");
    const form = dialogOf(page, "Edit this endpoint");
    await form.getByLabel("Description").fill("Mine");
    await site.rig.manage("PATCH", `${listOf("two")}/${endpoint.id}`, { description: "Theirs", types: ["key.exposed"] });
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("“Theirs”").waitFor();
    await judged(page, "events-overtaken");
    await form.getByRole("button", { name: "Save mine" }).click();
    await page.getByText("Mine").waitFor();
    const { description, types } = await shown("two", endpoint);
    assert.deepEqual([description, types], ["Mine", ["key.exposed"]], "what the first changed stays");
  });

  site.test("a key pair's public key is shown whenever it is wanted", {}, async (visitor) => {
    const { page } = visitor;
    await visitor.signIn(ROOT_KEY, `${EVENTS}&tenant=pair`);
    await page.getByRole("button", { name: "New endpoint" }).click();
    const form = dialogOf(page, "New endpoint");
    await form.getByLabel("Address").fill(receiver.url("/pair"));
    await form.getByRole("radio", { name: /By a key pair/ }).check();
    await form.getByRole("button", { name: "Create endpoint" }).click();
    const made = dialogOf(page, "The endpoint is there");
    const key = (await made.getByRole("textbox", { name: "the public key" }).textContent()).trim();
    assert.match(key, /^whpk_/);
    await made.getByRole("button", { name: "Close" }).last().click();
    await page.getByRole("link", { name: receiver.url("/pair") }).click();
    await page.getByText(key).waitFor();
    await page.getByRole("button", { name: "Send a test event" }).click();
    await dialogOf(page, "Send a test event").getByRole("button", { name: "Send it" }).click();
    const [arrival] = await arrives("/pair", 1);
    assert.deepEqual(signers(arrival, [key]), [0]);
  });

  site.test("a change that the sender hasn't heard of is recorded, and the page says so", { allowed: [/status of 503/] }, async (visitor) => {
    const { page } = visitor;
    const endpoint = await make("silent");
    await visitor.signIn(ROOT_KEY, at("silent", endpoint));
    await heading(page, receiver.url("/silent")).waitFor();
    await site.rig.router("down");
    await act(page, "Actions of this endpoint", "Pause");
    await alertOf(page, "Pause this endpoint?").getByRole("button", { name: "Pause" }).click();
    await page.getByText("A change has yet to reach the worker that sends events.").waitFor();
    await page.getByText("It is paused.").waitFor();
    await site.rig.router("ok");
    await eventually(async () => assert.equal((await shown("silent", endpoint)).pending, false), { within: 20_000 });
  });

  site.test("who sees it: what an operator may, of its own tenant", {}, async (visitor) => {
    const { page } = visitor;
    await make("theirs");
    await site.rig.manage("POST", DEPLOYMENT, { url: receiver.url("/not-theirs") });
    const { key } = await site.rig.operator("theirs", ["keys:read", "events:read"]);
    await visitor.signIn(key, EVENTS);
    await page.getByRole("link", { name: receiver.url("/theirs") }).waitFor();
    assert.equal(await page.getByText("not-theirs").count(), 0);
    assert.equal(await page.getByRole("button", { name: /New endpoint|Actions|Of a tenant/ }).count(), 0, "it only reads");
    await page.getByRole("link", { name: receiver.url("/theirs") }).click();
    await heading(page, receiver.url("/theirs")).waitFor();
    assert.equal(await page.getByRole("button", { name: /test event|Actions/ }).count(), 0);
    await page.goto(`${EVENTS}&tenant=gone`);
    await heading(page, "Events of theirs").waitFor();

    const other = await site.visitor();
    const without = await site.rig.operator("theirs", ["keys:read"]);
    await other.signIn(without.key, "/?page=tenant");
    await other.page.getByRole("link", { name: "Keys" }).first().waitFor();
    assert.equal(await other.page.getByRole("link", { name: "Events" }).count(), 0);
    await other.close();
  });

  site.test("the way to a tenant's endpoints leads over its page or its name", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("found");
    await visitor.signIn(ROOT_KEY, "/?page=tenant&tenant=found");
    await page.getByRole("main").getByRole("link", { name: "Events" }).click();
    await heading(page, "Events of found").waitFor();
    await page.getByRole("link", { name: "Of the deployment" }).click();
    await heading(page, "Events").waitFor();
    await page.getByRole("button", { name: "Of a tenant" }).click();
    await dialogOf(page, "Whose endpoints?").getByRole("searchbox").fill("found");
    await dialogOf(page, "Whose endpoints?").getByRole("link", { name: "found" }).click();
    await heading(page, "Events of found").waitFor();
  });
});
