/**
 * Writes on their way to the hub. Each is stored before it is sent, sent in order, one after the other, and removed when
 * the hub has answered. A retry carries the same idempotency key, so that it happens once, whatever was lost between.
 *
 * One at a time: with several under way, a `busy` in the middle would let later ones overtake it.
 */
import { Emitter } from "../emitter.js";
import { ComptoirError, hasCode, isTransient } from "../errors.js";
import { uuid } from "../ids.js";

/**
 * @typedef {object} Entry
 * @property {string} id also its idempotency key or `client_id`
 * @property {number} order
 * @property {number} at when it was written, ms
 * @property {any} frame the request, without `id`
 * @property {number | null} sentAt when it was first sent, ms; null: never
 * @property {string} [replaces] it stands for earlier ones of this name
 *
 * @typedef {object} OutboxStorage
 * @property {() => Promise<Entry[]>} load those of earlier runs, in order
 * @property {(entry: Entry) => Promise<void>} put answers when it is kept
 * @property {(id: string) => Promise<void>} remove
 * @property {() => void} [close]
 *
 * @typedef {object} Settled how a write ended: `result` or `error`
 * @property {Entry} entry
 * @property {any} [result]
 * @property {ComptoirError} [error]
 */

/** How long the hub knows an idempotency key, less an hour for clocks that differ. */
const KEY_LIFE_MS = 23 * 3_600_000;

/** The first and the longest wait before a write is tried again that the hub had no room for. */
const RETRY_MS = [200, 10_000];

/**
 * Events: `change` (entries came or went, `blockedBy` changed), `settled` ({ entry, result | error }).
 */
export class Outbox extends Emitter {
  /** @type {Entry[]} in the order in which they are sent */
  entries = [];
  /** @type {ComptoirError | null} why the first one is not getting through although there is a connection */
  blockedBy = null;

  #storage;
  #send;
  #mayBeForgottenAfter;
  /** @type {Map<string, { resolve: (result: any) => void, reject: (error: unknown) => void }>} */
  #waiting = new Map();
  #order = 0;
  /** @type {Promise<void>} */
  #loaded;
  #flushing = false;
  #flushAgain = false;
  /** @type {Promise<any>} */
  #storing = Promise.resolve();
  /** Entries that are stored, as far as this device can. @type {WeakSet<Entry>} */
  #kept = new WeakSet();
  #online = false;
  #closed = false;
  #wake = () => {};

  /**
   * @param {object} options
   * @param {OutboxStorage} options.storage
   * @param {(frame: any) => Promise<any>} options.send
   * @param {number} [options.keyLifeMs]
   */
  constructor({ storage, send, keyLifeMs = KEY_LIFE_MS }) {
    super();
    this.#storage = storage;
    this.#send = send;
    this.#mayBeForgottenAfter = keyLifeMs;
    this.#loaded = this.#load();
  }

  get length() {
    return this.entries.length;
  }

  /** All that was added and answered so far is stored: a crash loses none of it, and brings none of it back. */
  async kept() {
    await this.#loaded;
    await this.#storing;
  }

  /** What earlier runs left has been read. */
  ready() {
    return this.#loaded;
  }

