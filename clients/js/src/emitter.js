/** Events by name, to callbacks or as an async iterator. The base of everything in this package that changes. */
import { Channel } from "./channel.js";

/** @typedef {() => void} Stop Ends a subscription; harmless the second time. */

export class Emitter {
  /** @type {Map<string, Set<(detail: any) => void>>} */
  #listeners = new Map();

  /**
   * Calls `listener` whenever `name` happens.
   * @param {string} name
   * @param {(detail: any) => void} listener
   * @returns {Stop}
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * The next `name` that fits.
   * @param {string} name
   * @param {(detail: any) => boolean} [fits]
   * @returns {Promise<any>}
   */
  once(name, fits = () => true) {
    return new Promise((resolve) => {
      const stop = this.on(name, (detail) => {
        if (!fits(detail)) return;
        stop();
        resolve(detail);
      });
    });
  }

  /**
   * Every `name` from now on, for `for await`. Ends with `signal`, or when the loop is left.
   * @param {string} name
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {AsyncIterableIterator<any>}
   */
  stream(name, { signal } = {}) {
    const channel = new Channel({ signal, onEnd: () => stop() });
    const stop = this.on(name, (detail) => channel.push(detail));
    return channel;
  }

  /**
   * @param {string} name
   * @param {any} [detail]
   */
  emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(detail);
      } catch (error) {
        // One listener's mistake must not keep the others, or the stream, from going on.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
