/**
 * @bulla/client: seals passwords and keeps a session with a Bulla server.
 *
 * What the server sends keeps the server's names (`created_at`); what this package adds is in camelCase. Times of the
 * server are RFC 3339 texts in UTC.
 */

/** An account, as its owner sees it. */
export interface User {
  /** Opaque, and for ever: the one to keep in a database of your own. */
  id: string;
  name: string;
  /** In canonical form (trimmed, lower case), so perhaps not as typed. */
  email: string;
  /** RFC 3339. */
  created_at: string;
}

/** One login on one device. */
export interface Session {
  /** Opaque; for {@link Client.endSession}. */
  id: string;
  /** RFC 3339, as the other times. */
  created_at: string;
  /** When its tokens were last refreshed. */
  last_used_at: string;
  /** When it ends by itself, if it is not used before. */
  expires_at: string;
  /** Where it was opened from. */
  ip: string;
  /** What it was opened with, as that called itself. */
  user_agent: string;
  /** Whether it is this client's own. */
  current: boolean;
}

/** What a {@link SessionStorage} keeps. Plain JSON. Whoever reads it can act as the user: it holds both tokens. */
export interface StoredSession {
  user: User;
  /** A JWT, sent as `Authorization: Bearer`. */
  access_token: string;
  /** `<session id>.<secret>`, good for one refresh. */
  refresh_token: string;
  /** The access token's life in seconds. */
  expires_in: number;
  /** When the access token expires: Unix milliseconds by this client's clock. */
  expires_at: number;
  /** How often the tokens were replaced; the higher of two is the newer. */
  refreshes: number;
}

/** Where a session is kept. Methods may be synchronous or return a promise. */
export interface SessionStorage {
  get(): StoredSession | null | undefined | Promise<StoredSession | null | undefined>;
  set(session: StoredSession): void | Promise<void>;
  remove(): void | Promise<void>;
  /**
   * Whether tabs hand the session to each other: a tab that has none asks the others in `restore()` and takes over
   * their logins. For storages that each tab has for itself and that nothing survives, as {@link memoryStorage}. The
   * tokens go in messages that any script of the origin can hear and ask for.
   *
   * Without it, tabs look into the storage when another tells of a change, and messages hold no tokens. Only a tab
   * whose copy of a session turns out to be old (a duplicated one, with `sessionStorage`) asks for it and is told it.
   */
  acrossTabs?: boolean;
}

/**
 * A session of the page's memory, handed from tab to tab, gone with the last one. The default. Any script of the
 * origin, in any tab, can ask for it.
 */
export function memoryStorage(): SessionStorage;

/**
 * A session in `localStorage` (all tabs, survives the browser) or `sessionStorage` (one tab, survives reloading).
 * Any script of the page's origin can read it.
 *
 * @param storage `localStorage`, `sessionStorage`, or what has these three methods of them.
 * @param name The item's name, `"bulla"` if not given; each server that a page talks to needs one of its own.
 */
export function webStorage(
  storage: {
    getItem(name: string): string | null;
    setItem(name: string, value: string): void;
    removeItem(name: string): void;
  },
  name?: string,
): SessionStorage;

/** The document of `GET /api/auth/sealing-key`. */
export interface SealingKey {
  /** RFC 7638 thumbprint of the key. */
  kid: string;
  /** `"RSA-OAEP-256"` */
  alg: string;
  /** `"A256GCM"` */
  enc: string;
  /** The public key (RFC 7517). */
  jwk: { kty: string; use?: string; alg?: string; kid?: string; n: string; e: string };
  /** The same key as SubjectPublicKeyInfo. */
  pem: string;
  /** Proves by the server's clock that an envelope is fresh. */
  nonce: string;
  /** Seconds; for any number of envelopes. */
  nonce_expires_in: number;
}

/** The field that an envelope is sent in. Made for one, it is worthless in another. */
export type SealPurpose = "register" | "login" | "current_password" | "new_password";

