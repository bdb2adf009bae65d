// An Express service that accepts Bulla's access tokens: it verifies them itself, against the server's key set.
//
//     npm ci && ISSUER=http://127.0.0.1:8080 PORT=3000 npm start

import express from 'express';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const { ISSUER = 'http://127.0.0.1:8080', AUDIENCE = ISSUER, PORT = 3000 } = process.env;

// Fetched when it is first needed, kept for an hour, and fetched again when a token names another key; but not more
// than once a minute, since anyone can invent a name.
const keySet = createRemoteJWKSet(new URL(`${ISSUER}/.well-known/jwks.json`), {
  cacheMaxAge: 3_600_000,
  cooldownDuration: 60_000,
});

// Nothing that a token says is believed before all of this holds.
const rules = {
  algorithms: ['ES256'], // the server's BULLA_SIGNING_ALG; what the token wants does not count
  typ: 'at+jwt',
  issuer: ISSUER,
  audience: AUDIENCE,
  requiredClaims: ['exp', 'iat', 'sub', 'sid', 'jti', 'email'],
};

const app = express();
app.get('/', (request, response) => response.send('for everyone\n'));
app.get('/me', authenticate, ({ claims }, response) => response.json({ id: claims.sub, email: claims.email }));
app.listen(PORT, '127.0.0.1');

async function authenticate(request, response, next) {
  const [, token] = /^Bearer (.+)$/i.exec(request.get('Authorization')) ?? [];
  if (token === undefined) {
    return response.status(401).set('WWW-Authenticate', 'Bearer').end();
  }
  try {
    const { payload } = await jwtVerify(token, keySet, rules);
    request.claims = payload;
  } catch (error) {
    if (isWithoutKeys(error)) {
      return response.status(503).set('Retry-After', '5').end();
    }
    console.warn(`a token was refused: ${error.message}`);
    return response.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').end();
  }
  next();
}

// Then nothing can be said about the token: neither good nor bad.
function isWithoutKeys(error) {
  const codes = ['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'];
  return !(error instanceof errors.JOSEError) || codes.includes(error.code);
}
