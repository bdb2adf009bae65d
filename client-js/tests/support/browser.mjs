// Chromium, and pages in it with a client each.
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"];
const QUIET = ["--disable-background-networking", "--disable-component-update"];

/** `example.test` is this machine, by a name to which browsers give no privileges. */
export const startBrowser = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: [...FLAGS, ...QUIET, "--host-resolver-rules=MAP example.test 127.0.0.1"],
  });

/**
 * A tab with `client` in it, and in `heard` what its listener was told.
 *
 * @param {import("playwright-core").BrowserContext} context
 * @param {string} origin Of the page; the proxy serves it.
 * @param {{ storage?: "memory" | "localStorage" | "sessionStorage", url?: string }} [options]
 */
export async function openTab(context, origin, { storage = "memory", url = "/" } = {}) {
  const tab = await context.newPage();
  await tab.goto(`${origin}/page`);
  await tab.evaluate(
    async ({ storage, url }) => {
      const { createClient, webStorage } = await import("/client/index.js");
      const options = storage === "memory" ? {} : { storage: webStorage(globalThis[storage]) };
      globalThis.client = createClient(url, options);
      globalThis.heard = [];
      client.onChange((user, reason) => heard.push([reason, user?.email ?? null]));
    },
    { storage, url },
  );
  return tab;
}

export const openTabs = (count, ...where) => Promise.all(Array.from({ length: count }, () => openTab(...where)));

/** Runs the same at the same time in several tabs. */
export const everywhere = (tabs, task, argument) => Promise.all(tabs.map((tab) => tab.evaluate(task, argument)));

