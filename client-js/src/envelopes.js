// Requests with sealed passwords: the key is fetched when needed, and followed when it rotates.

/** @import * as declared from "./index.js" */
/** @import { Send } from "./request.js" */

import { seal } from "./seal.js";
import { webCrypto } from "./web-crypto.js";

/** How long before its nonce expires a document is no longer used: a request may be slow. */
const MARGIN_SECONDS = 30;

/** @typedef {(password: string, context: declared.SealContext) => Promise<string>} Seal */

/** @param {Send} send */
export function createSendSealed(send) {
  /** @type {{ document: declared.SealingKey, until: number } | null} */
  let kept = null;

  /**
   * @param {declared.SealingKey} document
   * @param {number} askedAt
   */
  function keep(document, askedAt) {
    kept = { document, until: askedAt + (document.nonce_expires_in - MARGIN_SECONDS) * 1000 };
    return document;
  }

  async function sealingKey() {
    const now = Date.now();
    if (kept && now < kept.until) return kept.document;
    return keep(await send("GET", "/sealing-key", { expected: "jwk" }), now);
  }

  /**
   * Sends a body once, and once more if the server asks for a newer key or nonce. The body is made anew for each
   * request: an envelope is never sent twice.
   *
   * @param {string} path
   * @param {(seal: Seal) => Promise<object>} makeBody
   * @param {{ token?: string, expected: string }} request
   */
  return async function sendSealed(path, makeBody, request) {
    webCrypto(); // Before anything is sent.
    const once = async () => {
      const document = await sealingKey();
      const body = await makeBody((password, context) => seal(document, password, context));
      return send("POST", path, { ...request, body });
    };
    const now = Date.now();
    try {
      return await once();
    } catch (/** @type {any} */ error) {
      if (error.code === "unknown_sealing_key" && error.sealingKey) keep(error.sealingKey, now);
      else if (error.code === "stale_envelope") kept = null;
      else throw error;
    }
    return once();
  };
}
