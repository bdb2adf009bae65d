// The example for nginx: the service behind it hears of good requests only, and who asks.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { suite, test } from 'node:test';

import { AUDIENCE, Issuer } from './issuer.mjs';
import {
  BULLA_URL, EXAMPLES, PASSWORD, ask, bearer, eventually, folder, freePort, isLeftOut, listen, login, run, start,
} from './support.mjs';

suite('nginx', { concurrency: true, skip: isLeftOut('nginx') }, () => {
  test('the service hears who asks, and gets the request as it was', async (test) => {
    const { url, heard } = await behind(test);
    const { access_token: token, user } = await login();
    const body = 'all of it'.repeat(20_000);
    const answer = await ask(`${url}/some/path?of=theirs`, { method: 'POST', ...bearer(token), body });
    assert.deepEqual([answer.status, answer.text], [200, 'served']);
    const [request] = heard;
    assert.deepEqual([request.method, request.url, request.body], ['POST', '/some/path?of=theirs', body]);
    assert.equal(request.headers['x-auth-user-id'], user.id);
    assert.equal(request.headers['x-auth-email'], user.email);
    assert.match(request.headers['x-auth-session-id'], /^[0-9a-f-]{36}$/);
    assert.equal(request.headers.authorization, undefined);
  });

  test('Bulla hears the token, and nothing of the body', async (test) => {
    const bulla = await listener(test, { 'X-Auth-User-Id': '42' });
    const { url, heard } = await behind(test, bulla.url);
    await ask(`${url}/some/path`, { method: 'POST', ...bearer('a token'), body: 'a secret of the service' });
    const [question] = bulla.heard;
    assert.deepEqual([question.method, question.url, question.body], ['GET', '/api/auth/verify', '']);
    assert.equal(question.headers.authorization, 'Bearer a token');
    assert.equal(question.headers['x-forwarded-for'], '127.0.0.1');
    assert.doesNotMatch(JSON.stringify(question.rawHeaders), /content-length|transfer-encoding/i);
    assert.equal(heard[0].headers['x-auth-user-id'], '42');
  });

  test('what a client calls itself does not reach the service', async (test) => {
    const { url, heard } = await behind(test);
    const { access_token: token, user } = await login();
    const spoofed = {
      'X-Auth-User-Id': ['admin', 'root'], 'x-auth-email': 'admin@example.com', 'X-AUTH-SESSION-ID': 'admin',
      'X_Auth_User_Id': 'admin', 'X-Forwarded-For': 'admin',
    };
    const answer = await ask(`${url}/`, { headers: { ...spoofed, Authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    const [request] = heard;
    assert.doesNotMatch(JSON.stringify(request.rawHeaders), /admin|root/);
    const ids = request.rawHeaders.filter((word) => /^x.auth.user.id$/i.test(word));
    assert.equal(ids.length, 1);
    assert.equal(request.headers['x-auth-user-id'], user.id);
    assert.equal((await ask(`${url}/`, { headers: spoofed })).status, 401);
    assert.equal(heard.length, 1);
  });

  test('what a client says of its address is not what Bulla shows', async (test) => {
    const bulla = await server(test, path.join(folder(test), 'data'), { BULLA_TRUSTED_PROXIES: '127.0.0.1' });
    const { url } = await behind(test, bulla);
    const { user } = await login(bulla);
    const seal = ['seal', '--url', url, '--email', user.email, '--purpose', 'login'];
    const { stdout: envelope } = await run([process.env.BULLA_TEST_PROGRAM, ...seal], { input: PASSWORD });
    // Another address of the loopback network, so that it is told apart from nginx's.
    const said = ['Forwarded: for=203.0.113.9', 'X-Forwarded-For: 203.0.113.9', 'Content-Type: application/json'];
    const options = ['--silent', '--interface', '127.0.0.7', ...said.flatMap((line) => ['--header', line])];
    const input = JSON.stringify({ email: user.email, password: envelope.trim() });
    const { stdout } = await run(['curl', ...options, '--data-binary', '@-', `${url}/api/auth/login`], { input });
    const { access_token: token } = JSON.parse(stdout);
    const answer = await ask(`${url}/api/auth/sessions`, bearer(token));
    const addresses = JSON.parse(answer.text).sessions.map((session) => session.ip);
    assert.deepEqual(addresses.sort(), ['127.0.0.1', '127.0.0.7']);
  });

  test('what a client says of its address reaches nobody', async (test) => {
    const bulla = await listener(test);
    const { url, heard } = await behind(test, bulla.url);
    const headers = { Forwarded: 'for=203.0.113.9', 'X-Forwarded-For': '203.0.113.9' };
    const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'theirs=1' };
    for (const place of ['/', '/api/auth/sessions']) await ask(`${url}${place}`, { headers: { ...headers, ...trace } });
    assert.deepEqual(bulla.heard.map((request) => request.url), ['/api/auth/verify', '/api/auth/sessions']);
    for (const request of [...bulla.heard, ...heard]) {
      assert.equal(request.headers.forwarded, undefined, request.url);
      assert.equal(request.headers['x-forwarded-for'], '127.0.0.1', request.url);
    }
    assert.equal(heard.length, 1);
    assert.doesNotMatch(JSON.stringify(bulla.heard), /traceparent|tracestate/);
  });

  test('without a good token the service hears nothing', async (test) => {
    const { url, heard } = await behind(test);
    const { access_token: token } = await login();
    const none = await ask(`${url}/`);
    assert.equal(none.status, 401);
    assert.match(none.headers['www-authenticate'], /^Bearer/);
    const { headers: basic } = bearer(token);
    basic.Authorization = basic.Authorization.replace('Bearer', 'Basic');
    assert.equal((await ask(`${url}/`, { headers: basic })).status, 401);
    assert.equal((await ask(`${url}/?access_token=${token}`)).status, 401);

    const { keys } = JSON.parse((await ask(`${BULLA_URL}/.well-known/jwks.json`)).text);
    const issuer = await Issuer.start(test);
    Object.assign(issuer, { url: BULLA_URL });
    const header = { kid: keys[0].kid };
    const almost = issuer.token({ header, claims: { aud: BULLA_URL } });
    const forgeries = { ...issuer.forgeries(), 'of Bulla by another key': almost };
    for (const [what, forged] of Object.entries(forgeries)) {
      const answer = await ask(`${url}/`, bearer(forged));
      assert.equal(answer.status, 401, `a token ${what} was let through`);
      assert.match(answer.headers['www-authenticate'], /error="invalid_token"/);
    }
    assert.equal(heard.length, 0);
    assert.equal((await ask(`${url}/`, bearer(token))).status, 200);
    assert.equal(heard.length, 1);
  });

  test('a token of another audience, of another issuer and one that expired are refused', async (test) => {
    const { url, heard } = await behind(test);
    const here = folder(test);
    const bulla = (name, settings) => server(test, path.join(here, name), settings);
    const audience = await bulla('audience', { BULLA_PUBLIC_URL: BULLA_URL, BULLA_AUDIENCE: AUDIENCE });
    assert.equal((await ask(`${url}/`, bearer((await login(audience)).access_token))).status, 401);
    const issuer = await bulla('issuer', { BULLA_AUDIENCE: BULLA_URL });
    assert.equal((await ask(`${url}/`, bearer((await login(issuer)).access_token))).status, 401);
    assert.equal(heard.length, 0);

    const brief = await bulla('brief', { JWT_EXPIRES: '2' });
    const before = await behind(test, brief);
    const { access_token: token } = await login(brief);
    assert.equal((await ask(`${before.url}/`, bearer(token))).status, 200);
    const isRefused = async () => (await ask(`${before.url}/`, bearer(token))).status === 401;
    await eventually(isRefused, () => 'an expired token is let through', 4000);
  });

  test('after a logout the token is refused within a second', async (test) => {
    const { url } = await behind(test);
    const { access_token: token } = await login();
    assert.equal((await ask(`${url}/`, bearer(token))).status, 200);
    assert.equal((await ask(`${url}/api/auth/logout`, { method: 'POST', ...bearer(token) })).status, 200);
    const isRefused = async () => (await ask(`${url}/`, bearer(token))).status === 401;
    await eventually(isRefused, () => 'logged out, and let through', 1000);
  });

  test('what is for everyone is for everyone, and the question is for nginx alone', async (test) => {
    const { url } = await behind(test);
    assert.equal((await ask(`${url}/api/auth/sealing-key`)).status, 200);
    const { access_token: token } = await login();
    assert.equal((await ask(`${url}/_verify`, bearer(token))).status, 404);
  });

  test('while Bulla is away, the answer is 503', async (test) => {
    const { url, heard } = await behind(test, `http://127.0.0.1:${await freePort()}`);
    const { access_token: token } = await login();
    assert.equal((await ask(`${url}/`, bearer(token))).status, 503);
    assert.equal(heard.length, 0);
  });
});

/** nginx as in the example, between a Bulla and a service that remembers what it hears. */
async function behind(test, bulla = BULLA_URL) {
  const { heard, url: service } = await listener(test);
  const places = { '127.0.0.1:8080': new URL(bulla).host, '127.0.0.1:3000': new URL(service).host };
  const port = await freePort();
  const here = folder(test);
  // nginx works as another user than it starts as.
  fs.chmodSync(here, 0o755);
  let text = fs.readFileSync(`${EXAMPLES}/nginx/nginx.conf`, 'utf8');
  for (const [of, by] of Object.entries({ ...places, 'listen 127.0.0.1:8000': `listen 127.0.0.1:${port}` })) {
    assert.equal(text.split(of).length, 2, `${of} is there once`);
    text = text.replace(of, by);
  }
  // Where it may write when it is not root.
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const folders = kinds.map((kind) => `${kind}_temp_path ${here}/${kind};`).join(' ');
  text = text.replace('http {', `http { access_log off; ${folders}`);
  fs.writeFileSync(`${here}/nginx.conf`, text);
  const globals = `daemon off; pid ${here}/pid; error_log stderr error;`;
  await start(test, ['nginx', '-p', here, '-e', 'stderr', '-c', `${here}/nginx.conf`, '-g', globals], port);
  return { url: `http://127.0.0.1:${port}`, heard };
}

/** A server that remembers what it hears. */
async function listener(test, answers = {}) {
  const heard = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { method, url, headers, rawHeaders } = request;
    heard.push({ method, url, headers, rawHeaders, body });
    response.writeHead(200, answers).end('served');
  });
  return { heard, url: await listen(test, server) };
}

/** A Bulla of the test's own. */
async function server(test, data, settings) {
  const port = await freePort();
  const own = { PORT: String(port), BULLA_DATA_DIR: data, BULLA_METRICS_ADDRESS: 'off', ...settings };
  await start(test, [process.env.BULLA_TEST_PROGRAM, 'serve'], port, { env: { ...process.env, ...own } });
  return `http://127.0.0.1:${port}`;
}
