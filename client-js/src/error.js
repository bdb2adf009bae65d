// Every failure, in one shape.

/** @import * as declared from "./index.js" */

/** @implements {declared.BullaError} */
export class BullaError extends Error {
  /** @type {"BullaError"} */
  name = "BullaError";

  /**
   * @param {string} code
   * @param {string} message
   * @param {declared.BullaErrorDetails} [details]
   */
  constructor(code, message, details = {}) {
    super(message, details);
    this.code = code;
    this.status = details.status ?? 0;
    this.errors = details.errors ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
    this.requestId = details.requestId ?? null;
    this.sealingKey = details.sealingKey ?? null;
  }
}
