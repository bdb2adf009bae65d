// What is public: the key that passwords are sealed to, and the keys that tokens are verified with.

export default {
  name: 'Keys',
  description: 'Public keys, for everyone: one to seal passwords to, and those to verify access tokens with. '
    + 'No login is needed.',
  requests: [
    {
      name: 'Sealing key',
      description: 'The key to seal passwords to, and a nonce that proves an envelope fresh. Keys rotate, so ask for '
        + 'this before sealing and never build a key into a client; the pre-request script of this collection does so.',
      method: 'GET',
      path: '/api/auth/sealing-key',
      test: () => {
        pm.test('200: an RSA key of 2048 to 4096 bits under its own name', () => {
          pm.response.to.have.status(200);
          const { kid, jwk } = pm.response.json();
          pm.expect(jwk.kid).to.equal(kid);
          pm.expect(jwk.n.length).to.be.within(342, 683);
        });

        pm.test('the name of the key is its thumbprint (RFC 7638)', () => {
          const { kid, jwk } = pm.response.json();
          const members = JSON.stringify({ e: jwk.e, kty: jwk.kty, n: jwk.n });
          const thumbprint = require('crypto-js').SHA256(members).toString();
          pm.expect(Buffer.from(kid.replace(/-/g, '+').replace(/_/g, '/'), 'base64').toString('hex'))
            .to.equal(thumbprint);
        });

        pm.test('there is time to use the nonce', () => {
          pm.expect(pm.response.json().nonce_expires_in).to.equal(300);
        });
      },
    },
    {
      name: 'Sealing key as PEM',
      description: 'The same key for OpenSSL: with it, `openssl pkeyutl -encrypt` makes the raw form of a sealed '
        + 'password.',
      method: 'GET',
      path: '/api/auth/public.pem',
      test: () => {
        pm.test('200: a public key in PEM, and nothing else', () => {
          pm.response.to.have.status(200);
          pm.expect(pm.response.text())
            .to.match(/^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END PUBLIC KEY-----\n$/);
        });

        pm.sendRequest(pm.variables.replaceIn('{{url}}/api/auth/sealing-key'), (error, answer) => {
          pm.test('it is the key of the sealing-key document', () => {
            pm.expect(error).to.equal(null);
            pm.expect(answer.json().pem).to.equal(pm.response.text());
          });
        });
      },
    },
    {
      name: 'Verifying keys',
      description: 'The keys that access tokens are verified with, for any service that receives tokens. Keep the set '
        + 'for up to an hour; a new key is published before it signs.',
      method: 'GET',
      path: '/.well-known/jwks.json',
      test: () => {
        pm.test('200: at least one key, each with a name of its own', () => {
          pm.response.to.have.status(200);
          const names = pm.response.json().keys.map((key) => key.kid);
          pm.expect(names).to.not.be.empty;
          pm.expect(new Set(names).size).to.equal(names.length);
        });
      },
    },
  ],
};
