// The examples that log in: they seal as the server wants it, and say what it says.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { suite, test } from 'node:test';

import { BUILT, BULLA_URL, EXAMPLES, freePort, isLeftOut, listen, run } from './support.mjs';

const COMMANDS = {
  python: [`${BUILT}/python/bin/python`, `${EXAMPLES}/python/login.py`],
  shell: [`${EXAMPLES}/shell/login.sh`],
  php: ['php', `${EXAMPLES}/php/login.php`],
  java: ['java', '-cp', `${BUILT}/java`, 'Login'],
  rust: [`${BUILT}/programs/bulla-example-login`],
};
// What JSON must escape, what a shell would expand, and what is not ASCII.
const PASSWORD = '$quiet "tides" wänder\\north €';
const NAME = 'Ada "Countess" Łovelace';
const WRONG = 'the email address or the password is wrong';

for (const [language, command] of Object.entries(COMMANDS)) {
  const email = `${language}.${process.pid}@example.com`;
  const login = (url, words = [], settings = {}) =>
    run([...command, url, email, ...words], { env: { ...process.env, LC_ALL: 'C.UTF-8', PASSWORD, ...settings } });

  suite(language, { skip: isLeftOut(language) }, () => {
    test('registers and logs in, and nothing but envelopes passes by', async (test) => {
      const proxy = await Proxy.start(test);
      greets(await login(proxy.url, [NAME]));
      assert.deepEqual(proxy.posts.map(({ path }) => path), ['/api/auth/register', '/api/auth/login']);
      const envelopes = proxy.posts.map(({ body }) => body.password);
      assert.equal(new Set(envelopes).size, 2);
      for (const envelope of envelopes) assert.match(envelope, language === 'shell' ? /^[A-Za-z0-9+/]{512}$/ : /^eyJ/);
      const passedBy = JSON.stringify(proxy.posts);
      for (const word of ['tides', Buffer.from(PASSWORD).toString('base64').slice(0, 16)]) {
        assert.ok(!passedBy.includes(word), 'the password passed by in clear');
      }
    });

    test('what one language registers, another opens', async () => {
      const other = language === 'rust' ? 'python' : 'rust';
      const env = { ...process.env, LC_ALL: 'C.UTF-8', PASSWORD };
      greets(await run([...COMMANDS[other], BULLA_URL, email.toUpperCase()], { env }));
    });

    test('says what the server says, and fails', async () => {
      refused(await login(BULLA_URL, [], { PASSWORD: 'quiet tides wander south' }), WRONG);
      refused(await login(BULLA_URL, [NAME]), 'already registered|email_taken');
      refused(await login(BULLA_URL, [NAME], { PASSWORD: 'short' }), 'weak_password');
      greets(await login(BULLA_URL));
    });

    test('says where it looked for a server in vain, and how it is called', async (test) => {
      const nowhere = `127.0.0.1:${await freePort()}`;
      refused(await login(`http://${nowhere}`), nowhere);
      const stranger = http.createServer((request, response) => response.end('<h1>It works!</h1>'));
      const url = await listen(test, stranger);
      refused(await login(url), url);
      const elsewhere = (path) => ({ Location: BULLA_URL + path });
      const detour = http.createServer((request, response) => response.writeHead(307, elsewhere(request.url)).end());
      const detourUrl = await listen(test, detour);
      refused(await login(detourUrl), detourUrl);
      refused(await run([...command, BULLA_URL], { env: { ...process.env, PASSWORD } }), 'usage: PASSWORD=');
    });

    // The raw form has no key id and no nonce that could be wrong.
    if (language === 'shell') return;

    test('follows a key that was rotated, once', async (test) => {
      const proxy = await Proxy.start(test);
      proxy.changeDocuments = (document, count) => (count === 1 ? { ...document, ...someKey() } : document);
      greets(await login(proxy.url));
      assert.equal(proxy.posts.length, 2);
      assert.equal(proxy.documents, 1, 'the answer had the fresh document');
      proxy.changeDocuments = (document) => ({ ...document, ...someKey() });
      proxy.changeAnswers = (answer) => ({ ...answer, sealing_key: { ...answer.sealing_key, ...someKey() } });
      refused(await login(proxy.url), 'unknown_sealing_key');
      assert.equal(proxy.posts.length, 4);
    });

    test('seals again when the nonce has expired, once', async (test) => {
      const proxy = await Proxy.start(test);
      const expired = { nonce: 'A'.repeat(32) };
      proxy.changeDocuments = (document, count) => (count === 1 ? { ...document, ...expired } : document);
      greets(await login(proxy.url));
      assert.equal(proxy.posts.length, 2);
      proxy.changeDocuments = (document) => ({ ...document, ...expired });
      refused(await login(proxy.url), 'stale_envelope');
      assert.equal(proxy.posts.length, 4);
    });
  });

  function greets({ code, stdout, stderr }) {
    assert.equal(code, 0, stderr);
    const expected = /^(.*) <(.*)>, account [0-9a-f-]{36}\naccess token until (.*Z)\n$/;
    const [, name, address, expiry] = expected.exec(stdout) ?? [];
    assert.equal(name, NAME, stdout);
    assert.equal(address, email);
    const seconds = (Date.parse(expiry) - Date.now()) / 1000;
    assert.ok(seconds > 590 && seconds <= 601, `${expiry} is in ${seconds} seconds`);
  }
}

function refused({ code, stdout, stderr }, message) {
  assert.ok(code > 0 && code < 126, `ended with ${code}`);
  assert.equal(stdout, '');
  assert.match(stderr, new RegExp(message));
  // What a reader would have to search for the message.
  assert.doesNotMatch(stderr, /Traceback|\tat |panicked|Warning:|Fatal error/);
}

/** Stands before the server, counts, and changes what passes by. */
class Proxy {
  posts = [];
  documents = 0;
  changeDocuments = (document) => document;
  changeAnswers = (answer) => answer;

  static async start(test) {
    const proxy = new Proxy();
    const server = http.createServer((request, response) => proxy.#pass(request, response));
    proxy.url = await listen(test, server);
    return proxy;
  }

  async #pass(request, response) {
    let body = '';
    for await (const part of request) body += part;
    const { method, url: path } = request;
    if (method === 'POST') this.posts.push({ path, body: JSON.parse(body) });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(BULLA_URL + path, { method, headers, body: method === 'POST' ? body : undefined });
    const type = answer.headers.get('Content-Type');
    let text = await answer.text();
    if (path.endsWith('/sealing-key')) text = JSON.stringify(this.changeDocuments(JSON.parse(text), ++this.documents));
    else if (method === 'POST') text = JSON.stringify(this.changeAnswers(JSON.parse(text)));
    response.writeHead(answer.status, { 'Content-Type': type }).end(text);
  }
}

/** The parts of a sealing-key document that tell of a key: one that the server has never had. */
function someKey() {
  const { publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { e, kty, n } = publicKey.export({ format: 'jwk' });
  const kid = crypto.createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
  const jwk = { kty, use: 'enc', alg: 'RSA-OAEP-256', kid, n, e };
  return { kid, jwk, pem: publicKey.export({ format: 'pem', type: 'spki' }) };
}
