// The examples that protect a service: they let good tokens through, and no others.

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { AUDIENCE, Issuer } from './issuer.mjs';
import {
  BUILT, BULLA_URL, EXAMPLES, ask, bearer, clock, eventually, freePort, isLeftOut, login, start,
} from './support.mjs';

const COMMANDS = {
  express: () => ['node', 'server.js'],
  fastapi: (port) => [`${BUILT}/fastapi/bin/uvicorn`, 'main:app', '--port', String(port), '--no-access-log'],
  axum: () => [`${BUILT}/programs/bulla-example-axum`],
};

for (const [name, command] of Object.entries(COMMANDS)) {
  suite(name, { concurrency: true, skip: isLeftOut(name) }, () => {
    test('a reader of Bulla gets in, others do not', async (test) => {
      const { user, access_token: token, refresh_token: refreshToken } = await login();
      const url = await service(test, { ISSUER: BULLA_URL });
      assert.equal((await ask(`${url}/`)).status, 200);
      await welcomes(url, token, { id: user.id, email: user.email });
      await refuses(url, refreshToken, 'a refresh token');
      // The scheme's name may be written as one likes (RFC 9110 §11.1).
      assert.equal((await ask(`${url}/me`, { headers: { Authorization: `bearer ${token}` } })).status, 200);
      for (const [path, headers] of [
        ['/me', {}],
        ['/me', { Authorization: '' }],
        ['/me', { Authorization: 'Bearer' }],
        ['/me', { Authorization: token }],
        ['/me', { Authorization: `Basic ${token}` }],
        [`/me?access_token=${token}`, {}],
      ]) {
        const answer = await ask(url + path, { headers });
        assert.equal(answer.status, 401, JSON.stringify(headers));
        assert.match(answer.headers['www-authenticate'], /^Bearer$/);
      }
    });

    test('a token of Bulla is refused by others, and when it has expired', async (test) => {
      const { access_token: token } = await login();
      await refuses(await service(test, { ISSUER: BULLA_URL, AUDIENCE }), token, 'another audience');
      const other = await Issuer.start(test);
      await refuses(await service(test, { ISSUER: other.url, AUDIENCE: BULLA_URL }), token, 'another issuer');
      const { environment, set } = clock(test);
      const url = await service(test, { ISSUER: BULLA_URL, ...environment });
      const { access_token: fresh, user } = await login();
      set(590);
      await welcomes(url, fresh, { id: user.id, email: user.email });
      set(610);
      await refuses(url, fresh, 'expired');
    });

    test('a forged token is refused', async (test) => {
      const issuer = await Issuer.start(test);
      const url = await service(test, { ISSUER: issuer.url, AUDIENCE });
      for (const [what, token] of Object.entries(issuer.forgeries())) {
        await refuses(url, token, what);
        await welcomes(url, issuer.token());
      }
      await welcomes(url, issuer.token({ claims: { aud: ['https://other.example.com', AUDIENCE] } }));
      // Where the key decides, another algorithm is as good (spec/token.md, verification, step 5).
      const { status } = await ask(`${url}/me`, bearer(issuer.tokenOfAnotherAlgorithm()));
      assert.equal(status, name === 'axum' ? 200 : 401, 'by a key of the set, of another algorithm');
      assert.equal(issuer.askedByToken, 0, 'a token said where to look for its key, and was believed');
    });

    test('the key set is kept, and fetched again for a new key, but not more than once a minute', async (test) => {
      const issuer = await Issuer.start(test);
      const { environment, set } = clock(test);
      const url = await service(test, { ISSUER: issuer.url, AUDIENCE, ...environment });
      const old = issuer.token();
      await inventNames(url, issuer);
      await welcomes(url, old);
      assert.equal(issuer.asked, 1);

      issuer.rotate();
      await refuses(url, issuer.token(), 'of a key that is a moment old');
      set(61);
      await welcomes(url, issuer.token());
      assert.equal(issuer.asked, 2);
      await inventNames(url, issuer);
      assert.equal(issuer.asked, 2);
      await refuses(url, old, 'of a key that is gone');
    });

    test('the key set is fetched again after an hour, and a key that is gone is gone', async (test) => {
      const issuer = await Issuer.start(test);
      const { environment, set } = clock(test);
      const url = await service(test, { ISSUER: issuer.url, AUDIENCE, ...environment });
      const old = issuer.token({ claims: { exp: Math.floor(Date.now() / 1000) + 9000 } });
      await welcomes(url, old);
      issuer.rotate();
      set(3590);
      await welcomes(url, old);
      assert.equal(issuer.asked, 1);
      set(3610);
      await refuses(url, old, 'of a key that is gone');
    });

    test('while the issuer is away, known keys serve on, and without any the answer is 503', async (test) => {
      const issuer = await Issuer.start(test);
      const url = await service(test, { ISSUER: issuer.url, AUDIENCE });
      await welcomes(url, issuer.token());
      issuer.stop();
      await welcomes(url, issuer.token());

      const port = await freePort();
      const issuerUrl = `http://127.0.0.1:${port}`;
      const early = await service(test, { ISSUER: issuerUrl, AUDIENCE });
      const answer = await ask(`${early}/me`, bearer(issuer.token()));
      assert.equal(answer.status, 503);
      assert.ok(answer.headers['retry-after']);
      const late = await Issuer.start(test, port);
      const isWelcome = async () => (await ask(`${early}/me`, bearer(late.token()))).status === 200;
      await eventually(isWelcome, () => 'it does not notice that the issuer is back');
    });
  });

  async function service(test, settings) {
    const port = await freePort();
    const own = { AUDIENCE: settings.ISSUER, PORT: String(port), PYTHONDONTWRITEBYTECODE: '1', ...settings };
    const env = { ...process.env, ...own };
    // A service holds nothing, and Python under a clock that jumps does not always end by itself.
    await start(test, command(port), port, { cwd: `${EXAMPLES}/${name}`, env, signal: 'SIGKILL' });
    return `http://127.0.0.1:${port}`;
  }
}

async function welcomes(url, token, user = { id: '42', email: 'ada@example.com' }) {
  const answer = await ask(`${url}/me`, bearer(token));
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(JSON.parse(answer.text), user);
}

async function refuses(url, token, what) {
  const answer = await ask(`${url}/me`, bearer(token));
  assert.equal(answer.status, 401, `a token ${what} was let through`);
  assert.equal(answer.headers['www-authenticate'], 'Bearer error="invalid_token"');
}

async function inventNames(url, issuer) {
  for (let count = 0; count < 20; count++) {
    await refuses(url, issuer.token({ header: { kid: `invented-${count}` } }), 'with an invented kid');
  }
}
