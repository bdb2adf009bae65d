// One request to the server: JSON in, JSON out, and every failure a BullaError.

import { BullaError } from "./error.js";

/**
 * @typedef {object} Request
 * @property {string} [token]
 * @property {unknown} [body]
 * @property {number} [timeoutSeconds]
 * @property {string} [expected] A member that the answer must have: whoever answers without it is not Bulla.
 */

/** @typedef {(method: string, path: string, request?: Request) => Promise<any>} Send */

/**
 * @param {string} api Where the routes are: the server's URL with `/api/auth`.
 * @param {typeof globalThis.fetch} fetch
 * @param {number} defaultTimeoutSeconds
 * @returns {Send}
 */
export function createSend(api, fetch, defaultTimeoutSeconds) {
  return async (method, path, { token, body, timeoutSeconds = defaultTimeoutSeconds, expected } = {}) => {
    /** @type {Record<string, string>} */
    const headers = {};
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    let response, text;
    try {
      response = await fetch(api + path, { method, headers, body: body ? JSON.stringify(body) : undefined, signal });
      text = await response.text();
    } catch (cause) {
      throw signal.aborted
        ? new BullaError("timeout", `${api} did not answer within ${timeoutSeconds} s; try again`, { cause })
        : new BullaError(
            "network_error",
            `${api} cannot be reached; check the connection and the URL, and that BULLA_CORS_ORIGINS names ${globalThis.location?.origin ?? "this page"}`,
            { cause },
          );
    }
    const answer = parse(text);
    if (response.ok && (!expected || answer?.[expected] !== undefined)) return answer;
    throw refusal(api, response, answer);
  };
}

/**
 * @param {string} api
 * @param {Response} response
 * @param {any} answer
 */
function refusal(api, { ok, status, headers }, answer) {
  const problem = !ok && typeof answer?.code === "string" ? answer : null;
  const strange = `${api} answered ${status}, but not as Bulla does; check the URL, and what stands between`;
  return new BullaError(problem?.code ?? "unexpected_answer", problem?.detail ?? strange, {
    status,
    errors: problem?.errors,
    // Others than Bulla may send a date, of which we make nothing.
    retryAfterSeconds: Number(headers.get("retry-after")) || null,
    requestId: problem?.request_id ?? headers.get("x-request-id"),
    sealingKey: problem?.sealing_key,
  });
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
