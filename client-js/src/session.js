// The session: kept in storage, refreshed by one tab for all, and followed when another tab changes it.

/** @import * as declared from "./index.js" */
/** @typedef {declared.StoredSession} StoredSession */
/** @typedef {{ user: declared.User, access_token: string, refresh_token: string, expires_in: number }} TokenAnswer */
/** @typedef {(before: StoredSession | null) => StoredSession | null} Change */

import { BullaError } from "./error.js";
import { Tabs } from "./tabs.js";

/** A shared storage shows another tab's change a moment later than its message arrives. */
const STORAGE_LAG_MS = 150;

export class SessionKeeper {
  #storage;
  #exchange;
  #tabs;
  /** @type {Set<declared.ChangeListener>} */
  #listeners = new Set();
  /** What this tab saw last; undefined before it looked. @type {StoredSession | null | undefined} */
  #known;
  /** By session id. @type {Map<string, Promise<StoredSession>>} */
  #refreshing = new Map();

  /**
   * @param {string} server
   * @param {declared.SessionStorage} storage
   * @param {(refreshToken: string) => Promise<TokenAnswer>} exchange
   */
  constructor(server, storage, exchange) {
    this.#storage = storage;
    this.#exchange = exchange;
    this.#tabs = new Tabs(`bulla ${server}`, (message) => this.#hear(message));
  }

  get user() {
    return this.#known?.user ?? null;
  }

  /** @param {declared.ChangeListener} listener */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close() {
    this.#tabs.close();
  }

  /**
   * @param {declared.ChangeReason | null} [firstReason] What listeners are told if this tab had not looked before.
   */
  async read(firstReason = null) {
    const session = (await this.#storage.get()) ?? null;
    // Another tab may have changed a shared storage before its message is here.
    this.#note(session, this.#known === undefined ? firstReason : reasonOf(this.#known, session));
    return session;
  }

  /**
   * A session as it is now. What began as one person's is never carried on as another's.
   *
   * @param {string} id
   */
  async readAgain(id) {
    return demand(await this.read(), id);
  }

  /** The session of storage, or that of another open tab. */
  async find() {
    const session = await this.read();
    if (session || !this.#storage.acrossTabs) return session;
    this.#tabs.tell({ ask: true });
    await this.#tabs.news();
    return this.read();
  }

  /**
   * The session with an access token that lives a little longer.
   *
   * @param {StoredSession | null} [session] The one of storage, if not given.
   */
  async authorize(session) {
    session ??= await this.read();
    if (!session) throw notLoggedIn();
    if (isFresh(session)) return session;
    try {
      return await this.refresh(session);
    } catch (error) {
      // It is good for a few seconds yet, and the server may be back by then.
      if (this.#known?.access_token === session.access_token && Date.now() < session.expires_at) return session;
      throw error;
    }
  }

  /**
   * The same session with new tokens; those of `stale` did not do. Many calls, in many tabs, make one request.
   *
   * @param {StoredSession} stale
   */
  refresh(stale) {
    const id = sessionId(stale);
    const refreshing =
      this.#refreshing.get(id) ??
      this.#tabs
        .alone(id, (hadToWait, isLate) => this.#refreshAlone(stale, hadToWait, isLate))
        .finally(() => this.#refreshing.delete(id));
    this.#refreshing.set(id, refreshing);
    return refreshing;
  }

  /**
   * Runs a task on a session while no tab refreshes it.
   *
   * @template T
   * @param {StoredSession} session
   * @param {() => Promise<T>} task
   */
  undisturbed(session, task) {
    return this.#tabs.alone(sessionId(session), task);
  }

  /** @param {TokenAnswer} answer */
  async open(answer) {
    await this.#change(() => stored(answer, 0), "login");
  }

  /**
   * Keeps the next tokens of a session, unless it was logged out meanwhile, or another has taken its place.
   *
   * @param {StoredSession} current
   * @param {TokenAnswer} answer
   */
  async renew(current, answer) {
    const id = sessionId(current);
    const renewed = await this.#change((mine) => {
      if (!mine || sessionId(mine) !== id) return mine;
      return stored({ ...answer, user: newer(mine, answer.user, current.user) }, mine.refreshes + 1);
    }, "refresh");
    return demand(renewed, id);
  }

  /**
   * @param {declared.User} user
   * @param {declared.User} [asked] What was known when it was asked for; not given by who changed it.
   */
  async update(user, asked) {
    await this.#change((mine) => {
      if (mine?.user.id !== user.id) return mine;
      const kept = asked ? newer(mine, user, asked) : user;
      return isSame(kept, mine.user) ? mine : { ...mine, user: kept };
    }, "profile");
  }

  /**
   * @param {string} id
   * @param {declared.ChangeReason} reason
   */
  async forget(id, reason) {
    await this.#change((mine) => (mine && sessionId(mine) === id ? null : mine), reason);
  }

  /**
   * @param {StoredSession} stale
   * @param {boolean} hadToWait
   * @param {boolean} isLate
   */
  async #refreshAlone(stale, hadToWait, isLate) {
    const id = sessionId(stale);
    let mine = await this.readAgain(id);
    // Who had the lock has refreshed, most likely, and tells of it.
    if (hadToWait && mine.access_token === stale.access_token) {
      await this.#tabs.news();
      mine = await this.readAgain(id);
    }
    if (mine.access_token !== stale.access_token) return mine;
    // Whoever has the lock may have used this refresh token long ago; used again, it would count as stolen.
    if (isLate) {
      throw new BullaError("timeout", "another tab refreshes the session and does not end; close it, or try again");
    }
    try {
      return await this.renew(mine, await this.#exchange(mine.refresh_token));
    } catch (/** @type {any} */ error) {
      // Anything else (503, 429, no answer) says nothing about the session.
      if (error.code === "invalid_token") await this.forget(id, "ended");
      throw error;
    }
  }

  /**
   * A change of this tab's own, of which it tells the others.
   *
   * @param {Change} change
   * @param {declared.ChangeReason} reason
   */
  async #change(change, reason) {
    const { before, after } = await this.#write(change, reason);
    if (after !== before) this.#tell(before, after, reason);
    return after;
  }

