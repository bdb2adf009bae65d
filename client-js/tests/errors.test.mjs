// Each refusal, as a real server gives it, and what the client says by itself.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { join } from "node:path";
import test from "node:test";

import { BullaError } from "../src/index.js";
import { PASSWORD, newCaller, newClient, newEmail, newPerson } from "./support/people.mjs";
import { URL_OF_SERVER, withServer } from "./support/server.mjs";

test("a wrong password and an unknown account are refused alike", async () => {
  const { client, email } = await newPerson();
  for (const credentials of [{ email, password: "a wrong password" }, { email: newEmail(), password: PASSWORD }]) {
    const error = await caught(client.login(credentials), "invalid_credentials", 401);
    assert.ok(error instanceof BullaError && error instanceof Error);
    assert.equal(error.name, "BullaError");
    assert.match(error.message, /the email address or the password is wrong/);
    assert.match(error.requestId, /^[0-9a-f-]{36}$/);
    assert.deepEqual([error.errors, error.retryAfterSeconds, error.sealingKey], [[], null, null]);
    assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(credentials.password));
  }
  assert.equal(client.user, null);
});

test("what is wrong is told field by field", async () => {
  const { client } = newClient();
  const nobody = { name: "", email: "nobody", password: PASSWORD };
  const error = await caught(client.register(nobody), "validation_failed", 422);
  assert.deepEqual(error.errors.map(({ pointer }) => pointer).sort(), ["/email", "/name"]);
  const careless = { name: "Ada", email: newEmail(), password: "short" };
  const weak = await caught(client.register(careless), "weak_password", 422);
  assert.deepEqual(weak.errors.map(({ pointer }) => pointer), ["/password"]);
});

test("an address has one account", async () => {
  const { client, email } = await newPerson();
  await caught(client.register({ name: "Eve", email, password: PASSWORD }), "email_taken", 409);
});

test("a member of the wrong type, a body too large, a password too long", async () => {
  const { client, email } = await newCaller();
  await caught(client.updateProfile({ name: 5 }), "malformed_request", 400);
  await caught(client.updateProfile({ name: "a".repeat(17_000) }), "payload_too_large", 413);
  await caught(client.login({ email, password: "a".repeat(4_000) }), "invalid_envelope", 400);
});

test("nobody ends a session that is not his", async () => {
  const [{ client }, other] = [await newCaller(), await newCaller()];
  const [{ id }] = await other.client.sessions();
  await caught(client.endSession(id), "not_found", 404);
  await caught(client.endSession("../profile"), "not_found", 404);
  await other.client.profile();
});

test("who guesses too often is told how long to wait", async () => {
  const { client, email } = await newPerson();
  const guess = () => client.login({ email, password: "a wrong password" });
  for (let round = 0; round < 6; round += 1) await assert.rejects(guess());
  const error = await caught(guess(), "too_many_attempts", 429);
  assert.ok(error.retryAfterSeconds >= 1, `${error.retryAfterSeconds}`);
});

test("a request that a network sends twice is not sent a third time", async () => {
  const { email } = await newPerson();
  const twice = async (input, init) => {
    if (init.method === "POST") await fetch(input, init);
    return fetch(input, init);
  };
  const { client, sent } = newClient({ fetch: twice });
  await caught(client.login({ email, password: PASSWORD }), "reused_envelope", 401);
  assert.deepEqual(sent, ["GET /sealing-key 200", "POST /login 401"]);
});

test("a disabled account is told so, after the right password", () =>
  withServer({}, async (server) => {
    const { client, email } = await newPerson({}, server.url);
    await server.command("users", "disable", email);
    await caught(client.login({ email, password: PASSWORD }), "account_disabled", 403);
    await caught(client.login({ email, password: "a wrong password" }), "invalid_credentials", 401);
  }));

