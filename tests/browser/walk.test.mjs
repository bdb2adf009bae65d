// What people do on the pages.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HOME, PASSWORD, fill, logIn, newEmail, register, shows, submit, view, withPage } from "./browser.mjs";

test("a stranger registers, is logged in, stays so over a reload, and logs out", () =>
  withPage(async (page) => {
    const email = await register(page);
    assert.equal(await page.locator('dd[data-user="email"]').textContent(), email);
    await page.reload();
    await shows(page, "profile");
    await page.getByRole("button", { name: "Log out" }).click();
    await shows(page, "log-in");
    await page.reload();
    await shows(page, "log-in");
    await logIn(page, email);
    await shows(page, "profile");
  }));

test("a wrong password is told in plain words, and what was typed is kept", () =>
  withPage(async (page) => {
    const email = newEmail();
    await logIn(page, email, "wrong wrong wrong");
    const refusal = view(page, "log-in").getByRole("alert");
    await refusal.waitFor();
    assert.equal(await refusal.textContent(), "The email address or the password is wrong.");
    assert.equal(await view(page, "log-in").locator("[name=email]").inputValue(), email);
    assert.equal(await page.evaluate(() => document.activeElement.name), "password");
    await fill(page, "log-in", { password: "" });
    await view(page, "log-in").locator("[type=submit]").click();
    assert.equal(await page.locator("#log-in-password-error").textContent(), "Enter your password.");
  }));

test("who guesses too often sees a countdown, and may go on when it is over", () =>
  withPage(async (page) => {
    const email = newEmail();
    const button = view(page, "log-in").locator("[type=submit]");
    const refusal = view(page, "log-in").locator(".refusal");
    for (let guess = 0; guess < 8; guess++) {
      await logIn(page, email, "wrong wrong wrong");
      await refusal.filter({ hasText: /wrong|Too many/ }).waitFor();
      if ((await refusal.textContent()).startsWith("Too many")) break;
    }
    assert.match(await refusal.textContent(), /^Too many attempts\. Try again in \d+ seconds?\.$/);
    assert.ok(await button.isDisabled());
    assert.match(await page.locator("#announcement").textContent(), /You can try again in/);
    await refusal.filter({ hasText: "You can try again now." }).waitFor();
    assert.ok(await button.isEnabled());
  }));

test("an address that is taken and a password that is weak are told beside their fields", () =>
  withPage(async (page) => {
    const email = await register(page);
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("link", { name: "Create an account" }).click();
    await submit(page, "register", { name: "Ada", email, password: PASSWORD });
    await view(page, "register").getByRole("alert").filter({ hasText: "There is an account" }).waitFor();
    await submit(page, "register", { name: "Ada", email: newEmail(), password: "short" });
    const error = page.locator("#register-password-error");
    await error.waitFor();
    assert.match(await error.textContent(), /^The password must have at least 15 characters/);
    assert.equal(await page.locator("#register-password").getAttribute("aria-invalid"), "true");
    await submit(page, "register", { name: "Ada", email: "not an address", password: PASSWORD });
    await page.locator("#register-email-error").filter({ hasText: /\w/ }).waitFor();
  }));

test("the hint follows a new password as it is typed", () =>
  withPage(async (page) => {
    await page.getByRole("link", { name: "Create an account" }).click();
    const hint = page.locator("#register-password-hint");
    const after = async (values) => {
      await fill(page, "register", values);
      return hint.textContent();
    };
    assert.match(await hint.textContent(), /^At least 15 characters/);
    assert.equal(await after({ password: "quiet tides" }), "4 more characters.");
    // Two code points that normalization makes one count once, as on the server.
    assert.equal(await after({ password: "e\u0301".repeat(14) }), "One more character.");
    assert.match(await after({ password: "aaaaaaaaaaaaaaaa" }), /repeats itself/);
    assert.match(await after({ name: "Ada Lovelace", password: "adalovelace1234" }), /more than your name/);
    assert.equal(await after({ password: PASSWORD }), "Long enough.");
  }));

test("a name is changed, and shown as it was changed", () =>
  withPage(async (page) => {
    await register(page);
    const name = page.locator("#profile-name");
    await submit(page, "profile", { name: "Ada King" });
    await page.locator("#notice").filter({ hasText: "Saved." }).waitFor();
    assert.equal(await name.inputValue(), "Ada King");
    await name.fill("");
    await view(page, "profile").locator("[type=submit]").click();
    assert.equal(await page.locator("#profile-name-error").textContent(), "Enter your name.");
    // Neither what was wrong nor what was not saved outlives the view.
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByRole("link", { name: "Profile" }).click();
    assert.equal(await page.locator("#profile-name-error").textContent(), "");
    assert.equal(await name.inputValue(), "Ada King");
    await page.reload();
    await shows(page, "profile");
    assert.equal(await name.inputValue(), "Ada King");
  }));

test("what one person typed and did not send is not there for the next", () =>
  withPage(async (page) => {
    await register(page);
    await page.getByRole("link", { name: "Password" }).click();
    await fill(page, "password", { current_password: PASSWORD, new_password: "seven slow rivers meet" });
    await page.getByRole("button", { name: "Log out" }).click();
    await shows(page, "log-in");
    const values = await page.locator("input").evaluateAll((inputs) => inputs.map((input) => input.value).join(""));
    assert.ok(!values.includes("quiet") && !values.includes("rivers"), values);
  }));

