// Several tabs of a real browser share one session.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { everywhere, openTab, openTabs, startBrowser } from "./support/browser.mjs";
import { OTHER_PASSWORD, PASSWORD, newPerson } from "./support/people.mjs";
import { startProxy } from "./support/proxy.mjs";
import { URL_OF_SERVER } from "./support/server.mjs";

let browser, context, proxy, email;

before(async () => {
  browser = await startBrowser();
});
after(() => browser.close());
beforeEach(async () => {
  proxy = await startProxy(URL_OF_SERVER);
  context = await browser.newContext();
  ({ email } = await newPerson());
});
afterEach(async () => {
  await context.close();
  await proxy.stop();
});

for (const storage of ["memory", "localStorage"]) {
  test(`five tabs that refresh together make one request (${storage})`, async () => {
    const tabs = await openTabs(5, context, proxy.url, { storage });
    assert.equal(await refreshesOf(tabs), 1);
    const tokens = await everywhere(tabs, () => client.accessToken());
    assert.equal(new Set(tokens).size, 1);
    assert.equal(proxy.count("POST /refresh"), 1);
    const heard = await everywhere(tabs, () => heard);
    for (const one of heard) assert.deepEqual(one, [["login", email], ["refresh", email]]);
  });

  // The test above counts what it claims to count.
  test(`without locks they make several, and nobody is harmed (${storage})`, async () => {
    await context.addInitScript(() => delete Navigator.prototype.locks);
    const tabs = await openTabs(5, context, proxy.url, { storage });
    const count = await refreshesOf(tabs, { untilSeveral: true });
    assert.ok(count > 1, `${count}`);
    await everywhere(tabs, () => client.profile());
  });

  test(`a logout in one tab logs out all (${storage})`, async () => {
    const tabs = await openTabs(3, context, proxy.url, { storage });
    await login(tabs[0]);
    for (const tab of tabs) await tab.waitForFunction(() => client.user);
    await everywhere(tabs, () => client.profile());
    await tabs[1].evaluate(() => client.logout());
    for (const tab of tabs) await tab.waitForFunction(() => client.user === null);
    for (const tab of tabs) {
      assert.deepEqual((await tab.evaluate(() => heard)).at(-1), ["logout", null]);
      assert.equal(await tab.evaluate(() => client.accessToken()), null);
      assert.equal(await tab.evaluate(() => client.restore()), null);
    }
  });

  test(`a tab that is opened later has the session (${storage})`, async () => {
    const [first] = await openTabs(2, context, proxy.url, { storage });
    await login(first);
    const sixth = await openTab(context, proxy.url, { storage });
    assert.equal(await sixth.evaluate(() => client.user), null);
    assert.equal((await sixth.evaluate(() => client.restore())).email, email);
    assert.equal((await sixth.evaluate(() => client.user)).email, email);
    assert.deepEqual([proxy.count("POST /login"), proxy.count("POST /refresh")], [1, 0]);

    const elsewhere = await browser.newContext();
    const stranger = await openTab(elsewhere, proxy.url, { storage });
    assert.equal(await stranger.evaluate(() => client.restore()), null);
    await elsewhere.close();
  });

  test(`a new password and a new name reach the other tabs (${storage})`, async () => {
    const [one, other] = await openTabs(2, context, proxy.url, { storage });
    await login(one);
    await other.waitForFunction(() => client.user);
    const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    await one.evaluate((passwords) => client.changePassword(passwords), passwords);
    await one.evaluate(() => client.updateProfile({ name: "Ada King" }));
    await other.waitForFunction(() => client.user?.name === "Ada King");
    await other.evaluate(() => client.profile());
    assert.deepEqual((await other.evaluate(() => heard)).map(([reason]) => reason), ["login", "refresh", "profile"]);
    assert.equal(proxy.count("POST /refresh"), 0);
  });
}

