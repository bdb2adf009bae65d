// Refreshing: once for many calls, again after a lost answer, and what ends a session and what does not.
import assert from "node:assert/strict";
import test from "node:test";

import { OTHER_PASSWORD, PASSWORD, newCaller, newClient, openStorage } from "./support/people.mjs";
import { startProxy } from "./support/proxy.mjs";
import { URL_OF_SERVER, withServer } from "./support/server.mjs";

const count = (sent, note) => sent.filter((seen) => seen.startsWith(note)).length;

test("twenty calls with an expired access token make one refresh", () =>
  withServer({ JWT_EXPIRES: "3" }, async ({ url }) => {
    const storage = openStorage();
    const { client, sent } = await newCaller({ storage }, url);
    const { access_token, expires_at } = storage.session;
    await new Promise((done) => setTimeout(done, expires_at - Date.now() + 100));
    const headers = { Authorization: `Bearer ${access_token}` };
    assert.equal((await fetch(`${url}/api/auth/profile`, { headers })).status, 401);

    await Promise.all(Array.from({ length: 20 }, () => client.profile()));
    assert.deepEqual([count(sent, "POST /refresh 200"), count(sent, "GET /profile 200")], [1, 20]);
    assert.equal(sent.length, 21);
  }));

test("twenty calls whose token the server refuses make one refresh", async () => {
  const storage = openStorage();
  const { client, sent } = await newCaller({ storage });
  storage.session.access_token += "x";
  await Promise.all(Array.from({ length: 20 }, () => client.profile()));
  assert.deepEqual([count(sent, "POST /refresh 200"), count(sent, "GET /profile 200")], [1, 20]);
});

// The two tests above would not notice a client that never makes two.
test("two clients that know nothing of each other make two", async () => {
  const storage = openStorage();
  const one = await newCaller({ storage });
  const other = newClient({ storage });
  storage.expire();
  await Promise.all([one.client.profile(), other.client.profile()]);
  assert.equal(count([...one.sent, ...other.sent], "POST /refresh 200"), globalThis.navigator?.locks ? 1 : 2);
});

test("an access token is refreshed when a fifth of its life is left, and not before", async () => {
  const storage = openStorage();
  const { client, sent } = await newCaller({ storage });
  storage.session.expires_at = Date.now() + 35_000;
  assert.equal(await client.accessToken(), storage.session.access_token);
  assert.equal(sent.length, 0);
  const before = storage.session.access_token;
  storage.session.expires_at = Date.now() + 29_000;
  assert.notEqual(await client.accessToken(), before);
  storage.session.expires_in = 20;
  storage.session.expires_at = Date.now() + 5_000;
  await client.accessToken();
  assert.deepEqual(sent, ["POST /refresh 200"]);
});

test("a refresh whose answer is lost is asked for once more, and gets the same tokens", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { client } = await newCaller({ storage }, proxy.url);
    proxy.rules.push({ note: "POST /refresh", times: 1, answer: async (forward) => void (await forward()) });
    storage.expire();
    await client.profile();
    assert.equal(proxy.count("POST /refresh"), 2);
    storage.expire();
    await client.profile();
    assert.equal(storage.session.refreshes, 2);
  }));

test("a refresh that hangs is asked for once more", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    await newCaller({ storage }, proxy.url);
    // Of little patience only now: registering and logging in may take longer.
    const { client } = newClient({ storage, timeoutSeconds: 3 }, proxy.url);
    proxy.rules.push({
      note: "POST /refresh",
      times: 1,
      answer: async (forward) => {
        await forward();
        await new Promise((done) => setTimeout(done, 60_000).unref());
      },
    });
    storage.expire();
    await client.profile();
    assert.equal(proxy.count("POST /refresh"), 2);
  }));

test("no answer, 503 and 429 end no session", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { client, email } = await newCaller({ storage }, proxy.url);
    const heard = [];
    client.onChange((_, reason) => heard.push(reason));
    storage.expire();

    const rule = { note: "POST /refresh", answer: () => null };
    proxy.rules.push(rule);
    await assert.rejects(client.profile(), { code: "network_error", status: 0 });
    assert.equal(proxy.count("POST /refresh"), 2);

    for (const [status, code] of [[503, "unavailable"], [429, "too_many_attempts"], [500, "internal"]]) {
      rule.answer = () => problem(status, code);
      await assert.rejects(client.profile(), { code, status, retryAfterSeconds: 7 });
      await assert.rejects(client.accessToken(), { code });
    }
    assert.equal(client.user.email, email);
    assert.deepEqual(heard, []);

    rule.times = 0;
    await client.profile();
    assert.deepEqual(heard, ["refresh"]);
  }));

