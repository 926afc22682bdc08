/** One WebSocket to the hub: frames in and out, each request matched with its answer. */
import { ComptoirError, errorOfFrame } from "../errors.js";

/**
 * @typedef {object} Ended
 * @property {number} code
 * @property {string} reason
 * @property {boolean} opened whether the handshake had succeeded
 * @property {ComptoirError} [error] what an HTTP answer said instead
 */

/**
 * @typedef {object} TransportOptions
 * @property {URL} url
 * @property {string} token
 * @property {string | undefined} since
 * @property {string[] | "*"} tables
 * @property {(frame: any) => void} onFrame
 * @property {(ended: Ended) => void} onEnd exactly once
 */

export class WebSocketTransport {
  kind = "websocket";
  /** How many bytes a frame may have; told by `welcome`. */
  maxFrameBytes = 1024 * 1024;
  #socket;
  #nextId = 1;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: unknown) => void }>} */
  #pending = new Map();
  #opened = false;
  #ended = false;
  #onEnd;

  /** @param {TransportOptions & { WebSocket: typeof globalThis.WebSocket }} options */
  constructor({ url, token, since, tables, onFrame, onEnd, WebSocket }) {
    this.#onEnd = onEnd;
    const address = new URL("ws", url);
    address.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    if (since) address.searchParams.set("since", since);
    if (tables !== "*") address.searchParams.set("tables", tables.join(","));
    // The token goes as a subprotocol: a browser can set no header, and an address is logged.
    this.#socket = new WebSocket(address.href, ["comptoir.v1", `bearer.${token}`]);
    this.#socket.onopen = () => (this.#opened = true);
    this.#socket.onmessage = ({ data }) => {
      if (!this.#ended) this.#receive(JSON.parse(String(data)), onFrame);
    };
    this.#socket.onclose = ({ code, reason }) => this.#end(code, reason);
    // A close follows, which says more; but early versions of Node leave it out where there was no connection.
    this.#socket.onerror = () => this.#opened || this.#end(1006, "no connection");
  }

  /**
   * @param {any} frame a request without `id`
   * @returns {Promise<any>} the members of its result
   */
  request(frame) {
    if (this.#ended || this.#socket.readyState !== 1) return Promise.reject(lost());
    const id = this.#nextId++;
    const text = JSON.stringify({ ...frame, id });
    if (isLonger(text, this.maxFrameBytes)) {
      // The hub would close the socket, and everything else in flight would pay for it.
      return Promise.reject(
        new ComptoirError("payload_too_large", "The request is larger than the hub takes.", {
          limit: "max_frame_bytes",
        }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#socket.send(text);
    });
  }

  /** Ends it from this side. `lost`: without waiting for the peer, which does not answer. */
  close({ lost = false } = {}) {
    this.#socket.close(1000);
    this.#end(lost ? 1006 : 1000, "");
  }

  /**
   * @param {any} frame
   * @param {(frame: any) => void} onFrame
   */
  #receive(frame, onFrame) {
    if (frame.type === "result" || frame.type === "pong" || (frame.type === "error" && frame.id != null)) {
      const pending = this.#pending.get(frame.id);
      this.#pending.delete(frame.id);
      if (frame.type === "error") return pending?.reject(errorOfFrame(frame));
      pending?.resolve(frame);
    }
    if (frame.type !== "result") onFrame(frame);
  }

  /** @param {number} code @param {string} reason */
  #end(code, reason) {
    if (this.#ended) return;
    this.#ended = true;
    for (const { reject } of this.#pending.values()) reject(lost());
    this.#pending.clear();
    this.#onEnd({ code, reason, opened: this.#opened });
  }
}

/** Whether the UTF-8 of `text` has more than `bytes` bytes. @param {string} text @param {number} bytes */
function isLonger(text, bytes) {
  if (text.length * 3 <= bytes) return false;
  return new TextEncoder().encode(text).length > bytes;
}

function lost() {
  return new ComptoirError("disconnected", "The connection was lost before the answer came.");
}