test("a reloaded tab finds its session in localStorage and in sessionStorage, and not in memory", async () => {
  for (const [storage, isFound] of [["localStorage", true], ["sessionStorage", true], ["memory", false]]) {
    const tab = await openTab(context, proxy.url, { storage });
    await login(tab);
    await tab.reload();
    const found = await tab.evaluate(async (storage) => {
      const { createClient, webStorage } = await import("/client/index.js");
      return createClient("/", storage === "memory" ? {} : { storage: webStorage(globalThis[storage]) }).restore();
    }, storage);
    assert.equal(found?.email === email, isFound, storage);
    await tab.close();
  }
});

test("two tabs with sessions of their own do not take each other's tokens", async () => {
  const { email: otherEmail } = await newPerson();
  const [one, other] = await openTabs(2, context, proxy.url, { storage: "sessionStorage" });
  proxy.rules.push(expiredAtOnce());
  await login(one);
  assert.equal(await other.evaluate(() => client.restore()), null);
  await login(other, otherEmail);
  await everywhere([one, other], () => client.profile());
  assert.equal(proxy.count("POST /refresh"), 2);
  const emails = await everywhere([one, other], async () => [client.user.email, (await client.profile()).email]);
  assert.deepEqual(emails, [[email, email], [otherEmail, otherEmail]]);

  await one.evaluate(() => client.logout());
  assert.equal((await other.evaluate(() => client.profile())).email, otherEmail);
  assert.deepEqual((await other.evaluate(() => heard)).map(([reason]) => reason), ["login", "refresh"]);
});

test("a tab with a session keeps it when another logs in as somebody else (memory)", async () => {
  const { email: otherEmail } = await newPerson();
  const [one, other] = await openTabs(2, context, proxy.url);
  await login(one);
  await other.waitForFunction(() => client.user);
  await login(other, otherEmail);
  assert.equal((await one.evaluate(() => client.profile())).email, email);
  await other.evaluate(() => client.logout());
  assert.equal((await one.evaluate(() => client.profile())).email, email);
});

test("all tabs follow when one logs in as somebody else (localStorage)", async () => {
  const { email: otherEmail } = await newPerson();
  const [one, other] = await openTabs(2, context, proxy.url, { storage: "localStorage" });
  await login(one);
  await other.waitForFunction(() => client.user);
  await login(other, otherEmail);
  await one.waitForFunction((otherEmail) => client.user?.email === otherEmail, otherEmail);
  assert.equal((await one.evaluate(() => client.profile())).email, otherEmail);
});

test("a session that ended on the server ends in all tabs", async () => {
  const tabs = await openTabs(3, context, proxy.url);
  await login(tabs[0]);
  for (const tab of tabs) await tab.waitForFunction(() => client.user);
  const token = await tabs[0].evaluate(() => client.accessToken());
  await fetch(`${URL_OF_SERVER}/api/auth/logout`, { method: "POST", headers: { Authorization: `Bearer ${token}` } });
  const code = await tabs[1].evaluate(() => client.profile().catch((error) => error.code));
  assert.equal(code, "invalid_token");
  for (const tab of tabs) await tab.waitForFunction(() => client.user === null);
  for (const tab of tabs) assert.deepEqual((await tab.evaluate(() => heard)).at(-1), ["ended", null]);
});

test("news that comes late does not bring back old tokens", async () => {
  const [one, other] = await openTabs(2, context, proxy.url);
  const spy = await openSpy();
  await login(one);
  const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
  await one.evaluate((passwords) => client.changePassword(passwords), passwords);
  await other.waitForFunction(() => heard.length === 2);
  const token = await other.evaluate(() => client.accessToken());

  const [first] = await spy.evaluate(() => messages);
  for (const reason of ["login", "refresh"]) {
    await spy.evaluate((message) => channel.postMessage(message), { ...first, reason });
  }
  // This one is heard after them, since all three come from one tab.
  await spy.evaluate((message) => channel.postMessage(message), { ...first, session: null, reason: "logout" });
  await other.waitForFunction(() => client.user === null);
  assert.deepEqual((await other.evaluate(() => heard)).map(([reason]) => reason), ["login", "refresh", "logout"]);
  assert.notEqual(first.session.access_token, token);
});

