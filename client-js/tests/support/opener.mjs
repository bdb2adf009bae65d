// What opens and judges envelopes, written from spec/seal.md alone, on nothing but node:crypto.
import crypto from "node:crypto";

import { parseStrictly } from "./strict-json.mjs";

/**
 * The verdict on a case of spec/vectors/seal.json: `{ verdict, password?, refusal?, header?, payload? }`.
 *
 * @param {{ envelope: string, purpose: string, email: string, now: number }} question
 * @param {object[]} keys Private JWKs with their `kid`.
 * @param {Buffer} nonceKey
 */
export function judge(question, keys, nonceKey) {
  try {
    return open(question, keys, nonceKey);
  } catch (verdict) {
    if (verdict instanceof Error) throw verdict;
    return verdict;
  }
}

function open({ envelope, purpose, email, now }, keys, nonceKey) {
  demand(Buffer.byteLength(envelope) <= 4096, invalid("too_long"));
  if (resembledForm(envelope) === "raw") return openRaw(envelope, keys);
  const { header, kid, parts } = readJwe(envelope);
  const jwk = keys.find((key) => key.kid === kid);
  demand(jwk, { verdict: "unknown_sealing_key" });
  demand(parts.wrapped.length === modulus(jwk).length, invalid("rsa_ciphertext_length"));
  demand(parts.wrapped.compare(modulus(jwk)) < 0, invalid("rsa_ciphertext_range"));

  const payload = hidden(() => parseStrictly(utf8(decipher(jwk, parts))));
  hidden(() => {
    for (const name of ["password", "purpose", "email", "nonce"]) {
      const text = payload.get(name);
      if (typeof text !== "string" || !text.isWellFormed()) throw new Error(name);
    }
    if (payload.get("purpose") !== purpose || payload.get("email") !== email) throw new Error("another's");
  });
  demand(isFresh(payload.get("nonce"), now, nonceKey), { verdict: "stale" });
  return { verdict: "opens", password: payload.get("password"), header, payload, parts };
}

function resembledForm(envelope) {
  const text = envelope.replace(/^[ \t\n\f\r]+|[ \t\n\f\r]+$/g, "");
  if (text.startsWith("eyJ") && text.includes(".")) return "jwe";
  const object = attempt(() => parseStrictly(text));
  demand(!(object instanceof Map && object.has("ciphertext")), invalid("json_serialization"));
  const digits = text.replace(/[^A-Za-z0-9+/_-]/g, "").length;
  demand(/^[A-Za-z0-9+/_=\s-]*$/.test(text) && digits >= 342 && digits <= 683, invalid("not_sealed"));
  return "raw";
}

function readJwe(envelope) {
  const texts = envelope.split(".");
  demand(texts.length === 5, invalid("part_count"));
  const protectedHeader = base64url(texts[0]);
  demand(protectedHeader.length <= 1024, invalid("header_too_long"));
  const header = attempt(() => parseStrictly(utf8(protectedHeader)));
  demand(header instanceof Map, invalid("header"));
  demand(header.get("alg") === "RSA-OAEP-256", invalid("unsupported_algorithm"));
  demand(header.get("enc") === "A256GCM", invalid("unsupported_encryption"));
  demand(!header.has("zip"), invalid("compressed"));
  demand(!header.has("crit"), invalid("critical_extension"));
  const isKnown = (name) => ["alg", "enc", "kid", "typ"].includes(name);
  demand([...header.keys()].every(isKnown), invalid("header_member"));
  demand(!header.has("typ") || header.get("typ") === "JOSE", invalid("header_member"));
  const kid = header.get("kid");
  demand(typeof kid === "string" && kid !== "", invalid("missing_key_id"));
  const [wrapped, iv, ciphertext, tag] = texts.slice(1).map(base64url);
  demand(iv.length === 12, invalid("initialization_vector_length"));
  demand(ciphertext.length > 0, invalid("empty_ciphertext"));
  demand(tag.length === 16, invalid("tag_length"));
  return { header, kid, parts: { additionalData: Buffer.from(texts[0], "ascii"), wrapped, iv, ciphertext, tag } };
}

function decipher(jwk, { additionalData, wrapped, iv, ciphertext, tag }) {
  const decipher = crypto.createDecipheriv("aes-256-gcm", unwrap(jwk, wrapped), iv);
  decipher.setAAD(additionalData);
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

function openRaw(envelope, keys) {
  const wrapped = Buffer.from(envelope, "base64");
  demand(wrapped.toString("base64") === envelope, invalid("encoding"));
  const long = keys.filter((jwk) => modulus(jwk).length === wrapped.length);
  demand(long.length > 0, invalid("rsa_ciphertext_length"));
  const fitting = long.filter((jwk) => wrapped.compare(modulus(jwk)) < 0);
  demand(fitting.length > 0, invalid("rsa_ciphertext_range"));
  const passwords = fitting.map((jwk) => attempt(() => utf8(unwrap(jwk, wrapped))));
  const password = passwords.find((found) => found !== undefined);
  return password === undefined ? { verdict: "unopenable" } : { verdict: "opens", password };
}

function isFresh(nonce, now, nonceKey) {
  const bytes = Buffer.from(nonce, "base64url");
  if (bytes.length !== 24 || bytes.toString("base64url") !== nonce) return false;
  const time = bytes.subarray(0, 8);
  const tag = crypto.createHmac("sha256", nonceKey).update("bulla-seal nonce v1\0").update(time).digest();
  if (!crypto.timingSafeEqual(tag.subarray(0, 16), bytes.subarray(8))) return false;
  const age = BigInt(now) - time.readBigInt64BE();
  return age < 300_000n && age >= -10_000n;
}

function unwrap(jwk, wrapped) {
  const key = crypto.createPrivateKey({ key: jwk, format: "jwk" });
  return crypto.privateDecrypt({ key, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, wrapped);
}

/** Buffer skips what is not base64url, so the way back must lead to the same text. */
export function base64url(text) {
  const bytes = Buffer.from(text, "base64url");
  demand(bytes.toString("base64url") === text, invalid("encoding"));
  return bytes;
}

const modulus = (jwk) => Buffer.from(jwk.n, "base64url");
const utf8 = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const invalid = (refusal) => ({ verdict: "invalid_envelope", refusal });

function demand(condition, verdict) {
  if (!condition) throw verdict;
}

/** From here on a failure has no reason. */
function hidden(step) {
  try {
    return step();
  } catch {
    throw { verdict: "unopenable" };
  }
}

function attempt(step) {
  try {
    return step();
  } catch {
    return undefined;
  }
}
