import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TestHub, until } from "../support/hub.js";
import { Proxy } from "../support/proxy.js";

let hub;
before(async () => (hub = await TestHub.start()));
after(() => hub.stop());

const sell = (client, product) => client.rpc("sell", { produit_id: product });
const statuses = (client) => {
  const seen = [];
  client.on("status", ({ status }) => status !== seen.at(-1) && seen.push(status));
  return seen;
};

test("every change is seen once, in order, through a network that is cut again and again", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const [awa, binta] = [await hub.connect(), await hub.connect("binta", { url: proxy.url })];
    const seen = [];
    binta.on("data_change", ({ commit }) => seen.push(commit));
    binta.on("resync", () => assert.fail("nothing was out of reach"));
    const done = [];
    for (let n = 0; n < 40; n++) {
      if (n % 8 === 3) proxy.cut();
      await sell(awa, 1 + n);
      done.push(n);
    }
    const { commit: last } = await awa.query("SELECT 1");
    await until(() => seen.at(-1) === last);
    assert.deepEqual(seen, Array.from({ length: 40 }, (_, at) => last - 39 + at));
  } finally {
    proxy.close();
  }
});

test("a hub that goes away says when to come back, and the terminal does", async () => {
  const own = await TestHub.start();
  try {
    const awa = await own.connect();
    const waits = [];
    awa.on("status", ({ status, retryInMs }) => status === "reconnecting" && waits.push(retryInMs));
    const lost = awa.once("status", ({ status }) => status === "reconnecting");
    await own.kill("SIGTERM");
    await lost;
    assert.ok(waits[0] >= 0);
    await own.start();
    awa.reconnect();
    await awa.online();
    assert.equal((await awa.query("SELECT 1")).rows[0][0], 1);
  } finally {
    await own.stop();
  }
});

test("a connection that fell silent is found and replaced", async () => {
  const own = await TestHub.start({ env: { COMPTOIR_SERVER__HEARTBEAT_MS: "2000" } });
  const proxy = await Proxy.before(own.port);
  try {
    const awa = await own.connect("awa", { url: proxy.url });
    const seen = statuses(awa);
    proxy.goSilent();
    await until(() => seen.includes("reconnecting") || seen.includes("connecting"));
    await awa.online();
    await sell(awa, 1);
  } finally {
    proxy.close();
    await own.stop();
  }
});

test("where WebSockets are blocked everything works by SSE and POST", async () => {
  const proxy = await Proxy.before(hub.port);
  proxy.blocksWebSockets = true;
  try {
    const [awa, binta] = [await hub.connect(), await hub.connect("binta", { url: proxy.url })];
    assert.equal(binta.status.transport, "sse");
    const { handshakes } = proxy;
    const live = binta.table("ventes").live();
    await live.ready;
    const [mine, theirs] = [await sell(binta, 10), await sell(awa, 11)];
    await until(() => [mine, theirs].every(({ id }) => live.rows.some((row) => row.id === id)));
    proxy.cut();
    const { id } = await sell(awa, 12);
    await until(() => live.rows.some((row) => row.id === id));
    await assert.rejects(binta.rpc("sell", { produit_id: 1, quantite: 1e6 }), { code: "precondition_failed" });
    await binta.subscribe(["clients"]);
    await binta.online();
    const heard = binta.once("data_change");
    await awa.table("clients").insert({ nom: "SSE" });
    assert.equal((await heard).changes[0].table, "clients");
    assert.equal(proxy.handshakes, handshakes, "a socket is not tried again and again");
    assert.ok(!proxy.seen.some((line) => line.includes("eyJ")), "no token in an address");
  } finally {
    proxy.close();
  }
});

test("a restored backup, or a log that was tidied, makes live tables begin anew", async () => {
  const own = await TestHub.start({ env: { COMPTOIR_CHANGES__RETENTION_ROWS: "5" } });
  const proxy = await Proxy.before(own.port);
  try {
    const [awa, binta] = [await own.connect(), await own.connect("binta", { url: proxy.url })];
    const live = binta.table("ventes").live();
    await live.ready;
    const resynced = binta.once("resync");
    const { cursor } = awa;
    proxy.down();
    for (let n = 0; n < 30; n++) await sell(awa, 1 + n);
    // The log is tidied once a second.
    const since = `/api/events?wait_ms=0&since=${encodeURIComponent(cursor)}`;
    await until(async () => (await awa.http("GET", since)).events.some(({ reason }) => reason === "expired"));
    proxy.up();
    assert.equal((await resynced).reason, "expired");
    const { rows } = await awa.query("SELECT count(*) FROM ventes");
    await until(() => live.rows.length === rows[0][0]);
  } finally {
    proxy.close();
    await own.stop();
  }
});

test("a program goes on where an earlier one stopped", async () => {
  const [awa, first] = [await hub.connect(), await hub.connect("binta")];
  const heardFirst = first.once("data_change");
  await sell(awa, 20);
  await heardFirst;
  const since = first.cursor;
  first.close();
  const missed = await sell(awa, 21);
  const second = hub.open("binta", { since });
  // Both may come in one piece: whoever waits for the second after the first has missed it.
  const caughtUp = second.once("caught_up");
  await second.once("data_change", ({ changes }) => changes.some(({ row }) => row?.id === missed.id));
  assert.ok((await caughtUp).replayed >= 1);
});

test("closing ends everything: waits, loops and writes", async () => {
  const awa = await hub.connect();
  const loop = awa.changes();
  const waiting = loop.next();
  awa.close();
  assert.equal(awa.status.status, "closed");
  await assert.rejects(awa.query("SELECT 1"), { code: "closed" });
  await assert.rejects(awa.rpc("sell", { produit_id: 1 }), { code: "closed" });
  assert.equal((await waiting).done, true);
});
