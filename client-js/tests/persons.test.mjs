// Two tabs share a storage, and another person logs in while a request of the first one needs new tokens.
import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";

import { webStorage } from "../src/index.js";
import { OTHER_PASSWORD, PASSWORD, newCaller, newClient, newPerson } from "./support/people.mjs";
import { startProxy } from "./support/proxy.mjs";
import { URL_OF_SERVER } from "./support/server.mjs";

const passwords = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
const requests = {
  "PATCH /profile": (client) => client.updateProfile({ name: "Mallory" }),
  "DELETE /sessions": (client) => client.endAllSessions(),
  "POST /password": (client) => client.changePassword(passwords),
  "GET /profile": (client, service) => client.fetch(`${service}/profile`),
};

for (const [note, request] of Object.entries(requests)) {
  test(`${note} with an expired token is never sent with that of who logs in meanwhile`, () =>
    withTwo(async ({ proxy, one, other, storage, logIn }) => {
      storage.change({ expires_at: Date.now() - 1 });
      await whileRefreshing(proxy, logIn, () =>
        assert.rejects(request(one.client, `${proxy.url}/api/auth`), { code: "not_logged_in" }),
      );
      assert.equal(proxy.count(note), 0);
      assert.equal((await other.client.profile()).name, "Ada Lovelace");
      assert.equal((await one.client.profile()).email, other.email);
    }));
}

test("a request whose token the server refused is not repeated with another's", () =>
  withTwo(async ({ proxy, one, other, storage, logIn }) => {
    storage.change({ access_token: `${storage.session.access_token}x` });
    await whileRefreshing(proxy, logIn, () =>
      assert.rejects(one.client.updateProfile({ name: "Mallory" }), { code: "not_logged_in" }),
    );
    assert.equal(proxy.count("PATCH /profile"), 1);
    assert.equal((await other.client.profile()).name, "Ada Lovelace");
  }));

test("client.fetch gives a service's 401 back instead of repeating with another's token", () =>
  withTwo(async ({ proxy, one, logIn }) => {
    const seen = [];
    const service = http.createServer(({ headers }, response) => {
      seen.push(headers.authorization);
      response.writeHead(401).end();
    });
    await new Promise((done) => service.listen(0, "127.0.0.1", done));
    try {
      const url = `http://127.0.0.1:${service.address().port}/`;
      await whileRefreshing(proxy, logIn, async () => assert.equal((await one.client.fetch(url)).status, 401));
      assert.equal(seen.length, 1);
    } finally {
      service.closeAllConnections();
      await new Promise((done) => service.close(done));
    }
  }));

test("two persons' refreshes at the same time give each his own", () =>
  withTwo(async ({ proxy, one, other, storage, logIn }) => {
    storage.change({ expires_at: Date.now() - 1 });
    let second;
    await whileRefreshing(
      proxy,
      async () => {
        await logIn();
        storage.change({ expires_at: Date.now() - 1 });
        second = one.client.profile();
      },
      () => assert.rejects(one.client.profile(), { code: "not_logged_in" }),
    );
    assert.equal((await second).email, other.email);
    assert.equal(proxy.count("POST /refresh"), 2);
  }));

/** Does `meanwhile` while the refresh that `task` needs is on its way. */
async function whileRefreshing(proxy, meanwhile, task) {
  const rule = { note: "POST /refresh", times: 1 };
  const begun = new Promise((begin) => {
    rule.answer = async (forward) => {
      const given = await forward();
      begin();
      await rule.held;
      return given;
    };
  });
  rule.held = begun.then(meanwhile);
  proxy.rules.push(rule);
  await task();
  await rule.held;
}

/** `one` is logged in; `logIn` lets `other` log in in another tab, with the same storage. */
async function withTwo(task) {
  const proxy = await startProxy(URL_OF_SERVER);
  try {
    const items = new Map();
    const shared = {
      getItem: (name) => items.get(name) ?? null,
      setItem: (name, value) => void items.set(name, value),
      removeItem: (name) => void items.delete(name),
    };
    const tab = () => ({ storage: webStorage(shared) });
    const storage = {
      get session() {
        return JSON.parse(shared.getItem("bulla"));
      },
      change(members) {
        shared.setItem("bulla", JSON.stringify({ ...storage.session, ...members }));
      },
    };
    const { email } = await newPerson();
    const one = await newCaller(tab(), proxy.url);
    const other = { ...newClient(tab(), proxy.url), email };
    const logIn = () => other.client.login({ email, password: PASSWORD });
    await task({ proxy, one, other, storage, logIn });
  } finally {
    await proxy.stop();
  }
}
