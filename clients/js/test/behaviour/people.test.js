import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileOutbox } from "../../src/node/index.js";
import { TestHub, until } from "../support/hub.js";
import { Proxy } from "../support/proxy.js";

let hub;
before(async () => (hub = await TestHub.start()));
after(() => hub.stop());

const texts = (timeline) => timeline.messages.map(({ content }) => content);

/** Two people, and the room of the two as each sees it. */
async function pair(options = {}) {
  const [awa, binta] = [await hub.connect("awa", options), await hub.connect("binta")];
  const { id } = await awa.rooms.openDirect(binta.user.id);
  await until(() => binta.rooms.get(id));
  const [mine, theirs] = [awa.rooms.timeline(id), binta.rooms.timeline(id)];
  await Promise.all([mine.load(), theirs.load()]);
  return { awa, binta, id, mine, theirs };
}

test("a message stands in one's own timeline at once, and once in everybody's", async () => {
  const { mine, theirs, id, awa } = await pair();
  const before = mine.messages.length;
  const sending = mine.send("bonjour", { priority: "important", context: { type: "vente", id: 3 } });
  const echo = mine.messages.at(-1);
  assert.deepEqual([echo.content, echo.pending, echo.id], ["bonjour", true, null]);
  const message = await sending;
  assert.equal(message.client_id, echo.client_id);
  assert.equal(mine.messages.length, before + 1);
  await until(() => theirs.messages.at(-1)?.id === message.id);
  assert.deepEqual(mine.messages.at(-1), theirs.messages.at(-1));
  assert.equal(theirs.messages.at(-1).priority, "important");
  await until(() => mine.messages.filter(({ content }) => content === "bonjour").length === 1);
  await until(() => awa.rooms.get(id).last_message.id === message.id);
});

test("the room of two is the same each time, and the same from both sides", async () => {
  const { awa, binta, id } = await pair();
  assert.equal((await binta.rooms.openDirect(awa.user.id)).id, id);
  assert.equal(awa.rooms.list.filter((room) => room.id === id).length, 1);
});

test("messages are edited, answered, acknowledged and deleted, for all to see", async () => {
  const { mine, theirs, awa, binta } = await pair();
  const message = await mine.send("stock de riz ?", { needs_ack: true });
  await until(() => theirs.messages.at(-1)?.id === message.id);
  await mine.edit(message.id, "stock de riz ? urgent");
  await theirs.react(message.id, "👍");
  await theirs.acknowledge(message.id);
  const last = () => mine.messages.find(({ id }) => id === message.id);
  await until(() => last().acks.count === 1 && last().reactions[0]?.emoji === "👍");
  assert.equal(last().content, "stock de riz ? urgent");
  assert.deepEqual(last().acks.names, [binta.user.username]);
  await theirs.react(message.id, "👍", false);
  await until(() => last().reactions.length === 0);
  await mine.delete(message.id);
  await until(() => theirs.messages.find(({ id }) => id === message.id)?.deleted);
  await assert.rejects(theirs.edit(message.id, "x"), { name: "ComptoirError" });
  assert.equal(awa.user.username, "awa");
});

test("unread counts, receipts and typing reach the other side", async () => {
  const { awa, binta, id, mine, theirs } = await pair();
  await theirs.markRead();
  const unread = binta.rooms.get(id).unread;
  const message = await mine.send("tu es là ?");
  await until(() => binta.rooms.get(id).unread === unread + 1);
  assert.ok(binta.rooms.unread >= 1);
  await until(() => mine.receipts.deliveredTo(message.seq).includes(binta.user.id));
  await theirs.markRead();
  await until(() => mine.receipts.readBy(message.seq).includes(binta.user.id));
  // Whoever comes later knows it as well: a page that was loaded again.
  const again = await hub.connect("awa");
  assert.deepEqual(again.rooms.timeline(id).receipts.readBy(message.seq).sort(), [awa.user.id, binta.user.id].sort());
  assert.ok(!again.rooms.timeline(id).receipts.readBy(message.seq + 1).includes(binta.user.id));
  await until(() => binta.rooms.get(id).unread === 0);
  const typing = mine.once("typing", (users) => users.includes(binta.user.id));
  theirs.typing.key();
  await typing;
  const stopped = mine.once("typing", (users) => users.length === 0);
  await theirs.send("oui");
  await stopped;
  assert.ok(awa.user);
});