  async #load() {
    const before = await this.#storage.load().catch(() => /** @type {Entry[]} */ ([]));
    this.entries = before;
    for (const entry of before) this.#kept.add(entry);
    this.#order = before.at(-1)?.order ?? 0;
    if (before.length > 0) this.emit("change");
  }

  /**
   * Puts a write at the end of the queue.
   * @param {(key: string) => any} frameWithKey
   * @param {{ key?: string, replaces?: string }} [options] `replaces`: in place of one of this name not sent yet
   * @returns {Promise<any>} the hub's answer, whenever it comes
   */
  add(frameWithKey, { key = uuid(), replaces } = {}) {
    if (this.#closed) return Promise.reject(new ComptoirError("closed", "The connection was closed by the program."));
    /** @type {Entry} */
    const entry = { id: key, order: 0, at: Date.now(), frame: frameWithKey(key), sentAt: null };
    if (replaces) entry.replaces = replaces;
    return new Promise((resolve, reject) => {
      this.#waiting.set(entry.id, { resolve, reject });
      void this.#keep(entry);
    });
  }

  /** @param {Entry} entry */
  async #keep(entry) {
    await this.#loaded;
    const replaced = this.entries.find(({ replaces, sentAt }) => replaces && replaces === entry.replaces && !sentAt);
    entry.order = ++this.#order;
    this.entries.push(entry);
    if (replaced) this.#supersede(replaced, entry);
    try {
      await this.#store(this.#storage.put(entry));
    } catch (cause) {
      // No room for it on this device. It is still in memory, and the hub may be there.
      if (!this.#online) return this.#settle(entry, { error: new ComptoirError("offline", `Not kept: ${cause}`) });
    }
    this.#kept.add(entry);
    this.emit("change");
    void this.flush();
  }

  /** Who waits for the replaced one gets the answer of its successor. @param {Entry} replaced @param {Entry} entry */
  #supersede(replaced, entry) {
    const [before, now] = [this.#waiting.get(replaced.id), this.#waiting.get(entry.id)];
    this.#waiting.delete(replaced.id);
    if (before && now) {
      this.#waiting.set(entry.id, {
        resolve: (result) => (now.resolve(result), before.resolve(result)),
        reject: (error) => (now.reject(error), before.reject(error)),
      });
    }
    this.entries.splice(this.entries.indexOf(replaced), 1);
    void this.#store(this.#storage.remove(replaced.id)).catch(() => {});
  }

  /** @param {boolean} online */
  setOnline(online) {
    this.#online = online;
    if (online) void this.flush();
    else this.#setBlocked(null);
    this.#wake();
  }

  /**
   * Takes a write out of the queue, if it was not answered yet. If it was sent, it may have happened nevertheless.
   * @param {string} id
   */
  discard(id) {
    const entry = this.entries.find((entry) => entry.id === id);
    if (entry) void this.#settle(entry, { error: new ComptoirError("discarded", "Taken out of the queue.") });
  }

  /** What was in flight must not be repeated: the hub closed the connection because of a frame. */
  dropInFlight() {
    const entry = this.entries[0];
    if (entry?.sentAt) {
      void this.#settle(entry, {
        error: new ComptoirError("uncertain", "The hub closed the connection over this request."),
      });
    }
  }

  /** Sends what there is, as long as there is a connection. */
  async flush() {
    this.#flushAgain = this.#flushing;
    if (this.#flushing) return;
    this.#flushing = true;
    try {
      await this.#loaded;
      let [wait, longest] = RETRY_MS;
      while (this.#online && !this.#closed && this.entries.length > 0) {
        const entry = this.entries[0];
        if (!this.#kept.has(entry)) return; // comes again when it is
        if (entry.sentAt && Date.now() - entry.sentAt > this.#mayBeForgottenAfter) {
          const error = new ComptoirError("uncertain", "It was sent so long ago that a retry might do it twice.");
          await this.#settle(entry, { error });
          continue;
        }
        try {
          await this.#markSent(entry);
          const result = await this.#send(entry.frame);
          wait = RETRY_MS[0];
          await this.#settle(entry, { result });
        } catch (error) {
          if (isTransient(error)) {
            const known = /** @type {ComptoirError} */ (error);
            // A lost connection is told otherwise, and ends the wait.
            if (!hasCode(error, "disconnected")) this.#setBlocked(known);
            await this.#sleep(Math.max(known.retryAfterMs ?? 0, wait * (0.5 + Math.random() / 2)));
            wait = Math.min(wait * 2, longest);
          } else {
            const known = error instanceof ComptoirError ? error : new ComptoirError("internal", String(error));
            await this.#settle(entry, { error: known });
          }
        }
      }
    } finally {
      this.#flushing = false;
    }
    // The connection may be back, or an entry be kept, since this looked.
    if (this.#flushAgain) void this.flush();
  }

  /** @param {Entry} entry */
  async #markSent(entry) {
    if (entry.sentAt) return;
    entry.sentAt = Date.now();
    await this.#store(this.#storage.put(entry)).catch(() => {});
  }

  /**
   * @param {Entry} entry
   * @param {{ result?: any, error?: ComptoirError }} outcome
   */
  async #settle(entry, outcome) {
    const at = this.entries.indexOf(entry);
    if (at < 0) return;
    this.entries.splice(at, 1);
    this.#setBlocked(null);
    const waiting = this.#waiting.get(entry.id);
    this.#waiting.delete(entry.id);
    this.emit("settled", { entry, ...outcome });
    this.emit("change");
    if (outcome.error) waiting?.reject(outcome.error);
    else waiting?.resolve(outcome.result);
    await this.#store(this.#storage.remove(entry.id)).catch(() => {});
  }

  /** @param {Promise<void>} step @returns {Promise<void>} the same, which `kept` waits for */
  #store(step) {
    this.#storing = Promise.allSettled([this.#storing, step]);
    return step;
  }

  /** @param {ComptoirError | null} error */
  #setBlocked(error) {
    if (this.blockedBy === error) return;
    this.blockedBy = error;
    this.emit("change");
  }

  /** Ends without losing anything: what is stored stays stored. */
  close() {
    this.#closed = true;
    this.#wake();
    for (const { reject } of this.#waiting.values()) {
      reject(new ComptoirError("closed", "The connection was closed by the program; the write stays in the queue."));
    }
    this.#waiting.clear();
    this.#storage.close?.();
  }

  /** @param {number} ms */
  #sleep(ms) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      })
    );
  }
}
