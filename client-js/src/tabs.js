// The other tabs of this origin: one of them at a time, and news for all.

/** How long to wait for another tab's answer. */
const PATIENCE_MS = 150;

/**
 * How long to wait for a lock: longer than a refresh and its repetition take. A phone may suspend a tab that holds one,
 * for hours.
 */
const LOCK_PATIENCE_MS = 25_000;

export class Tabs {
  #name;
  #channel;
  /** @type {Set<() => void>} */
  #waiting = new Set();
  /** @type {Map<string, Promise<unknown>>} */
  #queues = new Map();

  /**
   * @param {string} name
   * @param {(message: any) => Promise<void>} hear
   */
  constructor(name, hear) {
    this.#name = name;
    // Without a document there are no tabs. In Node a channel would keep the process alive, and Deno Deploy's
    // reaches other machines, where a session has no business.
    this.#channel = globalThis.document && globalThis.BroadcastChannel ? new BroadcastChannel(name) : null;
    if (!this.#channel) return;
    this.#channel.onmessage = async ({ data }) => {
      await hear(data);
      if (data.ask) return;
      for (const proceed of this.#waiting) proceed();
      this.#waiting.clear();
    };
  }

  /** @param {object} message */
  tell(message) {
    this.#channel?.postMessage(message);
  }

  /** Until another tab has told something, or for a moment. */
  async news() {
    if (!this.#channel) return;
    await new Promise((/** @type {(value?: undefined) => void} */ proceed) => {
      this.#waiting.add(proceed);
      setTimeout(proceed, PATIENCE_MS);
    });
  }

  /**
   * Runs a task while nobody else runs one of the same topic, in any tab; without locks (plain HTTP, Node), in this
   * client. The task learns whether it had to wait, and whether it waited in vain and is not alone (`isLate`).
   *
   * @template T
   * @param {string} topic
   * @param {(hadToWait: boolean, isLate: boolean) => Promise<T>} task
   * @returns {Promise<T>}
   */
  async alone(topic, task) {
    const locks = globalThis.navigator?.locks;
    if (!locks) return this.#inTurn(topic, task);
    const name = `${this.#name} ${topic}`;
    let hasBegun = false;
    /** @param {boolean} hadToWait */
    const begin = (hadToWait) => {
      hasBegun = true;
      return task(hadToWait, false);
    };
    try {
      /** @type {{ result: T } | null} */
      const done = await locks.request(name, { ifAvailable: true }, async (lock) =>
        lock ? { result: await begin(false) } : null,
      );
      if (done) return done.result;
      const signal = AbortSignal.timeout(LOCK_PATIENCE_MS);
      return await locks.request(name, { signal }, () => begin(true));
    } catch (/** @type {any} */ error) {
      if (hasBegun) throw error;
      return task(true, error.name === "TimeoutError");
    }
  }

  /**
   * @template T
   * @param {string} topic
   * @param {(hadToWait: boolean, isLate: boolean) => Promise<T>} task
   * @returns {Promise<T>}
   */
  #inTurn(topic, task) {
    const before = this.#queues.get(topic);
    const run = () => task(before !== undefined, false);
    const turn = before ? before.then(run, run) : run();
    const forget = () => this.#queues.get(topic) === turn && this.#queues.delete(topic);
    this.#queues.set(topic, turn);
    turn.then(forget, forget);
    return turn;
  }

  close() {
    this.#channel?.close();
    this.#channel = null;
  }
}
