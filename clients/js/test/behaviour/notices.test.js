/** Notifications, files, presence: what else reaches a person. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TestHub, until } from "../support/hub.js";
import { Proxy } from "../support/proxy.js";

let hub;
before(async () => (hub = await TestHub.start()));
after(() => hub.stop());

test("a notification comes live, is counted on every device, and is read on all of them", async () => {
  const [moussa, one, two] = [await hub.connect("moussa"), await hub.connect(), await hub.connect()];
  const before = one.notifications.unread;
  const heard = one.once("notification");
  await moussa.notifications.send({ to_user: one.user.id, event: "livraison", title: "Livraison", body: "Au quai", data: { quai: 2 } });
  const { title, data } = await heard;
  assert.deepEqual([title, data], ["Livraison", { quai: 2 }]);
  await until(() => one.notifications.unread === before + 1 && two.notifications.unread === before + 1);
  assert.equal(one.notifications.list[0].title, "Livraison");
  await one.notifications.markRead("all");
  await until(() => two.notifications.unread === 0);
  assert.ok(one.notifications.list[0].read);
});

test("a repeated notification is one, whose count rises", async () => {
  const [moussa, binta] = [await hub.connect("moussa"), await hub.connect("binta")];
  for (let n = 0; n < 3; n++) {
    await moussa.notifications.send({ to_user: binta.user.id, event: "alerte", title: "Stock bas", body: `${n}`, dedup_key: "stock" });
  }
  await until(() => binta.notifications.list[0]?.count === 3);
  assert.equal(binta.notifications.list.filter(({ event }) => event === "alerte").length, 1);
});

test("notifications are read page by page, and those missed come with the next connection", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const [moussa, awa] = [await hub.connect("moussa"), await hub.connect("awa", { url: proxy.url })];
    const send = (n) => moussa.notifications.send({ to_user: awa.user.id, event: "suite", title: `n° ${n}`, body: "" });
    for (let n = 0; n < 6; n++) await send(n);
    proxy.cut();
    for (let n = 6; n < 12; n++) await send(n);
    await until(() => awa.notifications.list.filter(({ event }) => event === "suite").length === 12);
    const later = await hub.connect();
    await later.notifications.load(5);
    while (await later.notifications.loadBefore(5));
    const titles = later.notifications.list.filter(({ event }) => event === "suite").map(({ title }) => title);
    assert.deepEqual(titles.sort(), Array.from({ length: 12 }, (_, n) => `n° ${n}`).sort());
  } finally {
    proxy.close();
  }
});

test("who may not notify is told so", async () => {
  const awa = await hub.connect();
  const refused = awa.notifications.send({ to_user: 2, event: "x", title: "x", body: "x" });
  await assert.rejects(refused, { code: "forbidden" });
});

test("a file is put on the hub, sent, and fetched by who may", async () => {
  const [awa, binta, moussa] = [await hub.connect(), await hub.connect("binta"), await hub.connect("moussa")];
  const file = await awa.files.upload(new Blob(["bonjour"], { type: "text/plain" }), { name: "note.txt" });
  const { id } = await awa.rooms.openDirect(binta.user.id);
  const message = await awa.rooms.timeline(id).send("voilà", { kind: "file", file });
  assert.equal(message.file.name, "note.txt");
  assert.equal(await (await binta.files.download(message.file)).text(), "bonjour");
  assert.equal((await fetch(binta.files.url(message.file))).status, 200);
  await assert.rejects(moussa.files.download(message.file), { code: "not_found" });
});

test("who is here is seen, with what he says of himself, also after he came back", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const moussa = await hub.connect("moussa");
    const binta = await hub.connect("binta", { url: proxy.url });
    await until(() => moussa.presence.status(binta.user.id) === "online");
    await binta.presence.set("busy", { text: "inventaire" });
    await until(() => moussa.presence.status(binta.user.id) === "busy");
    assert.equal(moussa.presence.get(binta.user.id).status_text, "inventaire");
    const again = binta.once("welcome");
    proxy.cut();
    await again;
    await until(() => moussa.presence.status(binta.user.id) === "busy");
    const late = await hub.connect();
    await until(() => late.presence.status(binta.user.id) === "busy");
  } finally {
    proxy.close();
  }
});
