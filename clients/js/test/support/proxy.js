/** A network in between that can be cut, go silent, and refuse WebSockets. */
import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
  #server;
  #pairs = new Set();
  #upgraded = new Set();
  /** Handshakes of WebSockets are dropped, as some middle boxes do. */
  blocksWebSockets = false;
  #down = false;
  handshakes = 0;
  /** The first line of each HTTP request that opened a connection. */
  seen = [];

  static async before(port) {
    const proxy = new Proxy();
    proxy.#server = createServer((client) => proxy.#accept(client, port));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Ends every connection that there is; new ones are taken. */
  cut() {
    for (const pair of this.#pairs) pair.forEach((socket) => socket.destroy());
    this.#pairs.clear();
  }

  /** Ends every connection and takes no new ones, until `up`. */
  down() {
    this.#down = true;
    this.cut();
  }

  up() {
    this.#down = false;
  }

  /** Keeps the sockets that there are open, and lets nothing through. */
  goSilent() {
    for (const pair of this.#upgraded) pair.forEach((socket) => socket.removeAllListeners("data").pause());
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #accept(client, port) {
    if (this.#down) return client.destroy();
    const upstream = connect(port, "127.0.0.1");
    const pair = [client, upstream];
    this.#pairs.add(pair);
    const end = () => (this.#pairs.delete(pair), pair.forEach((socket) => socket.destroy()));
    pair.forEach((socket) => socket.on("error", end).on("close", end));
    client.on("data", (bytes) => {
      const head = bytes.toString("latin1");
      if (/^[A-Z]+ \//.test(head)) this.seen.push(head.slice(0, head.indexOf("\r")));
      if (/upgrade: websocket/i.test(head)) {
        this.handshakes++;
        if (this.blocksWebSockets) return end();
        this.#upgraded.add(pair);
      }
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => client.write(bytes));
  }
}
