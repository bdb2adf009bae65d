// Where a session is kept.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";

import { memoryStorage, webStorage } from "../src/index.js";
import { PASSWORD, newCaller, newClient, newPerson, openStorage } from "./support/people.mjs";
import { URL_OF_SERVER } from "./support/server.mjs";

test("web storage keeps a session under its name, and nothing after the logout", async () => {
  const items = newWebStorage();
  const { client, email } = await newCaller({ storage: webStorage(items, "auth") });
  assert.equal(JSON.parse(items.getItem("auth")).user.email, email);
  const again = newClient({ storage: webStorage(items, "auth") }).client;
  assert.equal((await again.restore()).email, email);
  assert.equal(await newClient({ storage: webStorage(items) }).client.restore(), null);
  await client.logout();
  assert.equal(items.getItem("auth"), null);
});

test("what is damaged in a web storage is no session", async () => {
  const halves = ['{"user":{}}', '{"refresh_token":7,"user":{}}', '{"refresh_token":"a.b"}'];
  for (const text of ["", "{", "null", "7", "[]", ...halves]) {
    const items = newWebStorage();
    items.setItem("bulla", text);
    const { client, sent } = newClient({ storage: webStorage(items) });
    assert.equal(await client.restore(), null, text);
    assert.deepEqual(sent, [], text);
  }
});

test("each memory is its own", async () => {
  const { client } = await newCaller({ storage: memoryStorage() });
  assert.ok(await client.restore());
  assert.equal(await newClient({ storage: memoryStorage() }).client.restore(), null);
  assert.equal(await newClient().client.restore(), null);
});

test("a storage may take its time", async () => {
  const memory = memoryStorage();
  const later = (value) => new Promise((done) => setTimeout(done, 5, value));
  const storage = {
    get: async () => later(memory.get()),
    set: async (session) => memory.set(await later(session)),
    remove: async () => memory.remove(await later()),
  };
  const { client, sent } = await newCaller({ storage });
  memory.set({ ...memory.get(), expires_at: 0 });
  await Promise.all([client.profile(), client.profile(), client.updateProfile({ name: "Ada King" })]);
  assert.equal(sent.filter((note) => note === "POST /refresh 200").length, 1);
  assert.equal((await memory.get()).user.name, "Ada King");
  await client.logout();
  assert.equal(memory.get(), null);
});

test("listeners are told of a new name when new tokens are seen with it", async () => {
  const storage = openStorage();
  const { client, email } = await newCaller({ storage });
  const heard = [];
  client.onChange((user, reason) => heard.push([reason, user.name]));
  const before = { ...storage.session };
  const elsewhere = newClient().client;
  await elsewhere.login({ email, password: PASSWORD });
  await elsewhere.updateProfile({ name: "Ada King" });

  // A refresh of its own brings it.
  storage.expire();
  await client.accessToken();
  assert.deepEqual(heard.splice(0), [["refresh", "Ada King"], ["profile", "Ada King"]]);
  // Another client's changes: both at one look, and then tokens alone.
  const { user } = storage.session;
  storage.session = { ...before, user: { ...user, name: "Ada Byron" } };
  await client.accessToken();
  storage.session = { ...storage.session, access_token: "another" };
  await client.accessToken();
  const both = [["refresh", "Ada Byron"], ["profile", "Ada Byron"]];
  assert.deepEqual(heard, [...both, ["refresh", "Ada Byron"]]);
});

test("a client keeps no process alive", async () => {
  const { email } = await newPerson();
  const program = `
    import { createClient } from ${JSON.stringify(new URL("../src/index.js", import.meta.url).href)};
    const client = createClient(${JSON.stringify(URL_OF_SERVER)});
    client.onChange(() => {});
    console.log((await client.login(${JSON.stringify({ email, password: PASSWORD })})).email);
    globalThis.finishedAt = Date.now();
    process.on("exit", () => console.log(Date.now() - finishedAt < 2000));`;
  const words = ["--input-type=module", "-e", program];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.equal(said, `${email}\ntrue\n`);
});

function newWebStorage() {
  const items = new Map();
  return {
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
  };
}
