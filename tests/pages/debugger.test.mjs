// The debugger of signatures: its engine in a real browser, under the policy that it is served with.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe } from "node:test";

import { Site } from "./browser.mjs";
import { fitsNarrow, judged, pictures, settled } from "./looks.mjs";

const SECRET = "a secret that nobody sees";
const seconds = () => Math.floor(Date.now() / 1000);
const hmac = (secret, message) => createHmac("sha256", secret).update(message).digest("hex");
const github = (body, secret = SECRET) => `content-type: application/json\nx-hub-signature-256: sha256=${hmac(secret, body)}`;

/** Opens the page, with its engine. */
async function open(page) {
  await page.goto("/debugger");
  await page.getByRole("combobox", { name: "Provider" }).waitFor();
}

async function choose(page, name) {
  const box = page.getByRole("combobox", { name: "Provider" });
  await box.fill(name);
  await page.getByRole("option").first().click();
}

const headers = (page) => page.getByLabel("Headers", { exact: true });
const body = (page) => page.getByLabel("The body as text");
const secret = (page) => page.getByLabel("Secret", { exact: true });
const verdict = (page) => page.getByRole("region", { name: "The verdict" });
const says = (page, text) => verdict(page).getByText(text).first().waitFor();

describe("the debugger of signatures", () => {
  const site = new Site("debugger");

  site.test("a delivery is verified as it is typed, and a cause is proved", {}, async ({ page }) => {
    await open(page);
    await headers(page).fill(github('{"a":1}'));
    await page.getByRole("button", { name: "GitHub", exact: true }).click();
    await body(page).fill('{"a":1}\n');
    await says(page, "Still needed for a verdict:");
    await secret(page).fill(SECRET);
    await says(page, "The sender signed the body without the line feed at its end.");
    await says(page, /at byte 7: 0a \(line feed\) here, the end where it was signed/);
    await says(page, "Proved: with this change the delivery is genuine.");
    await body(page).fill('{"a":1}');
    await says(page, "Secret 1 matches.");
    await body(page).fill('{"a":2}');
    await says(page, /Most likely it was made with another secret/);
    assert.equal(new URL(page.url()).search + new URL(page.url()).hash, "");
    const kept = await page.evaluate(async () => [localStorage.length, sessionStorage.length, (await caches.keys()).length, document.cookie]);
    assert.deepEqual(kept, [0, 0, 0, ""]);
  });

  site.test("the page asks for its own files alone", {}, async ({ page }) => {
    const asked = [];
    page.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await open(page);
    await page.getByRole("button", { name: "A body that was parsed and written again" }).click();
    await says(page, "Proved: with this change the delivery is genuine.");
    await page.getByRole("button", { name: "Sign a sample" }).click();
    await page.getByText("curl -X POST").waitFor();
    for (const request of asked) assert.match(request, /^GET \/(debugger|debugger-engine\.json|icon\.svg|assets\/[\w.-]+)$/);
  });

  site.test("a whole request is taken from curl, and a report has no secret in it", {}, async ({ page }) => {
    await open(page);
    const sent = `{"name":"it's"}`;
    const at = seconds();
    const signature = hmac(SECRET, `${at}.${sent}`);
    await choose(page, "Stripe");
    await headers(page).fill(
      `curl -X POST https://example.com/in -H 'Stripe-Signature: t=${at},v1=${signature}' --data-raw $'{"name":"it\\'s"}'`,
    );
    await page.getByText("1 header read from curl, and the body, the URL").waitFor();
    assert.equal(await body(page).inputValue(), sent);
    await secret(page).fill(` ${SECRET}`);
    await says(page, "The secret has white space around it that doesn't belong to it.");
    await page.getByRole("button", { name: /Copy a report/ }).click();
    await page.getByText("Copied").first().waitFor();
    const report = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(report, /SECRET_SPACE/);
    for (const part of [SECRET, sent, signature]) assert.ok(!report.includes(part), report);
  });

  site.test("a scheme of one's own is read, and its mistakes are told", {}, async ({ page }) => {
    await open(page);
    await page.getByLabel("Own scheme").check();
    const scheme = page.getByLabel("Scheme, in TOML or JSON");
    await scheme.fill('signature = "header:x-sig"\nalgorithm = "hmac-sha256"\nencoding = "hax"');
    await page.getByText(/encoding/).last().waitFor();
    await scheme.fill('signature = "header:x-sig"\nalgorithm = "hmac-sha256"\nencoding = "hex"\nmessage = "{url}{body}"');
    await page.getByLabel("URL", { exact: true }).fill("http://hooks.example.com/in");
    await headers(page).fill(`X_SIG: ${hmac(SECRET, "https://hooks.example.com/in{}")}`);
    await body(page).fill("{}");
    await secret(page).fill(SECRET);
    await says(page, "https://hooks.example.com/in");
    await says(page, "Proved: with this change the delivery is genuine.");
  });

  site.test("bytes that a text box can't hold come from a file, from hex and from base64", {}, async ({ page }) => {
    await open(page);
    const bytes = Buffer.from("a\r\nb\0\xff", "latin1");
    await choose(page, "GitHub");
    await headers(page).fill(`${github(bytes)}\ncontent-length: 7`);
    await secret(page).fill(SECRET);
    await page.locator("input[type=file]").setInputFiles({ name: "body.bin", mimeType: "application/octet-stream", buffer: bytes });
    await says(page, "Secret 1 matches.");
    await page.getByText("6 bytes; Content-Length says 7: 1 are missing").waitFor();
    await page.getByRole("button", { name: "Remove the file" }).click();
    await page.getByLabel("Hex", { exact: true }).check();
    await page.getByLabel("The body as hex").fill("610d 0a62 00ff");
    await says(page, "Secret 1 matches.");
    await page.getByLabel("The body as hex").fill("61 0");
    await says(page, "a body that can be read");
    await page.getByLabel("Base64", { exact: true }).check();
    await page.getByLabel("The body as base64").fill(bytes.toString("base64url"));
    await says(page, "Secret 1 matches.");
    const part = verdict(page).getByRole("region", { name: /Part 1/ });
    assert.equal(await part.innerText(), "a\\r\\n\nb\\0\\xff");
    await verdict(page).getByRole("button", { name: /in hex/ }).click();
    assert.equal(await part.innerText(), "61 0d 0a 62 00 ff");
  });

  site.test("an old delivery is genuine but late, and can be checked for when it arrived", {}, async ({ page }) => {
    await open(page);
    const at = seconds() - 7200;
    await choose(page, "Stripe");
    await headers(page).fill(`stripe-signature: t=${at},v1=${hmac(SECRET, `${at}.{}`)}`);
    await body(page).fill("{}");
    await secret(page).fill(SECRET);
    await says(page, /It was made 2 hours.* before the time of this check, and 5 minutes are allowed/);
    await page.getByRole("button", { name: "Check as if it arrived when it was signed" }).click();
    await says(page, "Secret 1 matches.");
  });

  site.test("a sample is genuine, and its command sends what was signed", {}, async ({ page }) => {
    await open(page);
    await choose(page, "Standard Webhooks");
    await page.getByRole("button", { name: "Sign a sample" }).click();
    await page.getByText("The secret is new:").waitFor();
    const command = await page.getByRole("region", { name: "The sample as a curl command" }).innerText();
    await page.getByRole("button", { name: "Look at it above" }).click();
    await says(page, "Secret 1 matches.");
    await page.getByRole("button", { name: "Clear all" }).click();
    await choose(page, "Standard Webhooks");
    await headers(page).fill(command);
    await page.getByText(/and the body, the URL/).waitFor();
  });

  site.test("the keyboard does all of it", {}, async ({ page }) => {
    await open(page);
    const box = page.getByRole("combobox", { name: "Provider" });
    await box.focus();
    await page.keyboard.type("github");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await box.inputValue(), "GitHub");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Escape");
    assert.equal(await box.inputValue(), "GitHub");
    await page.keyboard.press("Tab");
    assert.equal(await headers(page).evaluate((element) => element === document.activeElement), true);
    await page.getByRole("button", { name: "Clear all" }).press("Enter");
    assert.equal(await box.inputValue(), "");
    await page.getByRole("button", { name: "A URL behind a proxy" }).press("Enter");
    await says(page, "Proved: with this change the delivery is genuine.");
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    assert.equal(focused, "The verdict");
  });

  site.test("what was typed is forgotten when the page is left", {}, async ({ page }) => {
    await open(page);
    await headers(page).fill(github("{}"));
    await secret(page).fill(SECRET);
    await page.goto("/icon.svg");
    await page.goBack();
    await page.getByRole("combobox", { name: "Provider" }).waitFor();
    assert.deepEqual([await headers(page).inputValue(), await secret(page).inputValue()], ["", ""]);
    assert.equal(await secret(page).getAttribute("type"), "password");
  });

  site.test("until the engine is built the page says so, and then goes on", {}, async ({ page, context }) => {
    let built = false;
    await context.route("**/debugger-engine.json", (route) => (built ? route.continue() : route.fulfill({ status: 404, body: "{}" })));
    await page.goto("/debugger");
    await page.getByText("The engine is still being compiled.").waitFor();
    built = true;
    await page.getByRole("combobox", { name: "Provider" }).waitFor();
  });

  site.test("an engine that can't be loaded can be asked for again", { allowed: [/status of 500/] }, async ({ page, context }) => {
    let broken = true;
    await context.route("**/debugger-engine.json", (route) => (broken ? route.fulfill({ status: 500, body: "" }) : route.continue()));
    await page.goto("/debugger");
    await page.getByText("The engine could not be loaded: status 500").waitFor();
    broken = false;
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("combobox", { name: "Provider" }).waitFor();
  });

  site.test("an engine that trapped is started anew", {}, async ({ page, context }) => {
    const trap = `
      const engine = onmessage;
      onmessage = (event) => {
        if (event.data.name !== "explain") return engine(event);
        postMessage({ id: event.data.id, error: "The engine stopped: unreachable.", trapped: true });
      };`;
    let served = 0;
    await context.route("**/assets/debugger-engine-*.js", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, body: (await answer.text()) + (served++ === 0 ? trap : "") });
    });
    await open(page);
    await page.getByRole("button", { name: "A genuine delivery, for comparison" }).click();
    await page.getByRole("alert").getByText("The engine stopped: unreachable.").waitFor();
    await secret(page).fill("another secret");
    await says(page, /Most likely it was made with another secret/);
    assert.equal(served, 2);
  });

  site.test("every state is accessible, light and dark, wide and narrow", {}, async ({ page }) => {
    await open(page);
    await settled(page);
    await judged(page, "debugger-empty");
    await page.getByRole("combobox", { name: "Provider" }).fill("s");
    // The list covers the empty box below it, whose colours are judged in the other states.
    await judged(page, "debugger-providers", { judged: [["color-contrast", /^#P\d+-\d+$/]] });
    await page.getByLabel("Own scheme").check();
    await page.getByRole("button", { name: "Begin with an example" }).click();
    await judged(page, "debugger-scheme");
    for (const [button, name] of [
      ["A body that was parsed and written again", "debugger-cause"],
      ["A secret that was copied with its quotes", "debugger-secret"],
      ["A genuine delivery, for comparison", "debugger-genuine"],
    ]) {
      await page.getByRole("button", { name: "Clear all" }).click();
      await page.getByRole("button", { name: button }).click();
      await verdict(page).getByText("Step by step").waitFor();
      await page.getByText(/headers read from/).click();
      await page.getByText("What this secret gives").first().click({ timeout: 1000 }).catch(() => {});
      await page.getByRole("button", { name: "Sign a sample" }).click();
      await page.getByText(/curl -X POST|can't be used|is not written|in quotation marks/).first().waitFor();
      await settled(page);
      await judged(page, name);
    }
    await body(page).fill("another body");
    await says(page, /Most likely it was made with another secret/);
    await settled(page);
    await judged(page, "debugger-hints");
    await page.evaluate(() => document.documentElement.setAttribute("dir", "rtl"));
    await fitsNarrow(page, 320);
    await pictures(page, "debugger-rtl");
  });
});
