/** The same frames where WebSocket is blocked: events by a streamed GET, requests by POST. */
import { ComptoirError, errorOfResponse } from "../errors.js";
import { readEvents } from "./sse-reader.js";

/** @typedef {import("./websocket.js").TransportOptions} TransportOptions */

export class SseTransport {
  kind = "sse";
  maxFrameBytes = 1024 * 1024;
  #abort = new AbortController();
  #ended = false;
  #opened = false;
  #options;
  #token;

  /** @param {TransportOptions & { fetch: typeof globalThis.fetch }} options */
  constructor(options) {
    this.#options = options;
    this.#token = options.token;
    void this.#run();
  }

  async #run() {
    const { url, since, tables, token, fetch, onFrame } = this.#options;
    try {
      const address = new URL("api/events", url);
      if (since) address.searchParams.set("since", since);
      if (tables !== "*") address.searchParams.set("tables", tables.join(","));
      const response = await fetch(address, {
        headers: { accept: "text/event-stream", authorization: `Bearer ${token}` },
        cache: "no-store",
        signal: this.#abort.signal,
      });
      if (!response.ok || !response.body) {
        const error = await errorOfResponse(response);
        return this.#end(response.status === 401 ? 4401 : 1006, error.message, error);
      }
      this.#opened = true;
      for await (const data of readEvents(response.body, () => onFrame({ type: "heartbeat" }))) {
        if (this.#ended) return;
        onFrame(JSON.parse(data));
      }
      this.#end(1006, "the stream ended");
    } catch {
      this.#end(1006, "the stream was lost");
    }
  }

  /**
   * @param {any} frame
   * @returns {Promise<any>}
   */
  async request(frame) {
    const { url, fetch } = this.#options;
    if (this.#ended) throw lost();
    // The stream ends with the token that opened it; requests take the newest.
    if (frame.type === "renew") return (this.#token = frame.token);
    const { idempotency_key: key, ...rest } = frame;
    /** @type {Response} */
    let response;
    try {
      response = await fetch(new URL("api/request", url), {
        method: "POST",
        headers: {
          authorization: `Bearer ${this.#token}`,
          "content-type": "application/json",
          ...(key ? { "idempotency-key": key } : {}),
        },
        body: JSON.stringify(rest),
        signal: this.#abort.signal,
      });
      if (response.ok) return await response.json();
    } catch {
      throw lost();
    }
    const error = await errorOfResponse(response);
    if (error.code === "unauthorized") {
      this.#end(4401, error.message, error);
      throw lost();
    }
    throw error;
  }

  close({ lost = false } = {}) {
    this.#end(lost ? 1006 : 1000, "");
  }

  /**
   * @param {number} code
   * @param {string} reason
   * @param {ComptoirError} [error]
   */
  #end(code, reason, error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#abort.abort();
    this.#options.onEnd({ code, reason, opened: this.#opened, error });
  }
}

function lost() {
  return new ComptoirError("disconnected", "The connection was lost before the answer came.");
}
