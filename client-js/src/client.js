// The client: what a person can do, one method each.

/** @import * as declared from "./index.js" */
/** @typedef {ReturnType<typeof connect>} Connection */

import { createSendSealed } from "./envelopes.js";
import { createSend } from "./request.js";
import { SessionKeeper, sessionId } from "./session.js";
import { memoryStorage } from "./storage.js";

/** A repeat within 10 s gets the same tokens again, so whoever waits longer for the first answer has lost it. */
const REFRESH_TIMEOUT_SECONDS = 5;

/** @type {typeof declared.createClient} */
export function createClient(url, options = {}) {
  const connection = connect(url, options);
  const { session } = connection;
  // Closures all of them, so that a method may be handed on alone: `new Api({ fetch: client.fetch })`.
  return {
    ...accountMethods(connection),
    ...sessionMethods(connection),
    ...tokenMethods(connection),
    get user() {
      return session.user;
    },
    onChange: (listener) => session.onChange(listener),
    close: () => session.close(),
  };
}

/**
 * @param {string | URL} url
 * @param {declared.ClientOptions} options
 */
function connect(url, { storage = memoryStorage(), timeoutSeconds = 15, fetch }) {
  /** @type {typeof globalThis.fetch} */
  const rawFetch = (input, init) => (fetch ?? globalThis.fetch)(input, init);
  const { origin, pathname } = new URL(url, globalThis.location?.href);
  const server = origin + pathname.replace(/\/+$/, "");
  const send = createSend(`${server}/api/auth`, rawFetch, timeoutSeconds);
  const session = new SessionKeeper(server, storage, exchange);

  /** @param {string} refresh_token */
  async function exchange(refresh_token) {
    /** @param {number} timeoutSeconds */
    const once = (timeoutSeconds) =>
      send("POST", "/refresh", { body: { refresh_token }, timeoutSeconds, expected: "refresh_token" });
    try {
      return await once(Math.min(REFRESH_TIMEOUT_SECONDS, timeoutSeconds));
    } catch (/** @type {any} */ error) {
      if (error.code !== "network_error" && error.code !== "timeout") throw error;
      return once(timeoutSeconds);
    }
  }

  /**
   * Runs a request with a token, and once more with a new one if the server refuses it.
   *
   * @template T
   * @param {(current: declared.StoredSession) => Promise<T>} request
   * @param {declared.StoredSession | null} [given] The session to do it with, instead of the one of storage.
   */
  async function authorized(request, given) {
    const current = await session.authorize(given);
    try {
      return await request(current);
    } catch (/** @type {any} */ error) {
      if (error.code !== "invalid_token") throw error;
      return request(await session.refresh(current));
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ body?: unknown, expected?: string }} [request]
   * @param {declared.StoredSession | null} [given]
   */
  const sendAuthorized = (method, path, request, given) =>
    authorized(({ access_token }) => send(method, path, { ...request, token: access_token }), given);

  const readProfile = () =>
    authorized(async ({ access_token, user: known }) => {
      const user = await send("GET", "/profile", { token: access_token, expected: "id" });
      await session.update(user, known);
      return user;
    });

  return { rawFetch, session, authorized, sendAuthorized, readProfile, sendSealed: createSendSealed(send) };
}

/**
 * @param {Connection} connection
 * @returns {Pick<declared.Client, "register" | "login" | "profile" | "updateProfile" | "changePassword">}
 */
function accountMethods({ session, authorized, sendAuthorized, readProfile, sendSealed }) {
  return {
    async register({ name, email, password }) {
      const { user } = await sendSealed(
        "/register",
        async (seal) => ({ name, email, password: await seal(password, { purpose: "register", email }) }),
        { expected: "user" },
      );
      return user;
    },

    async login({ email, password }) {
      const answer = await sendSealed(
        "/login",
        async (seal) => ({ email, password: await seal(password, { purpose: "login", email }) }),
        { expected: "refresh_token" },
      );
      await session.open(answer);
      return answer.user;
    },

    profile: readProfile,

    async updateProfile({ name }) {
      const user = await sendAuthorized("PATCH", "/profile", { body: { name }, expected: "id" });
      await session.update(user);
      return user;
    },

    changePassword: ({ currentPassword, newPassword }) =>
      authorized((current) =>
        // The new tokens begin a new chain: a refresh with the old one, at the same time, would be refused.
        session.undisturbed(current, async () => {
          const latest = await session.readAgain(sessionId(current));
          const { email } = latest.user;
          const answer = await sendSealed(
            "/password",
            async (seal) => ({
              current_password: await seal(currentPassword, { purpose: "current_password", email }),
              new_password: await seal(newPassword, { purpose: "new_password", email }),
            }),
            { token: latest.access_token, expected: "refresh_token" },
          );
          await session.renew(latest, answer);
          return answer.user;
        }),
      ),
  };
}

/**
 * @param {Connection} connection
 * @returns {Pick<declared.Client, "restore" | "sessions" | "endSession" | "endAllSessions" | "logout">}
 */
function sessionMethods({ session, sendAuthorized, readProfile }) {
  return {
    async restore() {
      if (!(await session.find())) return null;
      try {
        return await readProfile();
      } catch (error) {
        if (await session.read()) throw error;
        return null;
      }
    },

    async sessions() {
      return (await sendAuthorized("GET", "/sessions", { expected: "sessions" })).sessions;
    },

    async endSession(id) {
      await sendAuthorized("DELETE", `/sessions/${encodeURIComponent(id)}`);
      await session.forget(id, "logout");
    },

    async endAllSessions() {
      const current = await session.read();
      await sendAuthorized("DELETE", "/sessions", {}, current);
      await session.forget(sessionId(current), "logout");
    },

    async logout() {
      const current = await session.read();
      if (!current) return;
      try {
        await sendAuthorized("POST", "/logout", {}, current);
      } catch (/** @type {any} */ error) {
        // It had ended before.
        if (error.code !== "invalid_token" && error.code !== "not_logged_in") throw error;
      } finally {
        await session.forget(sessionId(current), "logout");
      }
    },
  };
}

/**
 * @param {Connection} connection
 * @returns {Pick<declared.Client, "accessToken" | "fetch">}
 */
function tokenMethods({ rawFetch, session }) {
  return {
    async accessToken() {
      try {
        return (await session.authorize()).access_token;
      } catch (error) {
        if (await session.read()) throw error;
        return null;
      }
    },

    async fetch(input, init) {
      const current = await session.authorize();
      /** @param {declared.StoredSession} current */
      const once = ({ access_token }) => {
        const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
        headers.set("Authorization", `Bearer ${access_token}`);
        return rawFetch(input, { ...init, headers });
      };
      const response = await once(current);
      if (response.status !== 401 || isSpent(input, init?.body)) return response;
      let next;
      try {
        next = await session.refresh(current);
      } catch {
        return response;
      }
      await response.body?.cancel();
      return once(next);
    },
  };
}

/**
 * Whether a body was a stream, which is there only once.
 *
 * @param {RequestInfo | URL} input
 * @param {BodyInit | null | undefined} body
 */
function isSpent(input, body) {
  const isStream = body instanceof Object && (body instanceof ReadableStream || Symbol.asyncIterator in body);
  return isStream || (body == null && input instanceof Request && input.bodyUsed);
}