test("after the logout nothing of the person is left in the page", () =>
  withPage(async (page) => {
    const email = await register(page);
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.locator("#session-list li").waitFor();
    const there = await page.content();
    assert.ok(there.includes(email) && there.includes("127.0.0.1"), "they were there");
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await shows(page, "log-in");
    const typed = await page.locator("input").evaluateAll((inputs) => inputs.map((input) => input.value).join());
    const left = (await page.content()) + typed;
    for (const trace of [email, "Ada Lovelace", "127.0.0.1"]) assert.ok(!left.includes(trace), trace);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  }));

test("a wait that is told in one view does not lock another", () =>
  withPage(async (page) => {
    await page.route("**/api/auth/login", (route) =>
      route.fulfill({
        status: 429,
        headers: { "Content-Type": "application/problem+json", "Retry-After": "600" },
        body: JSON.stringify({ code: "too_many_attempts", detail: "wait", status: 429 }),
      }),
    );
    await logIn(page, newEmail());
    await view(page, "log-in").getByRole("alert").filter({ hasText: "Try again in" }).waitFor();
    await page.getByRole("link", { name: "Create an account" }).click();
    await page.getByRole("link", { name: "Log in" }).first().click();
    await shows(page, "log-in");
    await page.locator("[data-view=log-in] [type=submit]:enabled").waitFor();
  }));

test("a logout that the server does not hear of is told", () =>
  withPage(async (page) => {
    await register(page);
    await page.route("**/api/auth/logout", (route) => route.abort());
    await page.getByRole("button", { name: "Log out" }).click();
    await shows(page, "log-in");
    assert.match(await page.locator("#notice").textContent(), /^You are logged out here, but the server could not be told/);
    await page.reload();
    await shows(page, "log-in");
  }));

test("a session ended elsewhere is gone here, and the page says so", () =>
  withPage(async (one) => {
    const email = await register(one);
    await withPage(async (other) => {
      await logIn(other, email);
      await shows(other, "profile");
      await one.getByRole("link", { name: "Sessions" }).click();
      await one.locator("#session-list li").nth(1).waitFor();
      await one.getByRole("button", { name: /^End the session of Chrome on Linux/ }).click();
      await one.locator("#session-list li").nth(1).waitFor({ state: "detached" });
      await other.getByRole("link", { name: "Sessions" }).click();
      await shows(other, "log-in");
      assert.match(await other.locator("#notice").textContent(), /Your session has ended/);
    });
    // The one that ended it goes on.
    await one.getByRole("link", { name: "Profile" }).click();
    await shows(one, "profile");
  }));

test("logging out everywhere asks first, and ends this session too", () =>
  withPage(async (page) => {
    await register(page);
    await page.getByRole("link", { name: "Sessions" }).click();
    await page.getByRole("button", { name: "Log out everywhere" }).click();
    await page.getByRole("button", { name: "Cancel" }).click();
    await shows(page, "sessions");
    await page.getByRole("button", { name: "Log out everywhere" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Log out everywhere" }).click();
    await shows(page, "log-in");
    assert.equal(await page.locator("#notice").textContent(), "Every session has ended.");
  }));

test("a changed password is the one that counts, and the others are logged out", () =>
  withPage(async (page) => {
    const email = await register(page);
    await withPage(async (other) => {
      await logIn(other, email);
      await shows(other, "profile");
      await page.getByRole("link", { name: "Password" }).click();
      const next = "seven slow rivers meet";
      await submit(page, "password", { current_password: "wrong wrong wrong", new_password: next });
      const error = page.locator("#password-current_password-error");
      await error.filter({ hasText: "The current password is wrong." }).waitFor();
      await submit(page, "password", { current_password: PASSWORD, new_password: next });
      await page.locator("#notice").filter({ hasText: "Your password is changed" }).waitFor();
      await other.getByRole("link", { name: "Sessions" }).click();
      await shows(other, "log-in");
      await logIn(other, email);
      await view(other, "log-in").getByRole("alert").waitFor();
      await logIn(other, email, next);
      await shows(other, "profile");
    });
  }));

test("a server that cannot be reached is told as that, and nothing typed is lost", () =>
  withPage(async (page) => {
    await page.route("**/api/auth/**", (route) => route.abort());
    await logIn(page, newEmail());
    const refusal = view(page, "log-in").getByRole("alert");
    await refusal.filter({ hasText: "The server cannot be reached." }).waitFor();
    assert.equal(await view(page, "log-in").locator("[name=password]").inputValue(), PASSWORD);
  }));

test("over plain HTTP the page says why it cannot seal, and what to do", async () => {
  const url = HOME.replace("localhost", "plain.example");
  await withPage(
    async (page, sent) => {
      assert.match(await page.locator("#notice").textContent(), /came over plain HTTP.*over HTTPS/);
      await fill(page, "log-in", { email: newEmail(), password: PASSWORD });
      assert.ok(await view(page, "log-in").locator("[type=submit]").isDisabled());
      await page.keyboard.press("Enter");
      assert.ok(!sent.some((request) => request.includes("/login")), "nothing was sent");
    },
    { url },
  );
});

test("without its program the page sends nothing, and says what it needs", () =>
  withPage(
    async (page) => {
      assert.match(await page.locator("noscript").textContent(), /takes JavaScript/);
      assert.equal(await page.locator("[data-view]:visible").count(), 0);
    },
    { javaScriptEnabled: false },
  ));
