// What a person can do, on a real server.
import assert from "node:assert/strict";
import test from "node:test";

import { PASSWORD, OTHER_PASSWORD, newCaller, newClient, newEmail, newPerson, openStorage } from "./support/people.mjs";
import { startProxy } from "./support/proxy.mjs";
import { URL_OF_SERVER } from "./support/server.mjs";

test("registering makes an account and does not log in", async () => {
  const { client } = newClient();
  const email = newEmail();
  const user = await client.register({ name: "Ada Lovelace", email: ` ${email.toUpperCase()} `, password: PASSWORD });
  assert.deepEqual(Object.keys(user), ["id", "name", "email", "created_at"]);
  assert.deepEqual([user.name, user.email], ["Ada Lovelace", email]);
  assert.equal(client.user, null);
  assert.equal(await client.accessToken(), null);
});

test("logging in opens a session and keeps it in the storage", async () => {
  const storage = openStorage();
  const { client, email } = await newPerson({ storage });
  const user = await client.login({ email, password: PASSWORD });
  assert.equal(user.email, email);
  assert.deepEqual(client.user, user);
  const { access_token, refresh_token, expires_in, expires_at, refreshes } = storage.session;
  assert.deepEqual([access_token.split(".").length, refresh_token.split(".").length], [3, 2]);
  assert.deepEqual([expires_in, refreshes], [600, 0]);
  assert.ok(Math.abs(expires_at - Date.now() - 600_000) < 10_000);
  assert.equal(await client.accessToken(), access_token);
});

