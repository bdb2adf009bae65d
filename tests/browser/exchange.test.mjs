// The panel shows what left the browser, and nothing else leaves it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HOME, PASSWORD, logIn, newEmail, register, shows, withPage } from "./browser.mjs";

test("the panel shows the very envelope that was sent, part by part", () =>
  withPage(async (page, sent) => {
    const email = await register(page);
    await page.getByRole("button", { name: "Log out" }).click();
    await shows(page, "log-in");
    await logIn(page, email);
    await shows(page, "profile");
    const { password: envelope } = JSON.parse(sent.filter((request) => request.includes("/login ")).at(-1).split(" ")[1]);
    const shown = page.locator(".envelope");
    assert.equal(await shown.count(), 1, "one story at a time");
    assert.equal(await shown.textContent(), envelope);
    const parts = await shown.locator(".part").allTextContents();
    assert.deepEqual(parts, envelope.split("."));
    const bytes = await page.locator(".legend .size").allTextContents();
    assert.deepEqual([bytes[1], bytes[2], bytes[4]], ["384 bytes", "12 bytes", "16 bytes"]);
    assert.match(await page.locator("#exchange-steps").textContent(), new RegExp(`email${email}`));
  }));

test("neither the password nor the tokens are on the page", () =>
  withPage(async (page) => {
    await register(page);
    const { access_token: access, refresh_token: refresh } = JSON.parse(
      await page.evaluate(() => Object.values(sessionStorage)[0]),
    );
    const html = await page.content();
    for (const secret of [PASSWORD, access, access.split(".")[2], refresh]) assert.ok(!html.includes(secret));
  }));

test("the policy holds: a program that slips in is neither run nor does it reach another server", async () => {
  await withPage(async (page) => {
    page.removeAllListeners("console");
    const refused = await page.evaluate(async () => {
      const refused = [];
      document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
      const attempts = {
        markup: () => document.body.insertAdjacentHTML("beforeend", "<b>markup</b>"),
        attribute: () => document.createElement("img").setAttribute("onerror", "window.ran = true"),
        program: () => (document.createElement("script").text = "window.ran = true"),
        "program elsewhere": () => (document.createElement("script").src = "https://evil.example/x.js"),
        image: () => document.body.append(Object.assign(new Image(), { src: "https://evil.example/x.png" })),
        request: () => fetch("https://evil.example/").catch(() => {}),
        form: () => {
          const form = Object.assign(document.createElement("form"), { action: "https://evil.example/" });
          document.body.append(form);
          form.submit();
        },
      };
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          await attempt();
        } catch {
          refused.push(name);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 300));
      return [...refused, window.ran ? "a program ran" : "no program ran"];
    });
    const all = ["markup", "attribute", "program", "program elsewhere", "img-src", "connect-src", "form-action", "no program ran"];
    for (const refusal of all) assert.ok(refused.includes(refusal), `${refusal} in ${refused}`);
  });
});

test("a session of one tab is not another tab's", () =>
  withPage(async (page) => {
    await register(page);
    const other = await page.context().newPage();
    await other.goto(HOME);
    await shows(other, "log-in");
    await logIn(other, newEmail(), "wrong wrong wrong");
    await page.reload();
    await shows(page, "profile");
  }));
