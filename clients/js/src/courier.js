/** How requests travel: reads wait for a connection, writes go through the outbox, HTTP takes a token that is valid. */
import { ComptoirError, hasCode, isTransient } from "./errors.js";

/** How long a read waits for a connection, where the program does not say. */
const TIMEOUT_MS = 30_000;

export class Courier {
  #connection;
  #auth;
  #http;
  #online;
  #timeoutMs;
  /** @type {import("./outbox/outbox.js").Outbox | null} */
  #outbox = null;
  /** Writes that were asked for before it was known whose they are. @type {(() => void)[]} */
  #onOutbox = [];
  #closed = false;

  /**
   * @param {object} parts
   * @param {import("./connection/connection.js").Connection} parts.connection
   * @param {import("./auth/auth.js").Auth} parts.auth
   * @param {import("./http.js").Http} parts.http
   * @param {(options: { signal: AbortSignal }) => Promise<unknown>} parts.online answers when there is a connection
   * @param {number} [parts.timeoutMs]
   */
  constructor({ connection, auth, http, online, timeoutMs = TIMEOUT_MS }) {
    this.#connection = connection;
    this.#auth = auth;
    this.#http = http;
    this.#online = online;
    this.#timeoutMs = timeoutMs;
  }

  get outbox() {
    return this.#outbox;
  }

  /** Another user, another outbox; null: nobody is known. @param {import("./outbox/outbox.js").Outbox | null} outbox */
  use(outbox) {
    this.#outbox?.close();
    this.#outbox = outbox;
    if (outbox) for (const go of this.#onOutbox.splice(0)) go();
  }

  close() {
    this.#closed = true;
    this.use(null);
    for (const go of this.#onOutbox.splice(0)) go();
  }

  /**
   * A request that may be repeated: waits for a connection, and is sent again if that is lost or the hub has no room.
   * @param {any} frame
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  async ask(frame, signal) {
    const deadline = Date.now() + this.#timeoutMs;
    while (true) {
      await this.#connectedBefore(deadline, signal);
      try {
        return await this.#connection.request(frame);
      } catch (error) {
        if (!isTransient(error) || this.#closed || Date.now() > deadline) throw error;
        const wait = /** @type {ComptoirError} */ (error).retryAfterMs ?? (hasCode(error, "disconnected") ? 0 : 200);
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait * (1 + Math.random() / 4)));
      }
    }
  }

  /**
   * A write: kept, sent in order, once.
   * @param {(key: string) => any} frameWithKey
   * @param {{ key?: string, replaces?: string }} [options]
   * @returns {Promise<any>}
   */
  async queue(frameWithKey, options) {
    const outbox = this.#outbox ?? (await this.#outboxReady());
    return outbox.add(frameWithKey, options);
  }

  /** A frame of the outbox, once. @param {any} frame */
  async send(frame) {
    if (frame.type !== "http") return this.#connection.request(frame);
    const { method, path, body, idempotency_key: key } = frame;
    try {
      return await this.withToken((token) =>
        this.#http.json(method, path, { token, body, headers: { "idempotency-key": key } }),
      );
    } catch (error) {
      // Who may send it is not settled: it waits for a login, as it would for a connection.
      if (hasCode(error, "unauthorized") || hasCode(error, "login_required")) throw new ComptoirError("disconnected");
      throw error;
    }
  }

  /**
   * With a token that is valid; a refused one is renewed once.
   * @template T
   * @param {(token: string) => Promise<T>} act
   * @returns {Promise<T>}
   */
  async withToken(act) {
    const token = await this.#auth.token();
    try {
      return await act(token);
    } catch (error) {
      if (!hasCode(error, "unauthorized")) throw error;
      return act(await this.#auth.renew());
    }
  }

  /** @param {number} deadline @param {AbortSignal} [signal] */
  async #connectedBefore(deadline, signal) {
    if (this.#connection.online) return;
    const tooLate = new AbortController();
    const timer = setTimeout(() => tooLate.abort(), Math.max(0, deadline - Date.now()));
    const abort = () => tooLate.abort();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await this.#online({ signal: tooLate.signal });
    } catch (error) {
      if (!hasCode(error, "aborted") || signal?.aborted) throw error;
      throw new ComptoirError("offline", "There is no connection to the hub.");
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Whose write it is must be known before it is kept. @returns {Promise<import("./outbox/outbox.js").Outbox>} */
  #outboxReady() {
    if (this.#closed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#onOutbox.push(() => (this.#outbox ? resolve(this.#outbox) : reject(closed())));
    });
  }
}

function closed() {
  return new ComptoirError("closed", "The connection was closed by the program.");
}