test("messages written offline are sent in order when the hub is back, each once", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const { awa, mine, theirs } = await pair({ url: proxy.url });
    proxy.down();
    await until(() => awa.status.status !== "online");
    const sent = ["un", "deux", "trois"].map((text) => mine.send(text));
    assert.deepEqual(mine.messages.slice(-3).map(({ pending }) => pending), [true, true, true]);
    proxy.up();
    await Promise.all(sent);
    await until(() => texts(theirs).slice(-3).join() === "un,deux,trois");
    assert.deepEqual(texts(mine).slice(-3), ["un", "deux", "trois"]);
  } finally {
    proxy.close();
  }
});

test("what an earlier run could not send is shown as waiting by the next, and sent", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "comptoir-people-")), "queue");
  const proxy = await Proxy.before(hub.port);
  try {
    const options = { url: proxy.url, outbox: () => fileOutbox(path) };
    const { awa, id, mine, theirs } = await pair(options);
    proxy.down();
    await until(() => awa.status.status !== "online");
    mine.send("avant le redémarrage").catch(() => {});
    await until(() => awa.status.queued === 1);
    await awa.outbox.kept();
    awa.close();
    proxy.up();
    const next = await hub.connect("awa", options);
    const shown = next.rooms.timeline(id);
    await until(() => texts(theirs).includes("avant le redémarrage"));
    await shown.load();
    await until(() => shown.messages.filter(({ content }) => content === "avant le redémarrage").length === 1);
    assert.ok(shown.messages.every(({ pending }) => !pending));
  } finally {
    proxy.close();
  }
});

test("messages missed through a cut network come with the next connection, each once", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const { binta, id, theirs } = await pair();
    const awa = await hub.connect("awa", { url: proxy.url });
    const timeline = awa.rooms.timeline(id);
    await timeline.load();
    for (let n = 0; n < 12; n++) {
      if (n % 4 === 1) proxy.cut();
      await theirs.send(`coupure ${n}`);
    }
    const wanted = Array.from({ length: 12 }, (_, n) => `coupure ${n}`);
    await until(() => texts(timeline).filter((text) => text.startsWith("coupure")).length === 12);
    assert.deepEqual(texts(timeline).slice(-12), wanted);
    assert.ok(binta.user);
  } finally {
    proxy.close();
  }
});

test("history is read page by page to the beginning, and searched", async () => {
  const { awa, mine, id } = await pair();
  for (let n = 0; n < 30; n++) await mine.send(`page ${n} ${n === 3 ? "aiguille" : ""}`);
  const other = await hub.connect();
  const timeline = other.rooms.timeline(id);
  await timeline.load(10);
  assert.equal(timeline.messages.length, 10);
  while (await timeline.loadBefore(10));
  const seqs = timeline.messages.map(({ seq }) => seq);
  assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b));
  assert.equal(seqs[0], 1);
  const found = await awa.rooms.search("aiguille", { room: id });
  assert.equal(found.length, 1);
  assert.deepEqual(found[0].highlights, ["aiguille"]);
  const { messages } = await timeline.around(found[0].seq, 5);
  assert.ok(messages.some((message) => message.id === found[0].id));
});

test("groups are made, joined, left, and told to those concerned", async () => {
  const [awa, binta, moussa] = [await hub.connect(), await hub.connect("binta"), await hub.connect("moussa")];
  const room = await awa.rooms.create({ name: "Inventaire", members: [binta.user.id], open: true });
  await until(() => binta.rooms.get(room.id)?.name === "Inventaire");
  await moussa.rooms.refresh();
  assert.ok(moussa.rooms.joinable.some(({ id }) => id === room.id));
  await moussa.rooms.join(room.id);
  await until(() => awa.rooms.get(room.id).members.length === 3);
  await moussa.rooms.leave(room.id);
  assert.equal(moussa.rooms.list.some(({ id }) => id === room.id), false);
  await awa.rooms.removeMember(room.id, binta.user.id);
  await until(() => !binta.rooms.get(room.id));
  await assert.rejects(binta.rooms.timeline(room.id).load(), { code: "not_found" });
});

test("a refused message says so where it stands, and can be taken away", async () => {
  const { mine } = await pair();
  const refused = mine.send("x".repeat(200_000));
  await assert.rejects(refused, { name: "ComptoirError" });
  const echo = mine.messages.at(-1);
  assert.ok(echo.failed);
  assert.equal(echo.pending, false);
  mine.dismiss(echo.client_id);
  assert.ok(!mine.messages.includes(echo));
});