test("one sealing key serves several requests, one request a method", async () => {
  const { client, email, sent } = await newPerson();
  await client.login({ email, password: PASSWORD });
  await client.profile();
  await client.changePassword({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
  const routes = ["POST /register 201", "POST /login 200", "GET /profile 200", "POST /password 200"];
  assert.deepEqual(sent, ["GET /sealing-key 200", ...routes]);
});

test("no request has the password in it", async () => {
  const bodies = [];
  const { client, email } = await newCaller({
    fetch: (input, init) => {
      bodies.push(String(init.body));
      return fetch(input, init);
    },
  });
  await client.changePassword({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
  await client.login({ email, password: OTHER_PASSWORD });
  assert.equal(bodies.filter((body) => body.includes("eyJ")).length, 4);
  for (const secret of [PASSWORD, OTHER_PASSWORD]) assert.ok(!bodies.some((body) => body.includes(secret)));
});

test("a profile is read and changed", async () => {
  const { client } = await newCaller();
  assert.equal((await client.profile()).name, "Ada Lovelace");
  assert.equal((await client.updateProfile({ name: "Ada King" })).name, "Ada King");
  assert.equal(client.user.name, "Ada King");
  assert.equal((await client.profile()).name, "Ada King");
});

for (const note of ["GET /profile", "POST /refresh"]) {
  test(`a name that changes while the answer to ${note} is on its way stays changed`, async () => {
    const storage = openStorage();
    const proxy = await startProxy(URL_OF_SERVER);
    try {
      const { client } = await newCaller({ storage }, proxy.url);
      const overtaken = async (forward) => {
        const answer = await forward();
        storage.session.expires_at = Date.now() + 600_000;
        await client.updateProfile({ name: "Ada King" });
        return answer;
      };
      proxy.rules.push({ note, times: 1, answer: overtaken });
      if (note === "POST /refresh") storage.expire();
      await client.accessToken();
      if (note === "GET /profile") assert.equal((await client.profile()).name, "Ada Lovelace");
      assert.equal(proxy.count(note), 1);
      assert.deepEqual([client.user.name, storage.session.user.name], ["Ada King", "Ada King"]);
    } finally {
      await proxy.stop();
    }
  });
}

test("a changed password goes on with this session and ends the others", async () => {
  const storage = openStorage();
  const { client, email } = await newCaller({ storage });
  const other = newClient().client;
  await other.login({ email, password: PASSWORD });
  const before = storage.session;
  await client.changePassword({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
  assert.notEqual(storage.session.refresh_token, before.refresh_token);
  assert.equal(storage.session.refreshes, 1);
  await client.profile();
  storage.expire();
  await client.profile();
  await assert.rejects(other.profile(), { code: "invalid_token", status: 401 });
  assert.equal(other.user, null);
  await assert.rejects(client.login({ email, password: PASSWORD }), { code: "invalid_credentials" });
});

test("a password is changed though the access token has expired meanwhile", async () => {
  const storage = openStorage();
  const { client, sent } = await newCaller({ storage });
  storage.session.access_token += "x";
  await client.changePassword({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
  assert.deepEqual(sent, ["POST /password 401", "POST /refresh 200", "POST /password 200"]);
  assert.equal(storage.session.refreshes, 2);
});

test("sessions are listed, and one of them ended", async () => {
  const { client, email } = await newCaller();
  const other = newClient().client;
  await other.login({ email, password: PASSWORD });
  const sessions = await client.sessions();
  assert.deepEqual(sessions.map((session) => session.current), [false, true]);
  await client.endSession(sessions[0].id);
  assert.equal((await client.sessions()).length, 1);
  await assert.rejects(other.profile(), { code: "invalid_token" });
  assert.ok(client.user);
});

test("ending one's own session logs out", async () => {
  const { client, email } = await newCaller();
  const [{ id }] = await client.sessions();
  await client.endSession(id);
  assert.equal(client.user, null);
  assert.equal(await client.accessToken(), null);
  assert.equal((await client.login({ email, password: PASSWORD })).email, email);
});

test("ending all sessions ends this one too", async () => {
  const { client, email } = await newCaller();
  const other = newClient().client;
  await other.login({ email, password: PASSWORD });
  await client.endAllSessions();
  assert.equal(client.user, null);
  await assert.rejects(other.profile(), { code: "invalid_token" });
});

test("logging out ends the session on the server and here", async () => {
  const storage = openStorage();
  const { client, sent } = await newCaller({ storage });
  const { access_token } = storage.session;
  await client.logout();
  assert.equal(storage.session, null);
  assert.equal(client.user, null);
  const headers = { Authorization: `Bearer ${access_token}` };
  assert.equal((await fetch(`${URL_OF_SERVER}/api/auth/verify`, { headers })).status, 401);
  await client.logout();
  assert.deepEqual(sent, ["POST /logout 200"]);
});

test("logging out works with an expired access token, and after the session ended elsewhere", async () => {
  const storage = openStorage();
  const { client, email } = await newCaller({ storage });
  storage.expire();
  await client.logout();
  const other = newClient().client;
  await other.login({ email, password: PASSWORD });
  assert.equal((await other.sessions()).length, 1);

  await client.login({ email, password: PASSWORD });
  await other.endAllSessions();
  await client.logout();
  assert.equal(storage.session, null);
});

test("restoring takes up a stored session, and finds out that one has ended", async () => {
  const storage = openStorage();
  const { client: first, email } = await newCaller({ storage });
  const second = newClient({ storage }).client;
  assert.equal(second.user, null);
  assert.equal((await second.restore()).email, email);
  assert.equal(second.user.email, email);

  const kept = storage.session;
  await first.logout();
  assert.equal(await newClient({ storage }).client.restore(), null);
  storage.session = kept;
  assert.equal(await newClient({ storage }).client.restore(), null);
  assert.equal(storage.session, null);
});

test("listeners are told of each change, until they are removed", async () => {
  const { client, email } = await newPerson();
  const heard = [];
  const remove = client.onChange((user, reason) => heard.push([reason, user?.name]));
  await client.login({ email, password: PASSWORD });
  await client.profile();
  await client.updateProfile({ name: "Ada King" });
  await client.changePassword({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
  await client.logout();
  const expected = [["login", "Ada Lovelace"], ["profile", "Ada King"], ["refresh", "Ada King"], ["logout", undefined]];
  assert.deepEqual(heard, expected);
  remove();
  await client.login({ email, password: OTHER_PASSWORD });
  assert.equal(heard.length, 4);
});

test("a path below the server's URL is kept, and a slash at its end is not doubled", async () => {
  const asked = [];
  const fetch = async (input) => {
    asked.push(input);
    throw new TypeError("nobody is there");
  };
  for (const path of ["", "/", "/id/", "/id?x#y"]) {
    const { client } = newClient({ fetch }, new URL(`https://example.com${path}`));
    await assert.rejects(client.login({ email: newEmail(), password: PASSWORD }), { code: "network_error" });
  }
  const expected = ["", "", "/id", "/id"].map((path) => `https://example.com${path}/api/auth/sealing-key`);
  assert.deepEqual(asked, expected);
  assert.throws(() => newClient({}, "nowhere"), TypeError);
});