test("a login whose news is here before the storage shows it is followed (localStorage)", async () => {
  const tab = await openTab(context, proxy.url, { storage: "localStorage" });
  await tab.evaluate(() => client.restore());
  const elsewhere = await browser.newContext();
  const stranger = await openTab(elsewhere, proxy.url, { storage: "localStorage" });
  await login(stranger);
  const item = await stranger.evaluate(() => localStorage.getItem("bulla"));
  await elsewhere.close();

  const spy = await openSpy();
  await spy.evaluate((item) => {
    const session = JSON.parse(item);
    channel.postMessage({ id: session.refresh_token.split(".")[0], refreshes: 0, reason: "login" });
    setTimeout(() => localStorage.setItem("bulla", item), 50);
  }, item);
  await tab.waitForFunction(() => client.user, null, { timeout: 5_000 });
  assert.deepEqual(await tab.evaluate(() => heard), [["login", email]]);
});

test("a closed client hears nothing more", async () => {
  const [one, other] = await openTabs(2, context, proxy.url);
  await other.evaluate(() => client.close());
  await login(one);
  assert.equal(await other.evaluate(() => client.accessToken()), null);
  assert.deepEqual(await other.evaluate(() => heard), []);
});

test("while a tab never gives back the lock, others use their token as long as it lives, and then say so", async () => {
  await shortenLockPatience();
  const [one, stuck] = await openTabs(2, context, proxy.url, { storage: "localStorage" });
  await login(one);
  await holdLock(stuck);
  const setExpiry = (milliseconds) =>
    one.evaluate((milliseconds) => {
      const session = JSON.parse(localStorage.getItem("bulla"));
      localStorage.setItem("bulla", JSON.stringify({ ...session, expires_at: Date.now() + milliseconds }));
    }, milliseconds);
  await setExpiry(25_000);
  assert.equal((await one.evaluate(() => client.profile())).email, email);
  await setExpiry(-1);
  assert.equal(await one.evaluate(() => client.profile().catch((error) => error.code)), "timeout");
  assert.equal(proxy.count("POST /refresh"), 0);
  assert.equal(await one.evaluate(() => client.user.email), email);
});

test("whoever waits for the lock in vain takes the tokens that its holder has stored", async () => {
  await shortenLockPatience();
  const [one, stuck] = await openTabs(2, context, proxy.url, { storage: "localStorage" });
  proxy.rules.push(expiredAtOnce());
  await login(one);
  await holdLock(stuck);
  const profile = one.evaluate(() => client.profile());
  await stuck.evaluate(async () => {
    const session = JSON.parse(localStorage.getItem("bulla"));
    const body = JSON.stringify({ refresh_token: session.refresh_token });
    const init = { method: "POST", headers: { "Content-Type": "application/json" }, body };
    const answer = await (await fetch("/api/auth/refresh", init)).json();
    const expires_at = Date.now() + answer.expires_in * 1000;
    localStorage.setItem("bulla", JSON.stringify({ ...session, ...answer, expires_at, refreshes: 1 }));
  });
  assert.equal((await profile).email, email);
  assert.equal(proxy.count("POST /refresh"), 1);
});

for (const storage of ["localStorage", "sessionStorage"]) {
  test(`no message holds a token (${storage})`, async () => {
    const [one, other] = await openTabs(2, context, proxy.url, { storage });
    const spy = await openSpy();
    proxy.rules.push(expiredAtOnce());
    await login(one);
    await one.evaluate(() => client.profile());
    await one.evaluate(() => client.updateProfile({ name: "Ada King" }));
    await spy.evaluate(() => channel.postMessage({ ask: true }));
    await other.evaluate(() => client.restore());
    await one.evaluate(() => client.logout());
    await spy.waitForFunction(() => messages.at(-1)?.reason === "logout");
    const seen = await spy.evaluate(() => messages);
    assert.deepEqual(seen.map(({ reason }) => reason), ["login", "refresh", "profile", "logout"]);
    for (const message of seen) {
      const { id, refreshes, reason, session } = message;
      assert.deepEqual(message, { id, refreshes, reason, session: reason === "logout" ? null : undefined });
    }
  });
}