/** What an envelope is bound to. */
export interface SealContext {
  purpose: SealPurpose;
  /** The account that it is for. */
  email: string;
}

/**
 * Seals a password: a compact JWE (RSA-OAEP-256, A256GCM) of at most 4096 bytes, which fits any password of 1024 bytes.
 * Each envelope is accepted once, so seal anew for each request, also for one that repeats another.
 *
 * @param sealingKey The document of `GET /api/auth/sealing-key`, not older than `nonce_expires_in`.
 * @param password As typed. It is not kept.
 * @throws {BullaError} `insecure_context` without WebCrypto; `unexpected_answer` for a key of another kind.
 */
export function seal(sealingKey: SealingKey, password: string, context: SealContext): Promise<string>;

/** Codes of the server; `/docs` on your server explains each. */
export type ServerErrorCode =
  | "malformed_request"
  | "invalid_envelope"
  | "unknown_sealing_key"
  | "invalid_credentials"
  | "stale_envelope"
  | "reused_envelope"
  | "invalid_token"
  | "account_disabled"
  | "email_taken"
  | "validation_failed"
  | "weak_password"
  | "too_many_attempts"
  | "overloaded"
  | "unavailable"
  | "payload_too_large"
  | "unsupported_media_type"
  | "request_timeout"
  | "not_found"
  | "method_not_allowed"
  | "internal";

/** Codes of this package. */
export type ClientErrorCode =
  /** No answer came: offline, a wrong URL, or a page that the server's `BULLA_CORS_ORIGINS` does not name. */
  | "network_error"
  /** No whole answer came within `timeoutSeconds`; or another tab refreshes the session and does not end. */
  | "timeout"
  /** A page on plain HTTP, where browsers have no WebCrypto: serve it over HTTPS, or from `http://localhost`. */
  | "insecure_context"
  /** The method needs a session, and there is none, or another has taken its place meanwhile. */
  | "not_logged_in"
  /** Something else than Bulla answered: a wrong URL, or a proxy's own error page. */
  | "unexpected_answer";

export type ErrorCode = ServerErrorCode | ClientErrorCode;

/** What is wrong with one field. */
export interface FieldError {
  /** JSON Pointer into the request (RFC 6901), like `/email`. */
  pointer: string;
  code: string;
  /** A sentence. */
  detail: string;
}

export interface BullaErrorDetails {
  status?: number;
  errors?: FieldError[];
  retryAfterSeconds?: number | null;
  requestId?: string | null;
  sealingKey?: SealingKey | null;
  cause?: unknown;
}

/** Every failure. `message` says what happened and what to do next, and never holds a password or a token. */
export class BullaError extends Error {
  constructor(code: ErrorCode, message: string, details?: BullaErrorDetails);
  name: "BullaError";
  /** A newer server may have a code that is not listed. */
  code: ErrorCode | (string & {});
  /** The HTTP status; 0 if no answer came. */
  status: number;
  /** With `validation_failed` and `weak_password`, field by field; otherwise empty. */
  errors: FieldError[];
  /** How long to wait, with `too_many_attempts`, `overloaded` and `unavailable`. */
  retryAfterSeconds: number | null;
  /** For whoever reads the server's log. */
  requestId: string | null;
  /** With `unknown_sealing_key`: the key to seal to instead. A client has tried that once by itself. */
  sealingKey: SealingKey | null;
}

export interface ClientOptions {
  /** {@link memoryStorage} if not given. */
  storage?: SessionStorage;
  /** Instead of `globalThis.fetch`, for all requests. */
  fetch?: typeof globalThis.fetch;
  /** For each request, 15 if not given. Those of `client.fetch` have no limit but your own. */
  timeoutSeconds?: number;
}

/**
 * `ended`: the server did not take the session any more. `profile`: name or address changed; told after `refresh` where
 * both are seen at once.
 */
export type ChangeReason = "login" | "refresh" | "logout" | "ended" | "profile";

export type ChangeListener = (user: User | null, reason: ChangeReason) => void;

