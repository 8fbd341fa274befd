// What operators take along as files: a tenant's backup, and uses for billing. The audit log is in operators.test.mjs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe } from "node:test";

import { ExportFile } from "../../packages/cli/src/commands/export_file.mjs";
import { ROOT_KEY } from "../support/rig.mjs";
import { Site } from "./browser.mjs";
import { heading } from "./finding.mjs";
import { judged, settled } from "./looks.mjs";

const HOUR = 3_600_000;

describe("exports of the dashboard", () => {
  const site = new Site("exports");
  const downloaded = async (page, button) => {
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: button }).click();
    const file = await download;
    return { name: file.suggestedFilename(), path: await file.path() };
  };

  site.test("a tenant's backup is whole, and has no key", {}, async (visitor) => {
    const { page } = visitor;
    const keys = [];
    for (let made = 0; made < 3; made += 1) keys.push(await site.rig.create("backed-up", { name: `ü ${made}` }));
    await visitor.signIn(ROOT_KEY, "/?page=tenant&tenant=backed-up");
    const { name, path } = await downloaded(page, "Export the tenant");
    assert.match(name, /^backup-backed-up-\d{4}-\d\d-\d\d\.ndjson$/);
    const file = await ExportFile.open(path);
    file.close();
    assert.deepEqual(file.exports.map(({ tenant, keys: count }) => [tenant, count]), [["backed-up", 3]]);
    for (const { key } of keys) assert.ok(!readFileSync(path, "utf8").includes(key));
    await page.getByText(/lines saved/).first().waitFor();
    await settled(page);
    await judged(page, "tenant-exports");
  });

  site.test("an answer that is cut is no backup", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("cut");
    await visitor.signIn(ROOT_KEY, "/?page=tenant&tenant=cut");
    await page.route("**/v1/tenants/cut/export", async (route) => {
      const whole = await (await route.fetch()).text();
      await route.fulfill({ body: whole.slice(0, whole.indexOf('{"end":')) });
    });
    const downloads = [];
    page.on("download", (download) => downloads.push(download));
    await page.getByRole("button", { name: "Export the tenant" }).click();
    await page.getByText("ended before its last line came. Nothing was saved.").first().waitFor();
    assert.equal(downloads.length, 0);
  });

  site.test("uses for billing are exported by month, of a tenant and of all", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("billed");
    const endOf = (path) => JSON.parse(readFileSync(path, "utf8").trimEnd().split("\n").at(-1));
    await visitor.signIn(ROOT_KEY, "/?page=tenant&tenant=billed");
    const months = page.getByRole("combobox", { name: "Month" });
    const month = await months.inputValue();
    const one = await downloaded(page, "Export uses");
    assert.equal(one.name, `uses-billed-${month}.ndjson`);
    const { end, signature } = endOf(one.path);
    assert.equal(end.from, `${month}-01T00:00:00.000Z`);
    const closed = Date.now() - 2 * HOUR;
    assert.ok(Date.parse(end.to) <= closed && Date.parse(end.to) > Date.parse(end.from));
    assert.match(signature, /^[\w-]{43}$/);
    await page.goto("/?page=tenants");
    await page.getByRole("heading", { name: "Uses for billing" }).waitFor();
    const offered = await months.getByRole("option").all();
    for (const each of offered) {
      await months.selectOption(await each.getAttribute("value"));
      const all = await downloaded(page, "Export uses");
      assert.match(all.name, /^uses-all-\d{4}-\d\d\.ndjson$/);
      assert.equal(endOf(all.path).end.next, null);
    }
    await settled(page);
    await judged(page, "tenants-billing");
  });

  site.test("who may not export sees no backup", {}, async (visitor) => {
    const { page } = visitor;
    await site.rig.create("own");
    const { key } = await site.rig.operator("own", ["keys:read"]);
    await visitor.signIn(key, "/?page=tenant");
    await heading(page, "own").waitFor();
    await page.getByRole("heading", { name: "Uses for billing" }).waitFor();
    assert.equal(await page.getByRole("heading", { name: "Backup" }).count(), 0);
  });
});
