/** What the hub says by closing is done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openFake } from "../support/fake-hub.js";
import { until } from "../support/hub.js";

test("the token is a subprotocol, and the place is in the address", async () => {
  const { socket, accept, close } = await openFake();
  try {
    assert.deepEqual(socket.protocols, ["comptoir.v1", "bearer.token-1"]);
    assert.equal(socket.address, "ws://hub.test/ws");
    socket.say({ type: "cursor", cursor: "place/2" });
    socket.end(1006);
    assert.equal((await accept(2)).address, "ws://hub.test/ws?since=place%2F2");
  } finally {
    close();
  }
});

test("1001: comes back when the hub said", async () => {
  const { hub, socket, accept, close } = await openFake();
  try {
    const waits = hub.once("status", ({ status }) => status === "reconnecting");
    socket.end(1001, "retry_after_ms=30");
    assert.equal((await waits).retryInMs, 30);
    await accept(2);
    await hub.online();
  } finally {
    close();
  }
});

test("4401: comes back with another token", async () => {
  const { hub, socket, next, close } = await openFake();
  try {
    socket.end(4401, "token expired or revoked");
    assert.deepEqual((await next(2)).protocols, ["comptoir.v1", "bearer.token-2"]);
    assert.notEqual(hub.status.status, "online");
  } finally {
    close();
  }
});

test("4403: stays away until a person acts", async () => {
  const { hub, sockets, socket, accept, close } = await openFake();
  try {
    socket.end(4403, "disconnected by an administrator");
    await until(() => hub.status.status === "disconnected");
    // Another, that may, is back three times meanwhile.
    const other = await openFake();
    for (let n = 1; n <= 3; n++) {
      other.sockets.at(-1).end(1006);
      await other.accept(n + 1);
    }
    other.close();
    assert.equal(sockets.length, 1);
    hub.reconnect();
    await accept(2);
    await hub.online();
  } finally {
    close();
  }
});

for (const code of [1002, 1007, 1009, 4400]) {
  test(`${code}: waits half a minute, and does not repeat what was in flight`, async () => {
    const { hub, socket, sent, accept, close } = await openFake({ answers: false });
    try {
      const guilty = hub.query("INSERT INTO t VALUES (1)");
      const innocent = hub.query("INSERT INTO t VALUES (2)");
      await until(() => sent.length === 1);
      socket.end(code);
      await assert.rejects(guilty, { code: "uncertain" });
      await until(() => hub.status.retryInMs >= 30_000);
      hub.reconnect();
      const second = await accept(2);
      await until(() => second.sent.length === 1);
      assert.equal(second.sent[0].query, "INSERT INTO t VALUES (2)");
      second.say({ type: "result", id: second.sent[0].id, rows: [], columns: [] });
      await innocent;
    } finally {
      close();
    }
  });
}

for (const code of [1006, 1011, 4408, 4429]) {
  test(`${code}: comes back with a wait by chance, and repeats what was not answered with its key`, async () => {
    const { hub, socket, sent, accept, close } = await openFake({ answers: false });
    try {
      const write = hub.query("INSERT INTO t VALUES (1)");
      const read = hub.query("SELECT 1");
      await until(() => sent.length === 2);
      socket.end(code);
      const second = await accept(2);
      await until(() => second.sent.length === 2);
      for (const { id } of second.sent) second.say({ type: "result", id, rows: [], columns: [] });
      await Promise.all([write, read]);
      const keys = [...sent].filter(({ idempotency_key: key }) => key).map(({ idempotency_key: key }) => key);
      assert.equal(keys.length, 2);
      assert.equal(keys[0], keys[1]);
    } finally {
      close();
    }
  });
}

test("a new token goes to the socket that there is", async () => {
  const jwt = (/** @type {number} */ n) => `h.${btoa(JSON.stringify({ iat: 0, exp: 1.2, n }))}.s`;
  let n = 0;
  const { sent, sockets, socket, close } = await openFake({ token: () => jwt(n++) });
  try {
    const renewal = await until(() => sent.find(({ type }) => type === "renew"));
    assert.ok(n > 1);
    assert.notEqual(`bearer.${renewal.token}`, socket.protocols[1]);
    assert.equal(sockets.length, 1);
  } finally {
    close();
  }
});