  /**
   * @param {Change} change
   * @param {declared.ChangeReason | null} reason
   */
  #write(change, reason) {
    return this.#tabs.alone("write", async () => {
      const before = (await this.#storage.get()) ?? null;
      const after = change(before);
      if (after && after !== before) await this.#storage.set(after);
      if (!after && before) await this.#storage.remove();
      this.#note(after, reason);
      return { before, after };
    });
  }

  /**
   * @param {StoredSession | null} session
   * @param {declared.ChangeReason | null} reason Without one, the listeners are not told.
   */
  #note(session, reason) {
    const before = this.#known ?? null;
    this.#known = session;
    if (!reason || isSame(before, session)) return;
    const reasons = [reason];
    // New tokens came with a new name, or both were written before this tab looked.
    if (reason === "refresh" && before && !isSame(before.user, session?.user)) reasons.push("profile");
    // Apart, so that a listener that throws breaks nothing here and is still reported.
    for (const told of reasons) {
      for (const listener of this.#listeners) queueMicrotask(() => listener(session?.user ?? null, told));
    }
  }

  /**
   * Tells of a change. Others read it where they have the same storage; only where there is none do tokens go along.
   *
   * @param {StoredSession | null} before
   * @param {StoredSession | null} session
   * @param {declared.ChangeReason} reason
   */
  #tell(before, session, reason) {
    const subject = session ?? before;
    const said = session && !this.#storage.acrossTabs ? undefined : session;
    this.#tabs.tell({ id: sessionId(subject), refreshes: subject?.refreshes, session: said, reason });
  }

  /**
   * @param {object} message
   * @param {true} [message.ask] Who has that session, newer than `refreshes`, tells it; without an id, any session.
   * @param {string} message.id
   * @param {number} message.refreshes
   * @param {StoredSession | null} [message.session] Null: it is gone. Undefined: it is in the storage.
   * @param {declared.ChangeReason | null} message.reason Null for a session that was asked for.
   */
  async #hear({ ask, id, refreshes, session, reason }) {
    if (ask) return this.#answer(id, refreshes);
    if (session === undefined) return this.#follow(id, refreshes, reason);
    const isLogin = reason === "login" || reason === null;
    await this.#write((mine) => {
      if (!mine) return isLogin && this.#storage.acrossTabs ? session : null;
      // Where each tab has a storage of its own, this may be about somebody else.
      if (sessionId(mine) !== id) return mine;
      // Messages of two tabs may overtake each other. The newer tokens stay: a used one would count as stolen.
      const isOld = refreshes < mine.refreshes && reason !== "logout";
      return isOld || isSame(session, mine) ? mine : session;
    }, reason);
  }

  /**
   * @param {string | undefined} id
   * @param {number} refreshes
   */
  async #answer(id, refreshes) {
    const session = await this.read();
    if (!session) return;
    const isNewer = sessionId(session) === id && session.refreshes > refreshes;
    if (id ? !isNewer : !this.#storage.acrossTabs) return;
    const reason = id ? "refresh" : null;
    this.#tabs.tell({ id: sessionId(session), refreshes: session.refreshes, session, reason });
  }

  /**
   * Looks into the storage for what another tab has changed.
   *
   * @param {string} id
   * @param {number} refreshes
   * @param {declared.ChangeReason | null} reason
   */
  async #follow(id, refreshes, reason) {
    await this.read(reason);
    await new Promise((proceed) => setTimeout(proceed, STORAGE_LAG_MS));
    const mine = await this.read();
    // A duplicated tab has a copy of `sessionStorage`. Its refresh token is used, and would count as stolen.
    if (mine && sessionId(mine) === id && mine.refreshes < refreshes) {
      this.#tabs.tell({ ask: true, id, refreshes: mine.refreshes });
    }
  }
}

