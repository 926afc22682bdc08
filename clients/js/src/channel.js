/** A bounded queue between callbacks and `for await`. */

/** Frames kept for a loop that does not keep up. */
const CAPACITY = 10_000;

/**
 * @template T
 * @implements {AsyncIterableIterator<T>}
 */
export class Channel {
  /** @type {T[]} */
  #items = [];
  /** @type {((result: IteratorResult<T>) => void)[]} */
  #waiting = [];
  #ended = false;
  #onEnd;
  #onOverflow;

  /**
   * @param {{ signal?: AbortSignal, onEnd?: () => void, onOverflow?: () => T | undefined }} [options]
   *   `onOverflow` makes the one item that stands for all that were dropped.
   */
  constructor({ signal, onEnd = () => {}, onOverflow = () => undefined } = {}) {
    this.#onEnd = onEnd;
    this.#onOverflow = onOverflow;
    if (signal?.aborted) queueMicrotask(() => this.end());
    signal?.addEventListener("abort", () => this.end(), { once: true });
  }

  /** @param {T} item */
  push(item) {
    if (this.#ended) return;
    const waiting = this.#waiting.shift();
    if (waiting) return waiting({ value: item, done: false });
    if (this.#items.length >= CAPACITY) {
      const instead = this.#onOverflow();
      this.#items = instead === undefined ? this.#items.slice(1) : [instead];
    }
    this.#items.push(item);
  }

  end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    for (const waiting of this.#waiting.splice(0)) waiting({ value: undefined, done: true });
  }

  /** @returns {Promise<IteratorResult<T>>} */
  next() {
    if (this.#items.length > 0) {
      return Promise.resolve({ value: /** @type {T} */ (this.#items.shift()), done: false });
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @returns {Promise<IteratorResult<T>>} */
  return() {
    this.#items = [];
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}
