// The four requests of the tutorial that Bulla replaces, in the order in which a person makes them.

export default {
  name: 'The walk of the tutorial',
  description: 'Register, log in, look at the profile, log out. Send them from top to bottom, as often as you like: '
    + 'each Register is for somebody new, as long as `email` contains `{{run}}`.',
  requests: [
    {
      name: 'Register',
      description: 'Makes an account. The password is sealed before it leaves Postman, for `register` and for nothing '
        + 'else. Registering does not log in.',
      method: 'POST',
      path: '/api/auth/register',
      body: { name: '{{name}}', email: '{{email}}', password: '{{sealed_password}}' },
      test: () => {
        pm.test('201: the account exists, under the name and the address that were sent', () => {
          pm.response.to.have.status(201);
          const { message, user } = pm.response.json();
          pm.expect(message).to.equal('registered');
          pm.expect(user.name).to.equal(pm.variables.replaceIn('{{name}}'));
          pm.expect(user.email).to.equal(pm.variables.replaceIn('{{email}}'));
        });

        pm.test('the password does not come back, neither sealed nor in clear', () => {
          pm.expect(pm.response.text()).to.not.include(pm.variables.get('password'));
          pm.expect(pm.response.text()).to.not.include(pm.variables.get('sealed_password'));
        });
      },
    },
    {
      name: 'Login',
      description: 'Opens a session. The answer carries an access token, which any service can verify, and a refresh '
        + 'token, which only Bulla understands; the requests below use them.',
      method: 'POST',
      path: '/api/auth/login',
      body: { email: '{{email}}', password: '{{sealed_password}}' },
      test: () => {
        pm.test('200: a session is open, for the account that was asked for', () => {
          pm.response.to.have.status(200);
          const tokens = pm.response.json();
          pm.expect(tokens.user.email).to.equal(pm.variables.replaceIn('{{email}}'));
          pm.collectionVariables.set('access_token', tokens.access_token);
          pm.collectionVariables.set('refresh_token', tokens.refresh_token);
        });

        pm.test('the access token is signed, typed and for this account', () => {
          const tokens = pm.response.json();
          const base64 = (text) => text.replace(/-/g, '+').replace(/_/g, '/');
          const [header, claims] = tokens.access_token.split('.').slice(0, 2)
            .map((part) => JSON.parse(Buffer.from(base64(part), 'base64').toString()));
          pm.expect(header).to.include({ typ: 'at+jwt' });
          pm.expect(header.alg).to.be.oneOf(['ES256', 'RS256', 'EdDSA']);
          pm.expect(claims).to.include({ sub: tokens.user.id, email: tokens.user.email });
          pm.expect(claims.exp - claims.iat).to.equal(tokens.expires_in);
        });
      },
    },
    {
      name: 'Profile',
      description: 'The account that the access token belongs to. The session is looked up for each request, so a '
        + 'token of an ended session is refused at once.',
      method: 'GET',
      path: '/api/auth/profile',
      needsToken: true,
      test: () => {
        pm.test('200: it is the account that logged in', () => {
          pm.response.to.have.status(200);
          const user = pm.response.json();
          pm.expect(user.name).to.equal(pm.variables.replaceIn('{{name}}'));
          pm.expect(user.email).to.equal(pm.variables.replaceIn('{{email}}'));
        });
      },
    },
    {
      name: 'Logout',
      description: 'Ends this session, everywhere and at once. The test then uses the same tokens again and sees them '
        + 'refused.',
      method: 'POST',
      path: '/api/auth/logout',
      needsToken: true,
      test: () => {
        pm.test('200: logged out', () => {
          pm.response.to.have.status(200);
          pm.expect(pm.response.json().message).to.equal('logged out');
        });

        const url = pm.variables.replaceIn('{{url}}/api/auth');
        const bearer = { Authorization: `Bearer ${pm.collectionVariables.get('access_token')}` };
        pm.sendRequest({ url: `${url}/profile`, method: 'GET', header: bearer }, (error, answer) => {
          pm.test('the access token is refused from now on', () => {
            pm.expect(error).to.equal(null);
            pm.expect(answer.code).to.equal(401);
            pm.expect(answer.json().code).to.equal('invalid_token');
            pm.expect(answer.headers.get('WWW-Authenticate')).to.equal('Bearer error="invalid_token"');
          });
        });

        pm.sendRequest({ url: `${url}/verify`, method: 'GET', header: bearer }, (error, answer) => {
          pm.test('a gateway that asks /verify refuses it too', () => {
            pm.expect(error).to.equal(null);
            pm.expect(answer.code).to.equal(401);
            pm.expect(answer.headers.has('X-Auth-User-Id')).to.equal(false);
          });
        });

        const body = JSON.stringify({ refresh_token: pm.collectionVariables.get('refresh_token') });
        const header = { 'Content-Type': 'application/json' };
        const refresh = { url: `${url}/refresh`, method: 'POST', header, body: { mode: 'raw', raw: body } };
        pm.sendRequest(refresh, (error, answer) => {
          pm.test('the refresh token is refused too', () => {
            pm.expect(error).to.equal(null);
            pm.expect(answer.code).to.equal(401);
            pm.expect(answer.json().code).to.equal('invalid_token');
          });
        });
      },
    },
  ],
};
