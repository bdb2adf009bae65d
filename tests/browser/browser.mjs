// A real Chromium, people who use it, and what it must never do meanwhile.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

export const URL_OF_SERVER = process.env.BULLA_TEST_URL;
// Browsers offer WebCrypto on this name even over plain HTTP.
export const HOME = URL_OF_SERVER.replace("127.0.0.1", "localhost");
export const PASSWORD = "quiet tides wander north";
const SCREENSHOTS = new URL("../../target/screenshots/", import.meta.url).pathname;

let browser;
before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP plain.example 127.0.0.1"],
    ],
  });
});
after(() => browser.close());

let count = 0;
export const newEmail = () => `ada.${process.pid}.${Date.now()}.${count++}@example.com`;

/**
 * A page of a browser of its own. When `work` is done, nothing may have broken: no exception, no breach of the policy,
 * no password in a request.
 */
export async function withPage(work, { url = HOME, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const broken = [];
  const sent = [];
  page.on("pageerror", (error) => broken.push(error.message));
  page.on("console", (message) => {
    // Refusals are answers; Chromium reports each as a failed resource all the same.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isRefusal) broken.push(message.text());
  });
  page.on("request", (request) => sent.push(`${request.url()} ${request.postData() ?? ""}`));
  await page.goto(url);
  await work(page, sent);
  await context.close();
  assert.deepEqual(broken, []);
  assert.ok(sent.length > 0, "the requests are watched");
  for (const request of sent) assert.ok(!request.includes(PASSWORD) && !request.includes("wrong wrong"), request);
}

export const view = (page, name) => page.locator(`[data-view="${name}"]`);

/** Waits until a view is shown. */
export const shows = (page, name) => view(page, name).waitFor({ state: "visible" });

export async function fill(page, name, values) {
  for (const [field, value] of Object.entries(values)) await view(page, name).locator(`[name="${field}"]`).fill(value);
}

export async function submit(page, name, values) {
  await fill(page, name, values);
  await view(page, name).locator("[type=submit]").click();
}

export async function register(page, email = newEmail()) {
  await page.getByRole("link", { name: "Create an account" }).click();
  await submit(page, "register", { name: "Ada Lovelace", email, password: PASSWORD });
  await shows(page, "profile");
  return email;
}

export async function logIn(page, email, password = PASSWORD) {
  await submit(page, "log-in", { email, password });
}

export const screenshot = (page, name) => page.screenshot({ path: `${SCREENSHOTS}${name}.png`, fullPage: true });
