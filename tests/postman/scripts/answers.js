// What every answer of the server must be, whatever was asked: it is of the kind that the table below gives for its
// request, has the members of that kind and no others, and carries the headers that keep it out of the wrong hands.

const text = { type: 'string', minLength: 1 };
const time = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' };
const base64url = { type: 'string', pattern: '^[A-Za-z0-9_-]+$' };
const whole = { type: 'integer', minimum: 1 };
const list = (items) => ({ type: 'array', items });
// All of these members, and no others: what is not promised is not told.
const object = (properties, optional = {}) => ({
  type: 'object',
  properties: { ...properties, ...optional },
  required: Object.keys(properties),
  additionalProperties: false,
});

const user = object({ id: text, name: text, email: text, created_at: time });
const message = object({ message: text });
const tokens = object({
  user,
  access_token: { type: 'string', pattern: '^[\\w-]+\\.[\\w-]+\\.[\\w-]+$' },
  token_type: { const: 'Bearer' },
  expires_in: whole,
  refresh_token: { type: 'string', pattern: '^[\\w-]+\\.[\\w-]+$' },
});
const session = object({
  id: text,
  created_at: time,
  last_used_at: time,
  expires_at: time,
  ip: text,
  user_agent: { type: 'string' },
  current: { type: 'boolean' },
});
const sealingKey = object({
  kid: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' },
  alg: { const: 'RSA-OAEP-256' },
  enc: { const: 'A256GCM' },
  jwk: object({
    kty: { const: 'RSA' },
    use: { const: 'enc' },
    alg: { const: 'RSA-OAEP-256' },
    kid: base64url,
    n: base64url,
    e: base64url,
  }),
  pem: { type: 'string', pattern: '^-----BEGIN PUBLIC KEY-----\\n' },
  nonce: base64url,
  nonce_expires_in: whole,
});
// No private member (d, p, q, k) has a place in it.
const verifyingKey = object(
  { kty: text, use: { const: 'sig' }, alg: { enum: ['ES256', 'RS256', 'EdDSA'] }, kid: base64url },
  { crv: text, x: base64url, y: base64url, n: base64url, e: base64url },
);
const problem = object(
  {
    type: { type: 'string', pattern: '^/docs#' },
    title: text,
    status: { const: pm.response.code },
    detail: text,
    code: { type: 'string', pattern: '^[a-z_]+$' },
    message: text,
    request_id: { const: pm.response.headers.get('X-Request-Id') },
  },
  { errors: list(object({ pointer: text, code: text, detail: text })), sealing_key: sealingKey },
);
const description = { type: 'object', required: ['openapi', 'info', 'paths', 'components'] };

const json = (schema) => ({ contentType: 'application/json', schema });
const answers = {
  'GET /.well-known/jwks.json 200': json(object({ keys: list(verifyingKey) })),
  'GET /api/auth/profile 200': json(user),
  'GET /api/auth/public.pem 200': { contentType: 'application/x-pem-file' },
  'GET /api/auth/sealing-key 200': json(sealingKey),
  'GET /api/auth/sessions 200': json(object({ sessions: list(session) })),
  'GET /api/auth/verify 200': { isEmpty: true },
  'GET /healthz 200': json(message),
  'GET /openapi.json 200': json(description),
  'GET /readyz 200': json(message),
  'DELETE /api/auth/sessions 204': { isEmpty: true },
  'DELETE /api/auth/sessions/:id 204': { isEmpty: true },
  'PATCH /api/auth/profile 200': json(user),
  'POST /api/auth/login 200': json(tokens),
  'POST /api/auth/logout 200': json(message),
  'POST /api/auth/password 200': json(tokens),
  'POST /api/auth/refresh 200': json(tokens),
  'POST /api/auth/register 201': json(object({ message: text, user })),
};

const path = `/${pm.request.url.path.join('/')}`.replace(/\/sessions\/.+/, '/sessions/:id');
const asked = `${pm.request.method} ${path} ${pm.response.code}`;
const refusal = { contentType: 'application/problem+json', schema: problem };
const expected = pm.response.code >= 400 ? refusal : answers[asked];

pm.test('the answer is of the kind that belongs to the request', () => {
  pm.expect(expected, `the table of answers has no "${asked}"`).to.be.an('object');
  if (expected.isEmpty) return pm.expect(pm.response.text()).to.equal('');
  pm.expect(pm.response.headers.get('Content-Type')).to.equal(expected.contentType);
  if (expected.schema) pm.response.to.have.jsonSchema(expected.schema);
});

pm.test('the answer is kept by no cache, and carries its request id', () => {
  // Only the keys for verifying are public, and change slowly.
  const caching = asked === 'GET /.well-known/jwks.json 200' ? 'public, max-age=300' : 'no-store';
  pm.expect(pm.response.headers.get('Cache-Control')).to.equal(caching);
  pm.expect(pm.response.headers.get('X-Content-Type-Options')).to.equal('nosniff');
  pm.expect(pm.response.headers.get('X-Request-Id')).to.match(/^[0-9a-f-]{36}$/);
});

if (pm.response.code >= 400) {
  pm.test('the refusal says what is wrong in one sentence, twice for old clients', () => {
    const { type, code, detail, message: repeated } = pm.response.json();
    pm.expect(type).to.equal(`/docs#${code}`);
    pm.expect(repeated).to.equal(detail);
  });
  pm.test('WWW-Authenticate is there if a token was refused, and only then', () => {
    const challenge = pm.response.json().code === 'invalid_token' ? 'Bearer error="invalid_token"' : undefined;
    pm.expect(pm.response.headers.get('WWW-Authenticate')).to.equal(challenge);
  });
  pm.test('Retry-After is there if waiting helps, and only then', () => {
    const wait = pm.response.headers.get('Retry-After');
    if ([429, 503].includes(pm.response.code)) pm.expect(Number(wait)).to.be.at.least(1);
    else pm.expect(wait).to.equal(undefined);
  });
}
