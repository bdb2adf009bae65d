// For everyone: with a keyboard, with a screen reader, on a phone, in the dark.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { HOME, PASSWORD, logIn, newEmail, register, screenshot, shows, view, withPage } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The rules of WCAG 2.2, A and AA, that a program can check. */
async function check(page, where) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  assert.deepEqual(found, [], where);
  assert.ok(passes.length > 10, "the rules were applied");
}

const DEVICES = [
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
  ["dark", 390],
  ["light", 320],
];

for (const [colorScheme, width] of DEVICES) {
  test(`every view keeps the rules, ${colorScheme}, ${width} pixels wide`, () =>
    withPage(
      async (page) => {
        const look = async (name) => {
          const where = `${name}-${colorScheme}-${width}`;
          await check(page, where);
          await screenshot(page, where);
          const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(overflow <= 0, `${where} is ${overflow} pixels too wide`);
        };
        await look("log-in");
        await logIn(page, newEmail(), "wrong wrong wrong");
        await view(page, "log-in").getByRole("alert").waitFor();
        await look("refused");
        await page.getByRole("link", { name: "Create an account" }).click();
        await page.locator("#register-password").fill("quiet tides");
        await look("register");
        await page.getByRole("link", { name: "Log in" }).first().click();
        await register(page);
        await look("profile");
        await page.getByRole("link", { name: "Sessions" }).click();
        await page.locator("#session-list li").waitFor();
        await look("sessions");
        await page.getByRole("button", { name: "Log out everywhere" }).click();
        await page.getByRole("dialog").waitFor();
        await check(page, "dialog");
        await page.keyboard.press("Escape");
        await page.getByRole("link", { name: "Password" }).click();
        await look("password");
        await page.goto(`${HOME}/docs`);
        await look("docs");
      },
      { colorScheme, viewport: { width, height: 860 }, bypassCSP: true },
    ));
}

test("on a small screen too, the page begins at its beginning", () =>
  withPage(
    async (page) => {
      for (const url of [HOME, `${HOME}/#register`]) {
        await page.goto(url);
        await page.locator("h1:visible").waitFor();
        assert.equal(await page.evaluate(() => scrollY), 0, url);
      }
    },
    { viewport: { width: 844, height: 390 } },
  ));

test("a keyboard alone is enough", () =>
  withPage(async (page) => {
    const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
    const email = await register(page);
    await page.getByRole("button", { name: "Log out" }).click();
    await shows(page, "log-in");

    await page.reload();
    await shows(page, "log-in");
    await press("Tab");
    assert.equal(await focused(), "Skip to content");
    await press("Enter");
    assert.equal(await focused(), "content");
    await press("Tab");
    assert.equal(await focused(), "log-in-email");
    await page.keyboard.type(email);
    await press("Tab");
    await page.keyboard.type(PASSWORD);
    await press("Tab");
    assert.equal(await focused(), "Show");
    await press("Space");
    assert.equal(await page.locator("#log-in-password").getAttribute("type"), "text");
    await press("Space");
    assert.equal(await page.locator("#log-in-password").getAttribute("type"), "password");
    await press("Tab", "Enter");
    await shows(page, "profile");
    assert.equal(await focused(), "profile-title", "a new view is read from its heading");
    // Every stop on the way shows that it has the focus.
    for (let stop = 0; stop < 12; stop++) {
      await press("Tab");
      const isSeen = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return document.activeElement === document.body || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2);
      });
      assert.ok(isSeen, await focused());
    }
  }));

test("password managers find their fields, and pasting is allowed", () =>
  withPage(async (page) => {
    const fields = async (name) =>
      view(page, name).locator("input").evaluateAll((inputs) => inputs.map((input) => `${input.name} ${input.autocomplete}`));
    assert.deepEqual(await fields("log-in"), ["email username", "password current-password"]);
    assert.deepEqual(await fields("register"), ["name name", "email username", "password new-password"]);
    const change = ["email username", "current_password current-password", "new_password new-password"];
    assert.deepEqual(await fields("password"), change);
    const input = page.locator("#log-in-password");
    await input.focus();
    await page.evaluate(() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "x");
      const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
      window.pasted = document.activeElement.dispatchEvent(event);
    });
    assert.equal(await page.evaluate(() => window.pasted), true, "nobody prevents it");
  }));
