/** A WebSocket whose other end is the test. */
export class FakeSocket {
  /** Given to what makes sockets: it always makes this one. */
  constructor_;
  sent = [];
  readyState = 0;
  closed = null;

  constructor() {
    const socket = this;
    this.constructor_ = class {
      constructor(address, protocols) {
        socket.address = address;
        socket.protocols = protocols;
        return socket;
      }
    };
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  say(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The hub closes. */
  end(code, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  send(text) {
    this.sent.push(JSON.parse(text));
    this.onsent?.(this.sent.at(-1));
  }

  close(code) {
    this.closed = code;
    this.readyState = 3;
  }
}
