// Where a session is kept.

/** @import * as declared from "./index.js" */

/** @type {typeof declared.memoryStorage} */
export function memoryStorage() {
  /** @type {declared.StoredSession | null} */
  let kept = null;
  return {
    acrossTabs: true,
    get: () => kept,
    set: (session) => void (kept = session),
    remove: () => void (kept = null),
  };
}

/** @type {typeof declared.webStorage} */
export function webStorage(storage, name = "bulla") {
  return {
    get() {
      try {
        const session = JSON.parse(storage.getItem(name) ?? "null");
        return typeof session?.refresh_token === "string" && session.user ? session : null;
      } catch {
        return null; // Not ours, or damaged: as good as none.
      }
    },
    set: (session) => storage.setItem(name, JSON.stringify(session)),
    remove: () => storage.removeItem(name),
  };
}
