// The two retries: a key that was retired, a nonce that is old. Both for real, and each once.
import assert from "node:assert/strict";
import test from "node:test";

import { OTHER_PASSWORD, PASSWORD, newCaller, newClient, newPerson } from "./support/people.mjs";
import { clockSetBack, withServer } from "./support/server.mjs";

test("a client follows a key that was retired, with the document of the refusal", () =>
  withServer({}, async (server) => {
    const { client, email, sent } = await newPerson({}, server.url);
    await rotate(server);
    sent.length = 0;
    await client.login({ email, password: PASSWORD });
    assert.deepEqual(sent, ["POST /login 400", "POST /login 200"]);

    await client.login({ email, password: PASSWORD });
    assert.deepEqual(sent.slice(2), ["POST /login 200"]);
  }));

test("both envelopes of a password change follow the key", () =>
  withServer({}, async (server) => {
    const { client, email, sent } = await newCaller({}, server.url);
    await rotate(server);
    await client.changePassword({ currentPassword: PASSWORD, newPassword: OTHER_PASSWORD });
    assert.deepEqual(sent, ["POST /password 400", "POST /password 200"]);
    await client.login({ email, password: OTHER_PASSWORD });
  }));

test("a client follows a nonce that has become old", () =>
  withServer({}, async (server) => {
    // The server's clock goes ten minutes after, and then right again.
    await server.restart(clockSetBack(10));
    const { client, email, sent } = await newPerson({}, server.url);
    await server.restart();
    sent.length = 0;
    await client.login({ email, password: PASSWORD });
    assert.deepEqual(sent, ["POST /login 401", "GET /sealing-key 200", "POST /login 200"]);
  }));

test("a second refusal is not retried", () =>
  withServer({}, async (server) => {
    await server.restart(clockSetBack(10));
    const old = await (await fetch(`${server.url}/api/auth/sealing-key`)).json();
    await server.restart();
    const { email } = await newPerson({}, server.url);
    const { client, sent } = newClient({ fetch: withSealingKey(old) }, server.url);
    await assert.rejects(client.login({ email, password: PASSWORD }), { code: "stale_envelope", status: 401 });
    assert.deepEqual(sent, ["GET /sealing-key 200", "POST /login 401", "GET /sealing-key 200", "POST /login 401"]);
  }));

test("an unknown key that the refusal cannot replace is not retried for ever", () =>
  withServer({}, async (server) => {
    const { email } = await newPerson({}, server.url);
    const old = await (await fetch(`${server.url}/api/auth/sealing-key`)).json();
    await rotate(server);
    const answerOld = async (input, init) => {
      const answer = await withSealingKey(old)(input, init);
      if (answer.status !== 400) return answer;
      return Response.json({ ...(await answer.json()), sealing_key: old }, { status: 400 });
    };
    const { client, sent } = newClient({ fetch: answerOld }, server.url);
    await assert.rejects(client.login({ email, password: PASSWORD }), (error) => {
      assert.deepEqual([error.code, error.status, error.sealingKey.kid], ["unknown_sealing_key", 400, old.kid]);
      return true;
    });
    assert.equal(sent.length, 3);
  }));

test("each request has an envelope of its own", () =>
  withServer({}, async (server) => {
    const envelopes = [];
    const noting = (input, init) => {
      if (init.body) envelopes.push(JSON.parse(init.body).password);
      return fetch(input, init);
    };
    const { client, email } = await newPerson({ fetch: noting }, server.url);
    await rotate(server);
    await client.login({ email, password: PASSWORD });
    await client.login({ email, password: PASSWORD });
    assert.equal(envelopes.length, 4);
    assert.equal(new Set(envelopes.map((envelope) => envelope.split(".")[1])).size, 4);
  }));

test("a document is not used up to the end of its nonce", async () => {
  await withServer({}, async (server) => {
    const document = await (await fetch(`${server.url}/api/auth/sealing-key`)).json();
    const soon = newClient({ fetch: withSealingKey({ ...document, nonce_expires_in: 29 }) }, server.url);
    const later = newClient({ fetch: withSealingKey({ ...document, nonce_expires_in: 60 }) }, server.url);
    for (const { client } of [soon, later]) {
      for (const name of ["Ada", "Eve"]) {
        await client.register({ name, email: `${name}@${Math.random()}.example.com`, password: PASSWORD });
      }
    }
    const fetched = [soon, later].map(({ sent }) => sent.filter((note) => note.startsWith("GET")).length);
    assert.deepEqual(fetched, [2, 1]);
  });
});

/** The old key stops working at once; a running server follows within seconds. */
async function rotate(server) {
  const kid = async () => (await (await fetch(`${server.url}/api/auth/sealing-key`)).json()).kid;
  const before = await kid();
  await server.command("keys", "rotate", "sealing", "--compromised");
  for (let round = 0; round < 100; round += 1) {
    if ((await kid()) !== before) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the server kept the old key for ten seconds");
}

const withSealingKey = (document) => (input, init) =>
  String(input).endsWith("/sealing-key") ? Promise.resolve(Response.json(document)) : fetch(input, init);
