// An issuer whose key is known, so that tokens can be made that must be refused.

import crypto from 'node:crypto';
import http from 'node:http';

import { listen } from './support.mjs';

export const AUDIENCE = 'https://api.example.com';

export class Issuer {
  asked = 0;
  askedByToken = 0;

  static async start(test, port = 0) {
    const issuer = new Issuer();
    issuer.rotate();
    issuer.server = http.createServer((request, response) => {
      const isOurs = request.url === '/.well-known/jwks.json';
      if (isOurs) issuer.asked++;
      else issuer.askedByToken++;
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ keys: isOurs ? [issuer.key.jwk, issuer.rsa.jwk] : [issuer.forger.jwk] }));
    });
    issuer.url = await listen(test, issuer.server, port);
    return issuer;
  }

  rotate() {
    this.key = newKey('ES256');
    this.rsa = newKey('RS256');
    this.forger = newKey('ES256');
  }

  stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** A token that is good but for what is asked for. */
  token({ header = {}, claims = {}, key = this.key, sign = signature } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const allClaims = {
      iss: this.url, sub: '42', aud: AUDIENCE, exp: now + 600, iat: now, jti: crypto.randomUUID(), sid: '9f3c',
      email: 'ada@example.com', ...claims,
    };
    const allHeader = { alg: key.jwk.alg, kid: this.key.jwk.kid, typ: 'at+jwt', ...header };
    const signed = [allHeader, allClaims].map((part) => base64url(JSON.stringify(part))).join('.');
    return `${signed}.${sign(signed, key)}`;
  }

  /** A good token, but for those who agreed on ES256. */
  tokenOfAnotherAlgorithm() {
    return this.token({ key: this.rsa, header: { kid: this.rsa.jwk.kid } });
  }

  /** Names and tokens, each with one thing wrong. */
  forgeries() {
    const now = Math.floor(Date.now() / 1000);
    const { forger, key } = this;
    const good = this.token();
    const [header, , ownSignature] = good.split('.');
    const [, otherClaims] = this.token({ claims: { sub: '1' } }).split('.');
    const own = { kid: forger.jwk.kid };
    return {
      'signed by another key': this.token({ key: forger }),
      'with the signature of another token': `${this.token().slice(0, -ownSignature.length)}${ownSignature}`,
      'with other claims under its signature': [header, otherClaims, ownSignature].join('.'),
      'without a signature': this.token({ sign: () => '' }),
      'of alg none': this.token({ header: { alg: 'none' }, sign: () => '' }),
      'of alg None, signed': this.token({ header: { alg: 'None' } }),
      'of HS256 under the public key': this.token({ header: { alg: 'HS256' }, sign: hs256(key.pem) }),
      'of HS256 under the public JWK': this.token({ header: { alg: 'HS256' }, sign: hs256(JSON.stringify(key.jwk)) }),
      'of HS256 under nothing': this.token({ header: { alg: 'HS256' }, sign: hs256('') }),
      'of an unknown key': this.token({ key: forger, header: own }),
      'that brings its key': this.token({ key: forger, header: { ...own, jwk: forger.jwk } }),
      'that says where its key is': this.token({ key: forger, header: { ...own, jku: `${this.url}/forger.json` } }),
      'that demands an extension': this.token({ header: { crit: ['b65'], b65: true } }),
      'for another audience': this.token({ claims: { aud: 'https://other.example.com' } }),
      'for several other audiences': this.token({ claims: { aud: [`${AUDIENCE}/`, 'https://other.example.com'] } }),
      'for nobody': this.token({ claims: { aud: undefined } }),
      'of another issuer': this.token({ claims: { iss: 'https://other.example.com' } }),
      'of almost the issuer': this.token({ claims: { iss: `${this.url}/` } }),
      'of no issuer': this.token({ claims: { iss: undefined } }),
      'that expired a minute ago': this.token({ claims: { exp: now - 60 } }),
      'that expires now': this.token({ claims: { exp: now } }),
      'that never expires': this.token({ claims: { exp: undefined } }),
      'that expires at a text': this.token({ claims: { exp: 'tomorrow' } }),
      'that is not valid yet': this.token({ claims: { nbf: now + 300 } }),
      'of nobody': this.token({ claims: { sub: undefined } }),
      'that is an ID token': this.token({ header: { typ: 'JWT' } }),
      'that is of no type': this.token({ header: { typ: undefined } }),
      'signed in DER': this.token({ sign: der }),
      'cut in two': good.split('.').slice(0, 2).join('.'),
      'with a part too many': `${good}.${ownSignature}`,
      'that is a refresh token': '9f3c.c2VjcmV0LXNlY3JldC1zZWNyZXQ',
    };
  }
}

function newKey(alg) {
  const [type, options] = alg === 'ES256' ? ['ec', { namedCurve: 'P-256' }] : ['rsa', { modulusLength: 2048 }];
  const { publicKey, privateKey } = crypto.generateKeyPairSync(type, options);
  const numbers = publicKey.export({ format: 'jwk' });
  const kid = crypto.createHash('sha256').update(JSON.stringify(sorted(numbers))).digest('base64url');
  const jwk = { ...numbers, use: 'sig', alg, kid };
  return { jwk, pem: publicKey.export({ format: 'pem', type: 'spki' }), private: privateKey };
}

function signature(signed, key) {
  return base64url(crypto.sign('sha256', Buffer.from(signed), { key: key.private, dsaEncoding: 'ieee-p1363' }));
}

function der(signed, key) {
  return base64url(crypto.sign('sha256', Buffer.from(signed), key.private));
}

function hs256(secret) {
  return (signed) => crypto.createHmac('sha256', secret).update(signed).digest('base64url');
}

function sorted(members) {
  return Object.fromEntries(Object.entries(members).sort());
}

function base64url(bytes) {
  return Buffer.from(bytes).toString('base64url');
}
