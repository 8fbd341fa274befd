// Keys that need somebody: found where they don't belong, or due for rotation.

import assert from "node:assert/strict";
import { describe } from "node:test";

import { ROOT_KEY } from "../support/rig.mjs";
import { Site } from "./browser.mjs";
import { alertOf, heading, params, row } from "./finding.mjs";
import { judged, settled } from "./looks.mjs";

const FOUND_AT = "https://git.example.org/acme/app/blob/main/.env";

describe("keys that need somebody", () => {
  const site = new Site("watched", { settings: { "[usage]": '[exposure]\noperator = "notify"\n\n[usage]' } });

  site.test("a leaked one is marked, and its page says where it was found and what to do", {}, async (visitor) => {
    const { page } = visitor;
    const leaked = await site.rig.create("acme", { name: "Deploy bot" });
    await site.rig.create("acme", { name: "Another" });
    const report = [{ token: leaked.key, url: FOUND_AT, source: "commit" }];
    const reported = await site.rig.manage("POST", "/v1/exposures", report);
    assert.equal(reported.status, 200, reported.text);
    await visitor.signIn(ROOT_KEY, "/?page=keys&tenant=acme");
    await row(page, "Deploy bot").getByText("Leaked").waitFor();
    assert.equal(await row(page, "Another").getByText("Leaked").count(), 0);
    await settled(page);
    await judged(page, "keys-leaked");
    await page.getByRole("link", { name: "Deploy bot" }).click();
    await heading(page, /Deploy bot/).waitFor();
    await page.getByText(FOUND_AT).first().waitFor();
    assert.equal(await page.getByRole("link", { name: FOUND_AT }).count(), 0, "the address is a stranger's");
    await page.getByText("It still works.").waitFor();
    await settled(page);
    await judged(page, "key-leaked");
    await page.getByRole("main").getByRole("button", { name: "Revoke" }).click();
    await alertOf(page, /Revoke/).getByRole("button", { name: "Revoke", exact: true }).click();
    await page.keyboard.press("Escape");
    await page.getByText("It still works.").waitFor({ state: "hidden" });
    await page.goto("/?page=audit&tenant=acme");
    await page.getByText("as found where it doesn’t belong").waitFor();
    await page.getByText("commit", { exact: true }).waitFor();
  });

  site.test("where keys have no age to be rotated at, the filter says which setting gives them one", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("acme", { name: "Ageless" });
    await visitor.signIn(ROOT_KEY, "/?page=keys&tenant=acme");
    await page.getByRole("combobox", { name: "Keys to look after" }).selectOption({ label: "Due for rotation" });
    await page.getByText("No key is ever due for rotation").waitFor();
    assert.equal(params(page).rotation_due, "true");
    await settled(page);
    await judged(page, "keys-never-due");
    await page.getByRole("button", { name: "Clear the search" }).click();
    await row(page, "Ageless").waitFor();
  });
});

describe("keys that are due for rotation", () => {
  const site = new Site("due", { settings: { "[keys]": "[keys]\nrotate_after_days = 30" } });

  site.test("the list can have them alone", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("acme", { name: "Young" });
    await visitor.signIn(ROOT_KEY, "/?page=keys&tenant=acme&rotation_due=true");
    await page.getByText("No key fits the search").waitFor();
    assert.equal(await page.getByRole("combobox", { name: "Keys to look after" }).inputValue(), "rotation_due");
    await page.getByRole("combobox", { name: "Keys to look after" }).selectOption({ label: "Any use and expiry" });
    await row(page, "Young").waitFor();
  });
});
