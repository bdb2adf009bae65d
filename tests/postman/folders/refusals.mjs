// What the server refuses, one request for each code that can be provoked from outside.

import { refused } from '../script.mjs';

// Sealed to a key that no server has. It opens nowhere.
const HEADER = Buffer.from('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"no-such-key"}').toString('base64url');
const SEALED_TO_NOBODY = `${HEADER}.AAAA.${'A'.repeat(16)}.AA.${'A'.repeat(22)}`;

const login = (password) => ({ method: 'POST', path: '/api/auth/login', body: { email: '{{email}}', password } });
const register = (body) => ({ method: 'POST', path: '/api/auth/register', body });

export default {
  name: 'Refusals',
  description: 'Each refusal that can be provoked, with the code that a program reads and the sentence that a person '
    + 'reads. Send Register of the walk before. Not here, because they need an operator, a fault or patience: '
    + '`account_disabled`, `stale_envelope`, `request_timeout`, `overloaded`, `unavailable`, `internal`.',
  requests: [
    {
      name: 'A password in clear',
      description: 'The password as it was typed. The server does not take it, and says how to seal it.',
      ...login('{{password}}'),
      test: refused(400, 'invalid_envelope', () => {
        pm.test('it says how to seal, and does not repeat the password', () => {
          const { detail } = pm.response.json();
          pm.expect(detail).to.include('/api/auth/sealing-key').and.include('/api/auth/public.pem');
          pm.expect(pm.response.text()).to.not.include(pm.variables.get('password'));
        });
      }),
    },
    {
      name: 'An envelope for a key that is gone',
      description: 'Sealed to a key that the server does not have. The answer brings the key that it has, so that a '
        + 'client seals again by itself.',
      ...login(SEALED_TO_NOBODY),
      test: refused(400, 'unknown_sealing_key', () => {
        pm.test('the key to seal to instead comes along', () => {
          pm.expect(pm.response.json().sealing_key).to.have.property('nonce');
        });
      }),
    },
    {
      name: 'A wrong password',
      description: 'Sealed well, but not the password. The answer is the same for an account that does not exist.',
      ...login('{{sealed_wrong_password}}'),
      test: refused(401, 'invalid_credentials'),
    },
    {
      name: 'An account that does not exist',
      description: 'The right password for nobody. The answer does not tell that the account is what is missing.',
      method: 'POST',
      path: '/api/auth/login',
      body: { email: 'nobody-{{run}}@example.com', password: '{{sealed_password}}' },
      test: refused(401, 'invalid_credentials', () => {
        pm.test('it says no more than for a wrong password', () => {
          pm.expect(pm.response.json().detail).to.equal('the email address or the password is wrong');
        });
      }),
    },
    {
      name: 'An envelope that was used before',
      description: 'The pre-request script logs in with an envelope; the request then sends the same one, as somebody '
        + 'would who has overheard it.',
      ...login('{{sealed_password}}'),
      before: () => {
        const raw = pm.variables.replaceIn(pm.request.body.raw);
        const firstUse = {
          url: pm.variables.replaceIn('{{url}}/api/auth/login'),
          method: 'POST',
          header: { 'Content-Type': 'application/json' },
          body: { mode: 'raw', raw },
        };
        pm.sendRequest(firstUse, (error, answer) => {
          if (error || answer.code !== 200) throw error || new Error(`The first use was refused: ${answer.text()}`);
        });
      },
      test: refused(401, 'reused_envelope'),
    },
    {
      name: 'Too many attempts',
      description: 'The pre-request script guesses six times at an account that does not exist. After that, even a '
        + 'right password would have to wait as long as Retry-After says.',
      method: 'POST',
      path: '/api/auth/login',
      body: { email: 'guessed-{{run}}@example.com', password: '{{sealed_password}}' },
      before: () => {
        const url = pm.variables.replaceIn('{{url}}/api/auth');
        const email = pm.variables.replaceIn('guessed-{{run}}@example.com');
        const header = { 'Content-Type': 'application/json' };

        // As long as an envelope, but not one: it opens to nothing, which counts as a wrong password.
        const guess = (size, rest) => {
          if (rest === 0) return;
          const envelope = Buffer.alloc(size);
          envelope.write(`${Date.now()} ${rest}`, 1);
          const raw = JSON.stringify({ email, password: envelope.toString('base64') });
          const attempt = { url: `${url}/login`, method: 'POST', header, body: { mode: 'raw', raw } };
          pm.sendRequest(attempt, () => guess(size, rest - 1));
        };
        pm.sendRequest(`${url}/sealing-key`, (error, answer) => {
          if (error) throw error;
          guess(Math.floor(answer.json().jwk.n.length * 3 / 4), 6);
        });
      },
      test: refused(429, 'too_many_attempts'),
    },
    {
      name: 'An address that is taken',
      description: 'Registers the account of the walk once more.',
      ...register({ name: '{{name}}', email: '{{email}}', password: '{{sealed_password}}' }),
      test: refused(409, 'email_taken'),
    },
    {
      name: 'A weak password',
      description: 'Long enough, but on the list of common passwords.',
      ...register({ name: '{{name}}', email: 'weak-{{run}}@example.com', password: '{{sealed_weak_password}}' }),
      test: refused(422, 'weak_password', () => {
        pm.test('it says which field, and why', () => {
          const [error] = pm.response.json().errors;
          pm.expect(error).to.include({ pointer: '/password', code: 'common' });
        });
      }),
    },
    {
      name: 'A short password',
      description: 'Shorter than the server demands.',
      ...register({ name: '{{name}}', email: 'short-{{run}}@example.com', password: '{{sealed_short_password}}' }),
      test: refused(422, 'weak_password', () => {
        pm.test('it says which field, and why', () => {
          const [error] = pm.response.json().errors;
          pm.expect(error).to.include({ pointer: '/password', code: 'too_short' });
        });
      }),
    },
    {
      name: 'Fields that are wrong',
      description: 'An empty name and an address without an @. All that is wrong is told at once, field by field.',
      ...register({ name: '', email: 'nobody', password: '{{sealed_password}}' }),
      test: refused(422, 'validation_failed', () => {
        pm.test('both fields are named', () => {
          const pointers = pm.response.json().errors.map((error) => error.pointer);
          pm.expect(pointers).to.have.members(['/name', '/email']);
        });
      }),
    },
    {
      name: 'A body that is not JSON',
      description: 'It breaks off in the middle.',
      ...login(''),
      body: '{"email": "{{email}}", ',
      test: refused(400, 'malformed_request'),
    },
    {
      name: 'A member that is there twice',
      description: 'Two readers could see two different addresses in it, so nobody gets to choose.',
      ...login(''),
      body: '{"email": "{{email}}", "email": "somebody.else@example.com", "password": "{{password}}"}',
      test: refused(400, 'malformed_request'),
    },
    {
      name: 'A member that is missing',
      description: 'A login without a password.',
      ...login(''),
      body: { email: '{{email}}' },
      test: refused(400, 'malformed_request'),
    },
    {
      name: 'No token',
      description: 'The profile of nobody in particular.',
      method: 'GET',
      path: '/api/auth/profile',
      test: refused(401, 'invalid_token'),
    },
    {
      name: 'Garbage instead of a token',
      description: 'Something that is no token at all.',
      method: 'GET',
      path: '/api/auth/profile',
      token: 'garbage',
      test: refused(401, 'invalid_token'),
    },
    {
      name: 'A token that was tampered with',
      description: 'A token of this server with another payload under the old signature, as somebody would make it who '
        + 'wants to be somebody else. Send Login of the walk before.',
      method: 'GET',
      path: '/api/auth/verify',
      token: '{{forged_token}}',
      before: () => {
        const [header, , signature] = pm.collectionVariables.get('access_token').split('.');
        const claims = { sub: '1', email: 'somebody.else@example.com', exp: Math.floor(Date.now() / 1000) + 600 };
        const payload = Buffer.from(JSON.stringify(claims)).toString('base64');
        const base64url = payload.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
        pm.variables.set('forged_token', `${header}.${base64url}.${signature}`);
      },
      test: refused(401, 'invalid_token', () => {
        pm.test('a gateway is told of nobody', () => {
          pm.expect(pm.response.headers.has('X-Auth-User-Id')).to.equal(false);
        });
      }),
    },
    {
      name: 'Garbage instead of a refresh token',
      description: 'Something that the server never gave out.',
      method: 'POST',
      path: '/api/auth/refresh',
      body: { refresh_token: 'garbage' },
      test: refused(401, 'invalid_token'),
    },
    {
      name: 'An address that does not exist',
      description: 'There is nothing here. Refusals outside of the routes have the same shape.',
      method: 'GET',
      path: '/api/auth/nothing-here',
      test: refused(404, 'not_found'),
    },
    {
      name: 'A method that does not exist',
      description: 'Logging in by GET would put the password into the address, and so into logs.',
      method: 'GET',
      path: '/api/auth/login',
      test: refused(405, 'method_not_allowed', () => {
        pm.test('Allow names the methods that exist', () => {
          pm.expect(pm.response.headers.get('Allow')).to.equal('POST');
        });
      }),
    },
    {
      name: 'A form instead of JSON',
      description: 'Pages of other origins can send this without asking; JSON they cannot.',
      ...login(''),
      body: 'email={{email}}&password=anything',
      contentType: 'application/x-www-form-urlencoded',
      test: refused(415, 'unsupported_media_type'),
    },
    {
      name: 'A body that is too large',
      description: 'More than 16 KiB, which no honest request needs.',
      ...register({ name: '{{long_name}}', email: '{{email}}', password: 'anything' }),
      before: () => {
        pm.variables.set('long_name', 'a'.repeat(16 * 1024));
      },
      test: refused(413, 'payload_too_large'),
    },
  ],
};
