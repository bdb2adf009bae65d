// The sealed password: a compact JWE (RFC 7516) of one shape, as spec/seal.md describes it.

/** @import * as declared from "./index.js" */

import { BullaError } from "./error.js";
import { webCrypto } from "./web-crypto.js";

/** @type {typeof declared.seal} */
export async function seal(sealingKey, password, { purpose, email }) {
  const { subtle } = webCrypto();
  // JSON would leave out what is undefined, and the server may not say what is wrong inside an envelope.
  if (typeof password !== "string" || typeof email !== "string") {
    throw new TypeError("seal() takes the password and the email address as strings");
  }
  const { alg, enc, kid, jwk, nonce } = sealingKey;
  if (alg !== "RSA-OAEP-256" || enc !== "A256GCM") {
    throw new BullaError("unexpected_answer", `this version cannot seal with ${alg} and ${enc}; update @bulla/client`);
  }

  const oaep = { name: "RSA-OAEP", hash: "SHA-256" };
  const publicKey = await subtle.importKey("jwk", jwk, oaep, false, ["wrapKey"]);
  const contentKey = await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  const wrapped = await subtle.wrapKey("raw", contentKey, publicKey, "RSA-OAEP");

  const header = base64url(utf8(JSON.stringify({ alg, enc, kid })));
  const iv = webCrypto().getRandomValues(new Uint8Array(12));
  const payload = padded(utf8(JSON.stringify({ password, purpose, email, nonce })));
  const gcm = { name: "AES-GCM", iv, additionalData: utf8(header) };
  const encrypted = new Uint8Array(await subtle.encrypt(gcm, contentKey, payload));
  // WebCrypto appends the tag, a JWE has it apart.
  const [ciphertext, tag] = [encrypted.subarray(0, -16), encrypted.subarray(-16)];
  return [header, ...[new Uint8Array(wrapped), iv, ciphertext, tag].map(base64url)].join(".");
}

/**
 * With spaces up to a multiple of 256 bytes: the ciphertext would show how long the password is.
 *
 * @param {Uint8Array<ArrayBuffer>} json
 */
function padded(json) {
  const length = Math.ceil(json.length / 256) * 256;
  if (length > 2048) return json;
  const bytes = new Uint8Array(length).fill(32);
  bytes.set(json);
  return bytes;
}

/** @param {string} text */
const utf8 = (text) => new TextEncoder().encode(text);

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
