// A second verifier, written from spec/token.md alone, on nothing but node:crypto. Runs the vectors:
//
//     node token/tests/vectors.mjs
//
// It keeps the last of two equal JSON members and tolerates unknown header members, as JSON.parse and
// most JWT libraries do, so it may accept what the vectors mark `beyond_rfc`. All else must agree.

import crypto from 'node:crypto';
import fs from 'node:fs';

const vectors = JSON.parse(fs.readFileSync(new URL('../../spec/vectors/token.json', import.meta.url)));
const judged = vectors.cases.filter((vector) => !vector.beyond_rfc);
const wrong = judged.filter((vector) => verdict(vector) !== expected(vector));
for (const vector of wrong) console.error(`${vector.name}: ${verdict(vector)}`);
console.log(`${judged.length - wrong.length} of ${judged.length} agree, ${vectors.cases.length - judged.length} beyond the RFCs not judged`);
process.exitCode = wrong.length === 0 && judged.length > 0 ? 0 : 1;

function expected(vector) {
  return vector.verdict === 'valid' ? JSON.stringify(sorted(vector.claims)) : 'invalid';
}

function verdict(vector) {
  try {
    const claims = { ...verify(vector), aud: vector.audience };
    const known = Object.keys(claims).filter((name) => name in vector.claims);
    return JSON.stringify(sorted(Object.fromEntries(known.map((name) => [name, claims[name]]))));
  } catch {
    return 'invalid';
  }
}

function verify({ keys, issuer, audience, now, token }) {
  demand(Buffer.byteLength(token) <= 8192, 'size');
  const parts = token.split('.');
  demand(parts.length === 3, 'parts');
  const [header, payload, signature] = parts.map(decode);
  const { alg, kid, typ, crit } = parse(header);
  demand(crit === undefined, 'crit');
  demand(typeof typ === 'string' && /^(application\/)?at\+jwt$/i.test(typ), 'typ');
  demand(fits(vectors.keys[keys], kid, alg, Buffer.from(`${parts[0]}.${parts[1]}`), signature), 'signature');

  const claims = parse(payload);
  for (const name of ['iss', 'sub', 'jti']) demand(typeof claims[name] === 'string', name);
  for (const name of ['exp', 'iat']) demand(Number.isFinite(claims[name]) && claims[name] >= 0, name);
  demand(claims.iss === issuer, 'iss');
  const audiences = [claims.aud].flat();
  demand(audiences.every((one) => typeof one === 'string') && audiences.includes(audience), 'aud');
  demand(claims.exp > now, 'exp');
  demand(claims.iat <= now + vectors.leeway_seconds, 'iat');
  const { nbf = 0 } = claims;
  demand(Number.isFinite(nbf) && nbf <= now + vectors.leeway_seconds, 'nbf');
  return claims;
}

// The key decides the algorithm; the header may only agree.
function fits({ jwks, shared_secret }, kid, alg, signed, signature) {
  if (shared_secret !== undefined && kid === 'shared-secret') {
    const tag = crypto.createHmac('sha256', Buffer.from(shared_secret, 'base64url')).update(signed).digest();
    return alg === 'HS256' && tag.length === signature.length && crypto.timingSafeEqual(tag, signature);
  }
  const jwk = jwks.keys.find((key) => key.kid === kid);
  if (jwk === undefined || jwk.alg !== alg) return false;
  const key = { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' };
  return crypto.verify(alg === 'EdDSA' ? null : 'sha256', signed, key, signature);
}

// Buffer skips what is not base64url, so the way back must lead to the same text.
function decode(part) {
  const bytes = Buffer.from(part, 'base64url');
  demand(bytes.toString('base64url') === part, 'base64url');
  return bytes;
}

function parse(bytes) {
  const value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  demand(value !== null && typeof value === 'object' && !Array.isArray(value), 'object');
  return value;
}

function sorted(members) {
  return Object.fromEntries(Object.entries(members).sort());
}

function demand(condition, what) {
  if (!condition) throw new Error(what);
}