/**
 * A client of the server at a URL.
 *
 * @param url Like `https://auth.example.com`; a path below is kept, and `/api/auth/…` appended. In a page it may be
 *   relative: `"/"` is the server that the page came from.
 * @throws {TypeError} The URL is none.
 */
export function createClient(url: string | URL, options?: ClientOptions): Client;

/**
 * Methods that ask the server reject with a {@link BullaError}. Each may have `network_error`, `timeout`,
 * `unexpected_answer`, `too_many_attempts`, `unavailable` and `internal`; those with a password also
 * `insecure_context` and `overloaded`; those that need a session also `not_logged_in` (there was none, or it was gone
 * before the request could be sent: what began in one session is never sent with another's token) and `invalid_token`
 * (it turned out to have ended). What else to expect stands at each.
 */
export interface Client {
  /**
   * Makes an account. Does not log in.
   *
   * @throws {BullaError} `email_taken`, `validation_failed`, `weak_password`
   */
  register(account: { name: string; email: string; password: string }): Promise<User>;

  /**
   * Opens a session and keeps it in the storage.
   *
   * @throws {BullaError} `invalid_credentials`, `account_disabled`, `validation_failed`
   */
  login(credentials: { email: string; password: string }): Promise<User>;

  /**
   * At page load: takes up the session of the storage or, with memory storage, of another open tab; asks the server
   * whether it still lives. Null if there is none or it ended. If the server cannot be asked it rejects, and the
   * session stays: `user` tells whose it is. A session that is found is not told to listeners.
   */
  restore(): Promise<User | null>;

  /** The account as it is on the server. */
  profile(): Promise<User>;

  /** @throws {BullaError} `validation_failed` */
  updateProfile(changes: { name: string }): Promise<User>;

  /**
   * This session goes on with new tokens, every other one ends.
   *
   * @throws {BullaError} `invalid_credentials` (the current password is wrong), `weak_password`
   */
  changePassword(passwords: { currentPassword: string; newPassword: string }): Promise<User>;

  /** One's own living sessions, the newest first. */
  sessions(): Promise<Session[]>;

  /**
   * Ends one of one's own sessions; its own id logs out.
   *
   * @throws {BullaError} `not_found`
   */
  endSession(id: string): Promise<void>;

  /** Ends all of one's own sessions, this one too. */
  endAllSessions(): Promise<void>;

  /**
   * Ends the session, on the server and here, in all tabs that share it. Does nothing if there is none.
   *
   * The session is forgotten here in any case. If the server could not be told it rejects (`network_error`, …), so that
   * you can say so: there the session lives on until it expires, though nobody here has its tokens any more.
   */
  logout(): Promise<void>;

  /**
   * For what sends it by itself (a WebSocket, another HTTP library). Refreshed when it has less than 30 seconds or a
   * fifth of its life left. Null when logged out.
   *
   * @throws {BullaError} `not_logged_in` if somebody else logged in while it was refreshed: ask again for his.
   */
  accessToken(): Promise<string | null>;

  /**
   * `fetch` with `Authorization: Bearer …`. After a 401 it refreshes and repeats the request, once, unless its body was
   * a stream, which is there only once. It sends the token wherever you point it: only to services of yours.
   *
   * @throws {BullaError} Only of the session: `not_logged_in`, `invalid_token`, or why it cannot be refreshed. What
   *   `fetch` itself throws is left as it is.
   */
  fetch(...request: Parameters<typeof globalThis.fetch>): Promise<Response>;

  /** Who is logged in, as far as is known without asking. Null before `restore()` or `login()`. */
  readonly user: User | null;

  /**
   * Calls the listener after each change, also of other tabs: after "refresh" the user may be the same as before.
   * Returns what ends it. An error that the listener throws is reported as uncaught, and harms nothing here.
   */
  onChange(listener: ChangeListener): () => void;

  /** Stops following other tabs. The client itself goes on. */
  close(): void;
}
