/** The frames of `tests/golden/`, which the hub's own tests read too. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { judgeClose } from "../../src/connection/close-codes.js";
import { WebSocketTransport } from "../../src/connection/websocket.js";
import { errorOfFrame, errorOfResponse, isTransient } from "../../src/errors.js";
import { messageFrame } from "../../src/people/timeline.js";
import { decodeChange } from "../../src/tables/changes.js";
import { batchFrame, decodeResult, decodeRpc, objects, queryFrame, rpcFrame } from "../../src/tables/requests.js";
import { decodeValue, encodeValue } from "../../src/values.js";
import { FakeSocket } from "../support/fake-socket.js";
import { openFake } from "../support/fake-hub.js";
import { until } from "../support/hub.js";

const golden = (name) => JSON.parse(readFileSync(new URL(`../../../../tests/golden/${name}.json`, import.meta.url), "utf8"));

test("every golden request is what the SDK writes", async () => {
  const { hub, sent, close } = await openFake();
  try {
    const key = (id) => ({ key: id });
    const room = hub.rooms.timeline(12);
    let call;
    const calls = [
      () => hub.query("SELECT nom FROM produits WHERE id = ?", [1]),
      () => hub.query("SELECT :a", { a: 2n ** 60n }, { kind: "select" }),
      () => hub.query("UPDATE produits SET stock = 1 WHERE id = 1", [], { expectAffected: 1, key: "k1" }),
      () =>
        hub.batch(
          [
            { query: "INSERT INTO clients(nom) VALUES (?)", params: ["Fatou"] },
            { query: "UPDATE produits SET stock = stock - 1 WHERE id = 2", expectAffected: 1 },
          ],
          key("k2"),
        ),
      () => hub.rpc("sell", { produit_id: 1, quantite: 2 }, key("k3")),
      () => hub.rpc("searchProducts", ["riz", 10], { read: true }),
      () => hub.subscribe(["ventes"]),
      () => hub.subscribe("*"),
      () => hub.request({ type: "renew", token: "jwt" }),
      () => hub.request({ type: "ping" }),
      () => hub.rooms.refresh(),
      () => hub.users(),
      () => hub.rooms.create({ name: "Inventaire", members: [2, 3], open: true }),
      () => hub.rooms.openDirect(2),
      () => hub.rooms.join(12),
      () => hub.rooms.leave(12),
      () => hub.rooms.addMember(12, 2),
      () => hub.rooms.removeMember(12, 2),
      () => room.send("bonjour", { priority: "urgent", needs_ack: true, context: { type: "vente", id: 3 }, reply_to: 40 }),
      () => room.send("", { kind: "audio", file: 5 }),
      () => room.edit(41, "bonsoir"),
      () => room.delete(41),
      () => room.react(41, "👍"),
      () => room.acknowledge(41),
      () => hub.request({ type: "history", room: 12, before: 40, limit: 50 }),
      () => room.around(40, 20),
      () => hub.rooms.search("riz", { room: 12 }),
      () => room.markRead(41),
      () => room.receipts.received(42),
      () => room.typing.key(),
      () => hub.notifications.load(),
      () => hub.notifications.markRead("all"),
      () => hub.notifications.markRead([1, 2]),
      () =>
        hub.notifications.send({
          to_user: 1,
          event: "livraison",
          title: "Livraison",
          body: "Au quai",
          data: { quai: 2 },
          dedup_key: "quai",
        }),
      () => hub.presence.set("busy", { text: "inventaire" }),
      () => hub.calls.open(12, { media: "audio_only", guests: true }).then((opened) => (call = opened)),
      () => call.accept(),
      () => call.decline(),
      () => call.admit(3),
      () => call.deny(3),
      () => call.signal("request_webrtc_offer", { to: 2 }),
      () => call.signal("webrtc_offer", { to: 2, sdp: "v=0" }),
      () => call.signal("webrtc_answer", { to: 2, sdp: "v=0" }),
      () => call.signal("webrtc_ice_candidates", { to: 2, candidates: [{ candidate: "c", sdpMid: "0" }], done: false }),
      () => call.setMedia({ audio: true, video: false, screen: false }),
      () => call.hangUp(),
      () => call.end(),
    ];
    const wanted = golden("requests");
    assert.equal(calls.length, wanted.length);
    for (const [at, act] of calls.entries()) {
      const before = sent.length;
      const answered = Promise.resolve(act()).catch(() => {});
      const frame = await until(() => sent.slice(before).find(({ type }) => type === wanted[at].type), wanted[at].type);
      await answered;
      const { id, ...written } = frame;
      if (wanted[at].client_id) written.client_id = wanted[at].client_id; // made by chance
      if (wanted[at].type === "mark_delivered") written.up_to = wanted[at].up_to;
      assert.deepEqual(written, wanted[at]);
    }
  } finally {
    close();
  }
});

test("the frames that parts write are the golden ones, by themselves", () => {
  const wanted = golden("requests");
  assert.deepEqual(queryFrame(wanted[0].query, [1]), wanted[0]);
  assert.deepEqual({ ...batchFrame([{ query: "SELECT 1" }]) }.statements, [{ query: "SELECT 1", params: [] }]);
  assert.deepEqual(rpcFrame("searchProducts", ["riz", 10]), wanted[5]);
  assert.deepEqual(messageFrame(12, "", { kind: "audio", file: { id: 5 } }).file, 5);
});

test("golden results are read", () => {
  const [query, rpc] = golden("results").map(({ frame }) => frame);
  const result = decodeResult(query);
  assert.deepEqual(objects(result), [
    { id: 1, nom: "Riz" },
    { id: 9007199254740993n, nom: null },
  ]);
  assert.equal("type" in result, false);
  assert.deepEqual(decodeRpc(rpc), { data: { id: 3001, total: 4500 }, commit: 8, duplicate: true });
});

test("every answer finds its request, whatever came between", async () => {
  const socket = new FakeSocket();
  const events = [];
  const transport = new WebSocketTransport({
    url: new URL("http://hub/"),
    token: "jwt",
    since: undefined,
    tables: "*",
    onFrame: (frame) => events.push(frame.type),
    onEnd: () => {},
    WebSocket: socket.constructor_,
  });
  socket.open();
  const asked = [1, 2, 3].map(() => transport.request({ type: "ping" }));
  for (const { frame } of golden("results").slice(0, 1)) socket.say({ ...frame, id: 2 });
  for (const event of golden("events")) socket.say(event.type === "pong" ? { ...event, id: 1 } : event);
  socket.say({ ...golden("errors")[0].frame, id: 3 });
  assert.equal((await asked[0]).type, "pong");
  assert.equal((await asked[1]).commit, 7);
  await assert.rejects(asked[2], { code: "invalid_request" });
  assert.deepEqual(events, golden("events").map(({ type }) => type));
});

test("golden events are handed on by their type, and move the place only then", async () => {
  const { hub, socket, close } = await openFake();
  try {
    for (const event of golden("events").filter(({ type }) => !["welcome", "pong"].includes(type))) {
      const heard = [];
      const stop = hub.on(event.type, (frame) => heard.push([frame, hub.cursor]));
      const before = hub.cursor;
      socket.say(event);
      stop();
      assert.equal(heard.length, 1, event.type);
      assert.equal(heard[0][1], before);
      if (event.cursor) assert.equal(hub.cursor, event.cursor);
    }
    const change = golden("events").find(({ changes }) => changes);
    const { row } = decodeChange(change).changes[0];
    assert.deepEqual(row, { id: 1, stock: 9007199254740993n, photo: { $blob_bytes: 3 } });
  } finally {
    close();
  }
});

test("every golden error is an error with its code, by socket and by HTTP", async () => {
  for (const { status, transient, frame } of golden("errors")) {
    const error = errorOfFrame(frame);
    assert.equal(error.code, frame.code);
    assert.equal(error.message, frame.message);
    assert.equal(error.retryAfterMs, frame.retry_after_ms);
    assert.equal(error.constraint, frame.constraint);
    assert.equal(error.limit, frame.limit);
    assert.equal(isTransient(error), transient, frame.code);
    const { message, type, id, ...rest } = frame;
    const problem = JSON.stringify({ ...rest, title: message, detail: message, status });
    const answered = await errorOfResponse(new Response(problem, { status }));
    assert.deepEqual([answered.code, answered.message, answered.status], [frame.code, message, status]);
  }
});

test("every golden value is the same both ways", () => {
  for (const value of golden("values")) {
    assert.deepEqual(JSON.parse(JSON.stringify(encodeValue(decodeValue(value)))), value);
  }
});

test("every golden close is obeyed", () => {
  for (const { code, reason, act, wait_ms: waitMs } of golden("closes")) {
    const verdict = judgeClose(code, reason);
    assert.equal(verdict.act, act, String(code));
    assert.equal(verdict.waitMs, waitMs, String(code));
  }
});