test("a token that still lives is used when refreshing fails", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { client } = await newCaller({ storage }, proxy.url);
    storage.session.expires_at = Date.now() + 20_000;
    proxy.rules.push({ note: "POST /refresh", answer: () => problem(503, "unavailable") });
    assert.equal(await client.accessToken(), storage.session.access_token);
    await client.profile();
  }));

test("a session that ended elsewhere ends here, once, and tells listeners", async () => {
  const storage = openStorage();
  const { client, email } = await newCaller({ storage });
  const other = newClient().client;
  await other.login({ email, password: PASSWORD });
  await other.endAllSessions();
  const heard = [];
  client.onChange((user, reason) => heard.push([user, reason]));
  // So that all three need the same refresh, however late an answer comes.
  storage.expire();
  const outcomes = await Promise.allSettled([client.profile(), client.sessions(), client.profile()]);
  assert.deepEqual(outcomes.map(({ reason }) => reason.code), Array(3).fill("invalid_token"));
  assert.deepEqual(heard, [[null, "ended"]]);
  assert.equal(storage.session, null);
  assert.equal(await client.accessToken(), null);
  await assert.rejects(client.profile(), { code: "not_logged_in", status: 0 });
});

test("logging out while a refresh is on its way brings nobody back", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { client } = await newCaller({ storage }, proxy.url);
    const { access_token } = storage.session;
    let proceed;
    const held = new Promise((done) => (proceed = done));
    proxy.rules.push({
      note: "POST /refresh",
      answer: async (forward) => {
        const answered = await forward();
        await held;
        return answered;
      },
    });
    storage.session.access_token += "x";
    const profile = assert.rejects(client.profile(), { code: "not_logged_in" });
    await until(() => proxy.count("POST /refresh") === 1);
    storage.session.access_token = access_token;
    await client.logout();
    proceed();
    await profile;
    assert.equal(storage.session, null);
    assert.equal(client.user, null);
  }));

test("logging out forgets the session though the server cannot be reached, and says so", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { client } = await newCaller({ storage }, proxy.url);
    proxy.rules.push({ note: "POST /logout", answer: () => null });
    await assert.rejects(client.logout(), { code: "network_error" });
    assert.deepEqual([storage.session, client.user], [null, null]);
  }));

test("restoring without a network rejects, and keeps the session", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { email } = await newCaller({ storage }, proxy.url);
    const { client } = newClient({ storage }, proxy.url);
    const rule = { note: "GET /profile", answer: () => null };
    proxy.rules.push(rule);
    await assert.rejects(client.restore(), { code: "network_error" });
    assert.equal(client.user.email, email);
    rule.times = 0;
    assert.equal((await client.restore()).email, email);
  }));

test("a refresh waits for a password change, which makes the token that it would use worthless", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { client, email } = await newCaller({ storage }, proxy.url);
    let proceed;
    const held = new Promise((done) => (proceed = done));
    const answer = async (forward) => {
      const given = await forward();
      await held;
      return given;
    };
    proxy.rules.push({ note: "POST /password", answer });
    const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
    const changed = client.changePassword(passwords);
    await until(() => proxy.count("POST /password") === 1);
    storage.expire();
    const profile = client.profile();
    await new Promise((done) => setTimeout(done, 200));
    proceed();
    assert.deepEqual((await Promise.all([changed, profile])).map((user) => user.email), [email, email]);
    assert.equal(proxy.count("POST /refresh"), 0);
    assert.equal(storage.session.refreshes, 1);
  }));

test("someone who logs in while another's refresh is on its way keeps what is his", () =>
  withProxy(async (proxy) => {
    const storage = openStorage();
    const { client } = await newCaller({ storage }, proxy.url);
    const { email } = await newCaller({}, proxy.url);
    let proceed;
    const held = new Promise((done) => (proceed = done));
    proxy.rules.push({ note: "POST /refresh", answer: async (forward) => held.then(forward) });
    storage.expire();
    const token = assert.rejects(client.accessToken(), { code: "not_logged_in" });
    await until(() => proxy.count("POST /refresh") === 1);
    await client.login({ email, password: PASSWORD });
    proceed();
    await token;
    assert.equal(await client.accessToken(), storage.session.access_token);
    assert.equal((await client.profile()).email, email);
    await client.changePassword({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
  }));

async function withProxy(task) {
  const proxy = await startProxy(URL_OF_SERVER);
  try {
    await task(proxy);
  } finally {
    await proxy.stop();
  }
}

function problem(status, code) {
  const headers = { "Content-Type": "application/problem+json", "Retry-After": "7" };
  return { status, headers, body: JSON.stringify({ status, code, detail: code, request_id: "r" }) };
}

async function until(isSo) {
  for (let round = 0; round < 500; round += 1) {
    if (isSo()) return;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error("it did not happen within five seconds");
}