test("an overloaded server says when to come again", () =>
  withServer({ BULLA_HASH_THREADS: "1", BULLA_HASH_QUEUE: "1", BULLA_ARGON2: "m=65536,t=4,p=1" }, async ({ url }) => {
    const { client, email } = await newPerson({}, url);
    const logins = Array.from({ length: 12 }, () => client.login({ email, password: PASSWORD }));
    const outcomes = await Promise.allSettled(logins);
    const errors = outcomes.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
    const { code, status, retryAfterSeconds } = errors.find((error) => error.code === "overloaded");
    assert.deepEqual([code, status, retryAfterSeconds], ["overloaded", 503, 1]);
    assert.ok(outcomes.some((outcome) => outcome.status === "fulfilled"));
  }));

test("a database that does not answer ends no session", () =>
  withServer({ BULLA_DATABASE_TIMEOUT: "1s" }, async (server) => {
    const { client, email } = await newCaller({}, server.url);
    const release = await hold(join(server.folder, "bulla.db"));
    const error = await caught(client.updateProfile({ name: "Ada King" }), "unavailable", 503);
    assert.ok(error.retryAfterSeconds >= 1);
    assert.equal(client.user.email, email);
    await release();
    await client.updateProfile({ name: "Ada King" });
  }));

test("without a session, what needs one says so and sends nothing", async () => {
  const { client, sent } = newClient();
  const { fetch, profile, updateProfile, changePassword, sessions, endSession, endAllSessions } = client;
  const calls = [
    () => fetch(`${URL_OF_SERVER}/api/auth/verify`),
    () => profile(),
    () => updateProfile({ name: "Ada" }),
    () => changePassword({ currentPassword: PASSWORD, newPassword: PASSWORD }),
    () => sessions(),
    () => endSession("x"),
    () => endAllSessions(),
  ];
  for (const call of calls) await caught(call(), "not_logged_in", 0);
  assert.equal(await client.restore(), null);
  await client.logout();
  assert.deepEqual(sent, []);
});

test("a server that is not there, or does not answer in time", async () => {
  const server = await answering(() => {});
  const closed = await answering(() => {});
  await closed.stop();
  const credentials = { email: newEmail(), password: PASSWORD };
  const silent = await caught(newClient({ timeoutSeconds: 0.2 }, server.url).client.login(credentials), "timeout", 0);
  assert.match(silent.message, /within 0.2 s; try again/);
  assert.equal(silent.cause.name, "TimeoutError");
  const away = await caught(newClient({}, closed.url).client.login(credentials), "network_error", 0);
  assert.match(away.message, /check the connection and the URL.*BULLA_CORS_ORIGINS/);
  assert.ok(away.cause instanceof TypeError);
  await server.stop();
});

test("an answer that breaks off is no answer", async () => {
  const server = await answering((response) => {
    response.writeHead(200, { "Content-Length": "100" }).write('{"kid":');
    setTimeout(() => response.destroy(), 20);
  });
  const { client } = newClient({}, server.url);
  await caught(client.login({ email: newEmail(), password: PASSWORD }), "network_error", 0);
  await server.stop();
});

test("who is not Bulla is recognized", async () => {
  const page = "<!doctype html><title>Bad gateway</title>";
  const strangers = [[200, page], [502, page], [503, '{"code": 7}'], [200, "null"], [200, "{}"], [404, ""], [204, ""]];
  for (const [status, body] of strangers) {
    const server = await answering((response) => response.writeHead(status, { "Retry-After": "9" }).end(body));
    const { client } = newClient({}, server.url);
    const error = await caught(client.login({ email: newEmail(), password: PASSWORD }), "unexpected_answer", status);
    assert.match(error.message, new RegExp(`answered ${status}, but not as Bulla does; check the URL`));
    assert.deepEqual([error.errors, error.retryAfterSeconds], [[], 9]);
    await server.stop();
  }
});

async function caught(promise, code, status) {
  const error = await promise.then(
    () => assert.fail(`it went well instead of ${code}`),
    (error) => error,
  );
  assert.deepEqual([error.code, error.status], [code, status], error.message);
  return error;
}

async function answering(answer) {
  const server = http.createServer((request, response) => answer(response));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

/** Takes the database for oneself, until released. */
async function hold(file) {
  const program = `
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()`;
  const child = spawn("python3", ["-c", program, file], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  return async () => {
    child.stdin.end();
    await once(child, "exit");
  };
}
