// Where the page comes from: plain HTTP, and another origin than the server's.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openTab, startBrowser } from "./support/browser.mjs";
import { PASSWORD, newEmail } from "./support/people.mjs";
import { startProxy } from "./support/proxy.mjs";
import { URL_OF_SERVER, withServer } from "./support/server.mjs";

let browser, proxy;

before(async () => {
  browser = await startBrowser();
  proxy = await startProxy(URL_OF_SERVER);
});
after(async () => {
  await browser.close();
  await proxy.stop();
});

test("on plain HTTP the error says what to do, and nothing is sent", async () => {
  const context = await browser.newContext();
  const tab = await openTab(context, `http://example.test:${proxy.port}`);
  assert.equal(await tab.evaluate(() => isSecureContext), false);
  for (const method of ["login", "register"]) {
    const error = await tab.evaluate(failure, { method, account: newAccount() });
    assert.deepEqual([error.name, error.code, error.status], ["BullaError", "insecure_context", 0]);
    assert.match(error.message, /HTTPS.*http:\/\/localhost/);
  }
  assert.deepEqual(proxy.seen, []);
  assert.equal(await tab.evaluate(() => client.restore()), null);
  await context.close();
});

test("the same page at http://localhost seals and logs in", async () => {
  const context = await browser.newContext();
  const tab = await openTab(context, `http://localhost:${proxy.port}`);
  const account = newAccount();
  assert.equal(await tab.evaluate(registerAndLogin, account), account.email);
  await context.close();
});

test("a page of another origin needs BULLA_CORS_ORIGINS to name it", () =>
  withServer({ BULLA_CORS_ORIGINS: proxy.url }, async ({ url }) => {
    const context = await browser.newContext();
    const named = await openTab(context, proxy.url, { url });
    const account = newAccount();
    assert.equal(await named.evaluate(registerAndLogin, account), account.email);
    const guess = { ...account, password: "a wrong password" };
    const refusal = await named.evaluate(failure, { method: "login", account: guess });
    assert.equal(refusal.code, "invalid_credentials");
    assert.match(refusal.requestId, /^[0-9a-f-]{36}$/);
    assert.equal(await named.evaluate(() => client.sessions().then((sessions) => sessions.length)), 1);
    const renamed = await named.evaluate(() => client.updateProfile({ name: "Ada King" }));
    assert.equal(renamed.name, "Ada King");
    await named.evaluate(() => client.endAllSessions());

    const unnamed = await openTab(context, `http://localhost:${proxy.port}`, { url });
    const error = await unnamed.evaluate(failure, { method: "login", account });
    assert.equal(error.code, "network_error");
    assert.match(error.message, /BULLA_CORS_ORIGINS/);
    await context.close();
  }));

const newAccount = () => ({ name: "Ada Lovelace", email: newEmail(), password: PASSWORD });

// These run in the page.

async function registerAndLogin(account) {
  await client.register(account);
  await client.login(account);
  return (await client.profile()).email;
}

async function failure({ method, account }) {
  const { name, code, status, message, requestId } = await client[method](account).catch((error) => error);
  return { name, code, status, message, requestId };
}
