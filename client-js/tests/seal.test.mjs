// What seal() makes, opened by something that shares nothing with it.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import test from "node:test";

import { BullaError, seal } from "../src/index.js";
import { base64url, judge } from "./support/opener.mjs";

const vectors = JSON.parse(fs.readFileSync(new URL("../../spec/vectors/seal.json", import.meta.url)));
const nonceKey = Buffer.from(vectors.nonce_key, "hex");
const now = 1_700_000_000_000;
const email = "ada@example.com";
const password = "correct horse battery staple";

test("what seal() makes opens with every key and for every purpose", async () => {
  for (const name of Object.keys(vectors.keys)) {
    for (const purpose of ["register", "login", "current_password", "new_password"]) {
      const envelope = await seal(sealingKey(name), password, { purpose, email });
      const opened = opener(name, { envelope, purpose, email });
      assert.deepEqual([opened.verdict, opened.password], ["opens", password], `${name}, ${purpose}`);
    }
  }
});

test("it does not open for another purpose, another account, or with another key", async () => {
  const envelope = await seal(sealingKey("rfc7516-a1"), password, { purpose: "login", email });
  const verdict = (question, name = "rfc7516-a1") =>
    opener(name, { envelope, purpose: "login", email, ...question }).verdict;
  assert.equal(verdict({}), "opens");
  assert.equal(verdict({ purpose: "register" }), "unopenable");
  assert.equal(verdict({ email: "eve@example.com" }), "unopenable");
  assert.equal(verdict({ now: now + 300_000 }), "stale");
  assert.equal(verdict({}, "rfc7520-5.1"), "unknown_sealing_key");
});

test("the header has alg, enc and kid, and nothing else", async () => {
  const { header } = await sealed();
  const { kid } = sealingKey("rfc7516-a1");
  assert.deepEqual([...header], [["alg", "RSA-OAEP-256"], ["enc", "A256GCM"], ["kid", kid]]);
});

test("the payload has the four members, the nonce unchanged, and nothing else", async () => {
  const { payload } = await sealed();
  const { nonce } = sealingKey("rfc7516-a1");
  assert.deepEqual(Object.fromEntries(payload), { password, purpose: "login", email, nonce });
});

test("it is five parts of canonical base64url, with the sizes that RFC 7518 wants", async () => {
  const { envelope, parts } = await sealed();
  assert.match(envelope, /^eyJ[\w-]+(\.[\w-]+){4}$/);
  for (const part of envelope.split(".")) base64url(part);
  const sizes = [parts.wrapped, parts.iv, parts.tag].map((part) => part.length);
  assert.deepEqual(sizes, [256, 12, 16]);
});

test("an envelope does not show how long the password is", async () => {
  const lengths = new Set();
  for (let length = 1; length <= 64; length++) lengths.add((await sealed("x".repeat(length))).envelope.length);
  assert.equal(lengths.size, 1);
  assert.ok((await sealed("x".repeat(300))).envelope.length > Math.max(...lengths), "what is much longer shows");
});

test("the header is authenticated, and so are ciphertext and tag", async () => {
  const { envelope } = await sealed();
  const texts = envelope.split(".");
  const { alg, enc, kid } = JSON.parse(base64url(texts[0]));
  const sameMeaning = Buffer.from(JSON.stringify({ enc, alg, kid })).toString("base64url");
  const changed = [
    [sameMeaning, ...texts.slice(1)],
    texts.with(3, flipped(texts[3])),
    texts.with(4, flipped(texts[4])),
    texts.with(2, flipped(texts[2])),
  ];
  for (const parts of changed) {
    const { verdict } = opener("rfc7516-a1", { envelope: parts.join("."), purpose: "login", email });
    assert.equal(verdict, "unopenable");
  }
});

test("two envelopes of one password share nothing but the header", async () => {
  const [one, other] = [await sealed(), await sealed()].map(({ envelope }) => envelope.split("."));
  assert.equal(one[0], other[0]);
  for (const place of [1, 2, 3, 4]) assert.notEqual(one[place], other[place]);
});

test("a password arrives as it was typed", async () => {
  for (const typed of ["pässwörd 密码 🔐👩‍👩‍👧", '"\\/\n\t\u0000\u2028', "", " spaces ", "e\u0301"]) {
    assert.equal((await sealed(typed)).password, typed);
  }
});

test("1024 bytes fit, with the longest key too", async () => {
  const long = "🔑".repeat(256);
  const envelope = await seal(sealingKey("rfc7520-5.2"), long, { purpose: "current_password", email });
  assert.ok(envelope.length <= 4096, `${envelope.length} bytes`);
  assert.equal(opener("rfc7520-5.2", { envelope, purpose: "current_password", email }).password, long);
});

test("what is no string is refused before anything is sealed", async () => {
  const key = sealingKey("rfc7516-a1");
  await assert.rejects(seal(key, undefined, { purpose: "login", email }), TypeError);
  await assert.rejects(seal(key, password, { purpose: "login" }), TypeError);
});

test("a key of another kind is refused", async () => {
  for (const other of [{ alg: "RSA1_5" }, { alg: "RSA-OAEP" }, { enc: "A128GCM" }, { alg: undefined }]) {
    const attempt = seal({ ...sealingKey("rfc7516-a1"), ...other }, password, { purpose: "login", email });
    await assert.rejects(attempt, { name: "BullaError", code: "unexpected_answer", status: 0 });
  }
});

test("without WebCrypto the error says what to do", async () => {
  const property = Object.getOwnPropertyDescriptor(globalThis, "crypto");
  Object.defineProperty(globalThis, "crypto", { value: { getRandomValues() {} }, configurable: true });
  try {
    await assert.rejects(seal(sealingKey("rfc7516-a1"), password, { purpose: "login", email }), (error) => {
      assert.ok(error instanceof BullaError);
      assert.equal(error.code, "insecure_context");
      assert.match(error.message, /HTTPS.*http:\/\/localhost/);
      return true;
    });
  } finally {
    Object.defineProperty(globalThis, "crypto", property);
  }
});

function sealingKey(name) {
  const { kty, n, e, kid, alg } = vectors.keys[name];
  const jwk = { kty, n, e, kid, alg, use: "enc" };
  return { kid, alg, enc: "A256GCM", jwk, pem: "", nonce: nonce(), nonce_expires_in: 300 };
}

function nonce() {
  const time = Buffer.alloc(8);
  time.writeBigInt64BE(BigInt(now));
  const tag = crypto.createHmac("sha256", nonceKey).update("bulla-seal nonce v1\0").update(time).digest();
  return Buffer.concat([time, tag.subarray(0, 16)]).toString("base64url");
}

async function sealed(text = password) {
  const envelope = await seal(sealingKey("rfc7516-a1"), text, { purpose: "login", email });
  return { envelope, ...opener("rfc7516-a1", { envelope, purpose: "login", email }) };
}

const opener = (name, question) => judge({ now, ...question }, [vectors.keys[name]], nonceKey);

function flipped(part) {
  const bytes = base64url(part);
  bytes[0] ^= 1;
  return bytes.toString("base64url");
}