/**
 * The part of a refresh token before the dot.
 *
 * @param {StoredSession | null} session
 */
export const sessionId = (session) => session?.refresh_token.split(".")[0] ?? "";

/**
 * @param {TokenAnswer} answer
 * @param {number} refreshes
 * @returns {StoredSession}
 */
function stored({ user, access_token, refresh_token, expires_in }, refreshes) {
  return { user, access_token, refresh_token, expires_in, expires_at: Date.now() + expires_in * 1000, refreshes };
}

/**
 * Of two states of a user, the one to keep: an answer that a change has overtaken on its way is the older.
 *
 * @param {StoredSession} mine
 * @param {declared.User} answered
 * @param {declared.User} asked What was known when it was asked for.
 */
const newer = (mine, answered, asked) => (isSame(mine.user, asked) ? answered : mine.user);

/** @param {StoredSession} session */
const isFresh = ({ expires_at, expires_in }) => expires_at - Date.now() > Math.min(30, expires_in / 5) * 1000;

/**
 * @param {object | null | undefined} one
 * @param {object | null | undefined} other
 */
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * @param {StoredSession | null} before
 * @param {StoredSession | null} after
 */
function reasonOf(before, after) {
  if (!after) return "logout";
  if (sessionId(before) !== sessionId(after)) return "login";
  return before?.access_token === after.access_token ? "profile" : "refresh";
}

/**
 * @param {StoredSession | null} session
 * @param {string} id
 */
function demand(session, id) {
  if (!session || sessionId(session) !== id) throw notLoggedIn();
  return session;
}

const notLoggedIn = () => new BullaError("not_logged_in", "nobody is logged in here; log in first");
