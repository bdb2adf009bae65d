// What a person does with an account: stay logged in, see where, change the name and the password, log out everywhere.

import { keepTokens } from '../script.mjs';

export default {
  name: 'Passwords and sessions',
  description: 'For the account that the walk registered. Send them from top to bottom: the first logs in, the last '
    + 'ends all sessions, and the password is in the end what it was.',
  requests: [
    {
      name: 'Log in on another device',
      description: 'Opens a session that this folder later ends from afar.',
      method: 'POST',
      path: '/api/auth/login',
      body: { email: '{{email}}', password: '{{sealed_password}}' },
      test: () => {
        pm.test('200: a session is open', () => {
          pm.response.to.have.status(200);
          pm.collectionVariables.set('other_access_token', pm.response.json().access_token);
        });
      },
    },
    {
      name: 'Log in',
      description: 'Opens the session that the requests below use.',
      method: 'POST',
      path: '/api/auth/login',
      body: { email: '{{email}}', password: '{{sealed_password}}' },
      test: keepTokens('200: a second session is open', () => {
        pm.test('it is not the other one', () => {
          const { access_token: token } = pm.response.json();
          pm.expect(token).to.not.equal(pm.collectionVariables.get('other_access_token'));
        });
      }),
    },
    {
      name: 'Refresh',
      description: 'Exchanges the refresh token for the next pair. Each is good once; a repeat within ten seconds gets '
        + 'the same successor, and a later one, which looks like theft, ends the session.',
      method: 'POST',
      path: '/api/auth/refresh',
      body: { refresh_token: '{{refresh_token}}' },
      before: () => {
        pm.variables.set('used_refresh_token', pm.collectionVariables.get('refresh_token'));
      },
      test: keepTokens('200: new tokens of the same session', () => {
        pm.test('the refresh token is another one, of the same session', () => {
          const [id, secret] = pm.response.json().refresh_token.split('.');
          const [usedId, usedSecret] = pm.variables.get('used_refresh_token').split('.');
          pm.expect(id).to.equal(usedId);
          pm.expect(secret).to.not.equal(usedSecret);
        });
      }),
    },
    {
      name: 'Verify a token for a gateway',
      description: 'What nginx `auth_request`, Traefik, Caddy and Envoy ask for each request that they guard. It '
        + 'answers from memory, without a body; who it is stands in the headers.',
      method: 'GET',
      path: '/api/auth/verify',
      needsToken: true,
      test: () => {
        pm.test('200: the headers say who it is, and in which session', () => {
          pm.response.to.have.status(200);
          const token = pm.collectionVariables.get('access_token');
          const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
          const claims = JSON.parse(Buffer.from(payload, 'base64').toString());
          pm.expect(pm.response.headers.get('X-Auth-User-Id')).to.equal(claims.sub);
          pm.expect(pm.response.headers.get('X-Auth-Email')).to.equal(pm.variables.replaceIn('{{email}}'));
          pm.expect(pm.response.headers.get('X-Auth-Session-Id')).to.equal(claims.sid);
        });
      },
    },
    {
      name: 'Sessions',
      description: 'Where this account is logged in, the newest first. The test keeps the id of another session for '
        + 'the next request.',
      method: 'GET',
      path: '/api/auth/sessions',
      needsToken: true,
      test: () => {
        pm.test('200: this session and at least one more', () => {
          pm.response.to.have.status(200);
          const { sessions } = pm.response.json();
          pm.expect(sessions.filter((session) => session.current)).to.have.lengthOf(1);
          const other = sessions.find((session) => !session.current);
          pm.expect(other, 'the session of another device').to.be.an('object');
          pm.collectionVariables.set('other_session_id', other.id);
        });

        pm.test('the newest first, none of them over', () => {
          const { sessions } = pm.response.json();
          const created = sessions.map((session) => session.created_at);
          pm.expect(created).to.eql([...created].sort().reverse());
          for (const session of sessions) pm.expect(Date.parse(session.expires_at)).to.be.above(Date.now());
        });
      },
    },
    {
      name: 'End one session',
      description: 'Logs another device out, by the id that the list gave. Ids of other people\'s sessions are '
        + 'answered as if they did not exist.',
      method: 'DELETE',
      path: '/api/auth/sessions/:id',
      variables: { id: '{{other_session_id}}' },
      needsToken: true,
      test: () => {
        pm.test('204: it has ended', () => {
          pm.response.to.have.status(204);
        });

        const url = pm.variables.replaceIn('{{url}}/api/auth/profile');
        const header = { Authorization: `Bearer ${pm.collectionVariables.get('other_access_token')}` };
        pm.sendRequest({ url, method: 'GET', header }, (error, answer) => {
          pm.test('the token of the other device is refused', () => {
            pm.expect(error).to.equal(null);
            pm.expect(answer.code).to.equal(401);
            pm.expect(answer.json().code).to.equal('invalid_token');
          });
        });
      },
    },
    {
      name: 'End it again',
      description: 'A session that has ended is gone, and answered like one that never was.',
      method: 'DELETE',
      path: '/api/auth/sessions/:id',
      variables: { id: '{{other_session_id}}' },
      needsToken: true,
      test: () => {
        pm.test('404 not_found: there is no such session', () => {
          pm.response.to.have.status(404);
          pm.expect(pm.response.json().code).to.equal('not_found');
        });
      },
    },
    {
      name: 'Change the name',
      description: 'Changes what is sent, and nothing else. Members that the API does not know are ignored: nobody '
        + 'changes an id or an address with them.',
      method: 'PATCH',
      path: '/api/auth/profile',
      needsToken: true,
      body: { name: 'Augusta {{name}}', id: '1', email: 'somebody.else@example.com' },
      test: () => {
        pm.test('200: the name is the new one, and all else is as it was', () => {
          pm.response.to.have.status(200);
          const user = pm.response.json();
          pm.expect(user.name).to.equal(pm.variables.replaceIn('Augusta {{name}}'));
          pm.expect(user.email).to.equal(pm.variables.replaceIn('{{email}}'));
          pm.expect(user.id).to.not.equal('1');
        });
      },
    },
    {
      name: 'Change the password',
      description: 'Takes the old and the new password, each sealed for its own purpose. This session goes on with new '
        + 'tokens; every other session ends.',
      method: 'POST',
      path: '/api/auth/password',
      needsToken: true,
      body: { current_password: '{{sealed_password}}', new_password: '{{sealed_new_password}}' },
      test: keepTokens('200: the password is the new one; here are new tokens'),
    },
    {
      name: 'Log in with the old password',
      description: 'The old password is worth nothing now.',
      method: 'POST',
      path: '/api/auth/login',
      body: { email: '{{email}}', password: '{{sealed_password}}' },
      test: () => {
        pm.test('401 invalid_credentials', () => {
          pm.response.to.have.status(401);
          pm.expect(pm.response.json().code).to.equal('invalid_credentials');
        });
      },
    },
    {
      name: 'Change the password back',
      description: 'The same once more, the other way round, so that the variable `password` is right again. It needs '
        + 'the new password, and so shows that it counts.',
      method: 'POST',
      path: '/api/auth/password',
      needsToken: true,
      body: { current_password: '{{sealed_new_password}}', new_password: '{{sealed_password}}' },
      test: keepTokens('200: the password is what it was; here are new tokens'),
    },
    {
      name: 'End all sessions',
      description: 'Logs every device out, this one too. The test uses the token once more and sees it refused.',
      method: 'DELETE',
      path: '/api/auth/sessions',
      needsToken: true,
      test: () => {
        pm.test('204: all have ended', () => {
          pm.response.to.have.status(204);
        });

        const url = pm.variables.replaceIn('{{url}}/api/auth/profile');
        const header = { Authorization: `Bearer ${pm.collectionVariables.get('access_token')}` };
        pm.sendRequest({ url, method: 'GET', header }, (error, answer) => {
          pm.test('this token is refused, too', () => {
            pm.expect(error).to.equal(null);
            pm.expect(answer.code).to.equal(401);
            pm.expect(answer.json().code).to.equal('invalid_token');
          });
        });
      },
    },
  ],
};
