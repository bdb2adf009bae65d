// client.fetch on a service that is not Bulla.
import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";

import { newCaller, openStorage } from "./support/people.mjs";

test("a service gets the token, and whatever else was given", () =>
  withService(async (service) => {
    const storage = openStorage();
    const { client } = await newCaller({ storage });
    const response = await client.fetch(service.url, { method: "POST", headers: { "X-Other": "kept" }, body: "text" });
    assert.equal(response.status, 200);
    const [{ method, headers, body }] = service.seen;
    assert.deepEqual([method, headers["x-other"], body], ["POST", "kept", "text"]);
    assert.equal(headers.authorization, `Bearer ${storage.session.access_token}`);
  }));

test("a Request keeps its method, its headers and its body", () =>
  withService(async (service) => {
    const { client } = await newCaller();
    const request = new Request(service.url, { method: "PUT", headers: { "X-Other": "kept" }, body: "text" });
    await client.fetch(request);
    const [{ method, headers, body }] = service.seen;
    assert.deepEqual([method, headers["x-other"], body], ["PUT", "kept", "text"]);
    assert.match(headers.authorization, /^Bearer ey/);
  }));

test("after a 401 the token is refreshed and the request repeated, once", () =>
  withService(async (service) => {
    const storage = openStorage();
    const { client, sent } = await newCaller({ storage });
    const { access_token } = storage.session;
    service.refused = [access_token];
    const response = await client.fetch(service.url, { method: "POST", body: new URLSearchParams({ a: "b" }) });
    assert.equal(response.status, 200);
    assert.deepEqual(service.seen.map(({ body }) => body), ["a=b", "a=b"]);
    assert.notEqual(storage.session.access_token, access_token);
    assert.deepEqual(sent.filter((note) => note.includes("refresh")), ["POST /refresh 200"]);
  }));

test("a service that refuses every token is asked twice, and its answer given back", () =>
  withService(async (service) => {
    const { client } = await newCaller();
    service.refused = "all";
    const response = await client.fetch(service.url);
    assert.deepEqual([response.status, await response.text()], [401, "who?"]);
    assert.equal(service.seen.length, 2);
  }));

test("a body that is there only once is not sent again", () =>
  withService(async (service) => {
    const { client, sent } = await newCaller();
    service.refused = "all";
    const stream = new Blob(["text"]).stream();
    const streamed = await client.fetch(service.url, { method: "POST", body: stream, duplex: "half" });
    const requested = await client.fetch(new Request(service.url, { method: "POST", body: "text" }));
    assert.deepEqual([streamed.status, requested.status], [401, 401]);
    assert.equal(await requested.text(), "who?");
    assert.equal(service.seen.length, 2);
    assert.ok(!sent.includes("POST /refresh 200"));
  }));

test("other refusals are left alone", () =>
  withService(async (service) => {
    const { client, sent } = await newCaller();
    service.status = 403;
    assert.equal((await client.fetch(service.url)).status, 403);
    assert.equal(service.seen.length, 1);
    assert.ok(!sent.includes("POST /refresh 200"));
  }));

test("a session that turns out to have ended leaves the service's answer", () =>
  withService(async (service) => {
    const storage = openStorage();
    const { client } = await newCaller({ storage });
    const { access_token } = storage.session;
    service.refused = "all";
    await fetch(new URL("/api/auth/logout", process.env.BULLA_TEST_URL), {
      method: "POST",
      headers: { Authorization: `Bearer ${access_token}` },
    });
    const response = await client.fetch(service.url);
    assert.deepEqual([response.status, await response.text()], [401, "who?"]);
    assert.equal(client.user, null);
    await assert.rejects(client.fetch(service.url), { code: "not_logged_in" });
  }));

async function withService(task) {
  const service = { seen: [], refused: [], status: 200 };
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    service.seen.push({ method: request.method, headers: request.headers, body });
    const token = request.headers.authorization?.replace("Bearer ", "");
    const isRefused = service.refused === "all" || service.refused.includes(token);
    response.writeHead(isRefused ? 401 : service.status).end(isRefused ? "who?" : "welcome");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  service.url = `http://127.0.0.1:${server.address().port}/`;
  try {
    await task(service);
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
}