test("a duplicated tab follows the refreshes and the logout of its session (sessionStorage)", async () => {
  const [one, stranger] = await openTabs(2, context, proxy.url, { storage: "sessionStorage" });
  const spy = await openSpy();
  await login(one);
  const duplicate = await openTab(context, proxy.url, { storage: "sessionStorage" });
  const item = await one.evaluate(() => sessionStorage.getItem("bulla"));
  await duplicate.evaluate((item) => sessionStorage.setItem("bulla", item), item);
  assert.equal((await duplicate.evaluate(() => client.restore())).email, email);
  const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
  await one.evaluate((passwords) => client.changePassword(passwords), passwords);
  await duplicate.waitForFunction(() => heard.length === 1);
  assert.deepEqual(await duplicate.evaluate(() => heard), [["refresh", email]]);
  const tokens = await everywhere([one, duplicate], () => client.accessToken());
  assert.equal(tokens[0], tokens[1]);
  const asked = await spy.evaluate(() => messages.filter(({ ask }) => ask));
  assert.deepEqual(asked, [{ ask: true, id: JSON.parse(item).refresh_token.split(".")[0], refreshes: 0 }]);

  await duplicate.evaluate(() => client.logout());
  await one.waitForFunction(() => client.user === null);
  assert.equal(await stranger.evaluate(() => client.restore()), null);
  assert.equal(proxy.count("POST /refresh"), 0);
});

/** Only the wait for a lock: requests keep their time, so that a slow machine fails nothing. */
const shortenLockPatience = () =>
  context.addInitScript(() => {
    const { timeout } = AbortSignal;
    AbortSignal.timeout = (ms) => timeout.call(AbortSignal, ms === 25_000 ? 2_000 : ms);
  });

/** Lets a tab take the lock of the session in localStorage, for ever. */
const holdLock = (tab) =>
  tab.evaluate(() => {
    const id = JSON.parse(localStorage.getItem("bulla")).refresh_token.split(".")[0];
    const name = `bulla ${location.origin} ${id}`;
    return new Promise((done) => void navigator.locks.request(name, () => (done(), new Promise(() => {}))));
  });

/**
 * Logs in with a token that the client takes for expired, and lets all tabs need a new one at the same moment. The first
 * answer takes 300 ms, or as long as another tab needs to ask, too.
 */
async function refreshesOf(tabs, { untilSeveral = false } = {}) {
  const slow = async (forward) => {
    const end = performance.now() + (untilSeveral ? 20_000 : 300);
    while (performance.now() < end && !(untilSeveral && proxy.count("POST /refresh") > 1)) {
      await new Promise((done) => setTimeout(done, 10));
    }
    return forward();
  };
  proxy.rules.push(expiredAtOnce(), { note: "POST /refresh", answer: slow });
  await login(tabs[0]);
  for (const tab of tabs) await tab.waitForFunction(() => client.user);
  assert.equal(proxy.count("POST /refresh"), 0);
  const users = await everywhere(tabs, () => client.profile());
  assert.deepEqual(users.map((user) => user.email), tabs.map(() => email));
  return proxy.count("POST /refresh");
}

/** A tab without a client, which keeps in `messages` what the others tell each other on `channel`. */
async function openSpy() {
  const spy = await context.newPage();
  await spy.goto(`${proxy.url}/page`);
  await spy.evaluate(() => {
    globalThis.messages = [];
    globalThis.channel = new BroadcastChannel(`bulla ${location.origin}`);
    channel.onmessage = ({ data }) => messages.push(data);
  });
  return spy;
}

const login = (tab, as = email) =>
  tab.evaluate(([email, password]) => client.login({ email, password }), [as, PASSWORD]);

function expiredAtOnce() {
  const answer = async (forward) => {
    const given = await forward();
    return { ...given, body: JSON.stringify({ ...JSON.parse(given.body), expires_in: 0 }) };
  };
  return { note: "POST /login", answer };
}
