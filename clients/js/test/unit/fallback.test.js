/** When the SDK gives up WebSockets for a while. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openFake, welcome } from "../support/fake-hub.js";
import { until } from "../support/hub.js";

/** A hub over HTTP: healthy, with a stream of events that says welcome. */
function overHttp() {
  const asked = [];
  const fetch = async (address) => {
    asked.push(address.pathname);
    if (address.pathname !== "/api/events") return new Response("{}");
    const text = new TextEncoder().encode(`data: ${JSON.stringify(welcome)}\n\n`);
    return new Response(new ReadableStream({ start: (controller) => controller.enqueue(text) }));
  };
  return { asked, fetch };
}

test("a network that comes back just after a handshake failed is not taken for one that blocks WebSockets", async () => {
  const { asked, fetch } = overHttp();
  const { hub, socket, next, accept, close } = await openFake({ transports: ["websocket", "sse"], fetch });
  try {
    socket.end(1006);
    (await next(2)).end(1006); // never opened, and the hub answers over HTTP
    await accept(3);
    await hub.online();
    assert.equal(hub.status.transport, "websocket");
    assert.deepEqual(asked, ["/api/health"]);
  } finally {
    close();
  }
});

test("handshakes that fail one after the other while the hub can be reached are given up for events over HTTP", async () => {
  const { fetch } = overHttp();
  const { hub, sockets, socket, next, close } = await openFake({ transports: ["websocket", "sse"], fetch });
  try {
    socket.end(1006);
    (await next(2)).end(1006);
    (await next(3)).end(1006);
    await until(() => hub.status.transport === "sse" && hub.status.status === "online");
    assert.equal(sockets.length, 3);
  } finally {
    close();
  }
});
