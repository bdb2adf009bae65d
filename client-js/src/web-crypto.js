// WebCrypto, or what to do where there is none.

import { BullaError } from "./error.js";

/** @returns {Crypto} */
export function webCrypto() {
  // Browsers hide it from pages that came over plain HTTP, where anyone on the way could have changed the page.
  if (globalThis.crypto?.subtle) return crypto;
  throw new BullaError(
    "insecure_context",
    "this page cannot seal a password, because browsers offer WebCrypto only on secure origins; " +
      "serve it over HTTPS, or open it at http://localhost",
  );
}
