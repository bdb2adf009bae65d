// Seals the passwords of a request before it is sent, with nothing but what Postman brings along.
//
// In a JSON body, {{sealed_password}} stands for the variable `password`, sealed; {{sealed_new_password}} for the
// variable `new_password`, and so on. What the envelope is for is the name of the member that it is sent in.
// To copy this into a collection of your own: it needs the variables `url`, `email` and those passwords.

// The walk can be repeated: each Register is for somebody new, as long as `email` contains {{run}}.
if (pm.info.requestName === 'Register') pm.collectionVariables.set('run', Date.now().toString(36));

const text = (pm.request.body && pm.request.body.raw) || '';
if (text.includes('{{sealed_')) {
  // A test, so that a person sees among the results why sealing failed.
  pm.test('the passwords of this request are sealed', (done) => {
    // Postman waits for timers, but not in every version for promises: this one runs until all is sealed.
    const waiting = setInterval(() => {}, 1000);
    sealPasswords(JSON.parse(text)).then(() => done(), done).then(() => clearInterval(waiting));
  });
}

async function sealPasswords(body) {
  const key = await fetchSealingKey();
  // The account that the password belongs to: named in the body, or else that of the session.
  const email = pm.variables.replaceIn(body.email || '{{email}}');
  for (const [member, value] of Object.entries(body)) {
    const [, variable] = /^\{\{sealed_(\w+)\}\}$/.exec(value) || [];
    if (!variable) continue;
    const password = pm.variables.get(variable);
    if (!password) throw new Error(`There is nothing to seal: set the variable "${variable}".`);
    const purpose = member === 'password' ? lastSegment(pm.request.url) : member;
    const sealed = hasWebCrypto()
      ? await sealAsJwe(key, { password, purpose, email, nonce: key.nonce })
      : sealRaw(key.jwk, password);
    pm.variables.set(`sealed_${variable}`, sealed);
  }
}

// A password sent to /register is for `register`, one sent to /login for `login`.
function lastSegment(url) {
  return url.getPath().split('/').pop();
}

// Asked for each time: keys rotate, and the nonce in the document is good for five minutes.
function fetchSealingKey() {
  const url = pm.variables.replaceIn('{{url}}/api/auth/sealing-key');
  return new Promise((resolve, reject) => {
    pm.sendRequest(url, (error, answer) => {
      const reason = error ? error.message || error.code : `status ${answer.code}`;
      if (error || answer.code !== 200) {
        return reject(new Error(`No key from ${url} (${reason}). Start Bulla, or correct the variable "url".`));
      }
      resolve(answer.json());
    });
  });
}

// Postman has WebCrypto since 2025; Newman 6 has not.
function hasWebCrypto() {
  return typeof crypto === 'object' && Boolean(crypto.subtle);
}

// The JWE form (RFC 7516, RSA-OAEP-256 and A256GCM): bound to its purpose, its account and its moment.
// Content key and initialization vector come from getRandomValues, the system's cryptographic generator.
async function sealAsJwe(key, payload) {
  const header = base64url(JSON.stringify({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: key.kid }));
  const contentKey = crypto.getRandomValues(new Uint8Array(32));
  const iv = crypto.getRandomValues(new Uint8Array(12));

  const rsa = await crypto.subtle.importKey('jwk', key.jwk, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['encrypt']);
  const encryptedKey = await crypto.subtle.encrypt({ name: 'RSA-OAEP' }, rsa, contentKey);
  const aes = await crypto.subtle.importKey('raw', contentKey, 'AES-GCM', false, ['encrypt']);
  const algorithm = { name: 'AES-GCM', iv, additionalData: Buffer.from(header) };
  // WebCrypto appends the tag, of 16 bytes, to the ciphertext; a JWE has them apart.
  const sealed = Buffer.from(await crypto.subtle.encrypt(algorithm, aes, padded(JSON.stringify(payload))));
  const parts = [encryptedKey, iv, sealed.slice(0, -16), sealed.slice(-16)].map(base64url);
  return [header, ...parts].join('.');
}

// With spaces, which hide how long the password is.
function padded(json) {
  const bytes = Buffer.from(json);
  return Buffer.concat([bytes, Buffer.alloc((256 - (bytes.length % 256)) % 256, ' ')]);
}

function base64url(bytes) {
  return Buffer.from(bytes).toString('base64').replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

// The raw form, for a Postman without WebCrypto: base64 of RSAES-OAEP (RFC 8017 §7.1.1) with SHA-256, MGF1 with
// SHA-256 and an empty label over the password.
function sealRaw(jwk, password) {
  const modulus = Buffer.from(jwk.n.replace(/-/g, '+').replace(/_/g, '/'), 'base64');
  const exponent = Buffer.from(jwk.e, 'base64');
  const message = Buffer.from(password);
  const padding = modulus.length - message.length - 66;
  if (padding < 0) throw new Error(`The password is too long: ${modulus.length - 66} bytes fit into the raw form.`);

  const block = Buffer.concat([sha256(Buffer.alloc(0)), Buffer.alloc(padding), Buffer.from([1]), message]);
  const seed = randomSeed();
  const maskedBlock = xor(block, mask(seed, block.length));
  const maskedSeed = xor(seed, mask(maskedBlock, seed.length));
  const encoded = Buffer.concat([maskedSeed, maskedBlock]);

  const sealed = power(toNumber(encoded), toNumber(exponent), toNumber(modulus));
  return Buffer.from(sealed.toString(16).padStart(modulus.length * 2, '0'), 'hex').toString('base64');
}

// MGF1 (RFC 8017 §B.2.1).
function mask(seed, length) {
  const blocks = [];
  for (let counter = 0; counter * 32 < length; counter += 1) {
    blocks.push(sha256(Buffer.concat([seed, Buffer.from([0, 0, 0, counter])])));
  }
  return Buffer.concat(blocks).slice(0, length);
}

// base ** exponent % modulus. Everything in it is public but the message, which is used once: no one can time it twice.
function power(base, exponent, modulus) {
  let result = 1n;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}

// 32 bytes that nobody can guess. Without WebCrypto the sandbox has no cryptographic generator: Math.random, and
// whatever uses it (CryptoJS.lib.WordArray.random, {{$guid}}), can be predicted. So whoever runs the collection brings
// the randomness along, from the system's generator, and HMAC-SHA-256 makes of it one seed after the other: each is
// used once, and the next cannot be told from the last.
function randomSeed() {
  const entropy = pm.globals.get('entropy') || '';
  if (!/^[0-9a-f]{64}$/.test(entropy)) {
    throw new Error('This Postman has no WebCrypto. Update it; or, in Newman, add '
      + '--global-var "entropy=$(openssl rand -hex 32)", anew for each run.');
  }
  pm.globals.set('entropy', hmac(entropy, 'next').toString('hex'));
  return hmac(entropy, 'seed');
}

function hmac(key, label) {
  const { HmacSHA256, enc } = require('crypto-js');
  return Buffer.from(HmacSHA256(label, enc.Hex.parse(key)).toString(), 'hex');
}

function sha256(bytes) {
  const { SHA256, enc } = require('crypto-js');
  return Buffer.from(SHA256(enc.Hex.parse(bytes.toString('hex'))).toString(), 'hex');
}

function xor(bytes, others) {
  return Buffer.from(bytes.map((byte, index) => byte ^ others[index]));
}

function toNumber(bytes) {
  return BigInt(`0x${bytes.toString('hex')}`);
}
