/** Exponential backoff with full jitter: a hub that restarts must not meet all its terminals at once. */

export class Backoff {
  #attempt = 0;

  /** @param {{ baseMs?: number, capMs?: number, random?: () => number }} [options] */
  constructor({ baseMs = 500, capMs = 30_000, random = Math.random } = {}) {
    this.baseMs = baseMs;
    this.capMs = capMs;
    this.random = random;
  }

  /** The next wait, in milliseconds. */
  next() {
    const ceiling = Math.min(this.capMs, this.baseMs * 2 ** Math.min(this.#attempt, 20));
    this.#attempt += 1;
    return Math.round(this.random() * ceiling);
  }

  reset() {
    this.#attempt = 0;
  }
}
