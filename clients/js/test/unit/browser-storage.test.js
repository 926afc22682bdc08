/** What a page keeps over a reload: the outbox in IndexedDB, the login in `sessionStorage`. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { tabTokens } from "../../src/auth/token-stores.js";
import { ComptoirError } from "../../src/errors.js";
import { indexedDbOutbox } from "../../src/outbox/indexeddb-storage.js";
import { Outbox } from "../../src/outbox/outbox.js";
import { until } from "../support/hub.js";

/** An IndexedDB outside of browsers, where `npm ci` was run. */
const fake = await import("fake-indexeddb/auto").then(() => true, () => false);
const options = { skip: fake ? false : "run `npm ci` in clients/js" };

const write = (n) => (key) => ({ type: "rpc", function: "f", args: [n], idempotency_key: key });

test("writes of a page that was reloaded go out with the next, in order, with their keys", options, async () => {
  const first = new Outbox({ storage: indexedDbOutbox("hub:1"), send: async () => ({}) });
  for (const n of [1, 2, 3]) first.add(write(n)).catch(() => {});
  await until(() => first.length === 3);
  await first.kept();
  const keys = first.entries.map(({ id }) => id);
  first.close();

  const sent = [];
  const second = new Outbox({ storage: indexedDbOutbox("hub:1"), send: async (frame) => (sent.push(frame), {}) });
  const fourth = second.add(write(4));
  second.setOnline(true);
  await fourth;
  assert.deepEqual(sent.map(({ args }) => args[0]), [1, 2, 3, 4]);
  assert.deepEqual(sent.slice(0, 3).map((frame) => frame.idempotency_key), keys);
  second.close();

  const third = new Outbox({ storage: indexedDbOutbox("hub:1"), send: async () => ({}) });
  await third.ready();
  assert.equal(third.length, 0);
  third.close();
});

test("another user's writes are not there", options, async () => {
  const awa = new Outbox({ storage: indexedDbOutbox("hub:10"), send: async () => ({}) });
  awa.add(write(1)).catch(() => {});
  await until(() => awa.length === 1);
  await awa.kept();
  const binta = new Outbox({ storage: indexedDbOutbox("hub:11"), send: async () => ({}) });
  await binta.ready();
  assert.equal(binta.length, 0);
  awa.close();
  binta.close();
});

test("two tabs that send what one left do it in one order, with the same keys", options, async () => {
  const done = new Map();
  const order = [];
  /** A hub: the first time a key comes it is done, then the answer is repeated. */
  const send = async (frame) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
    if (!done.has(frame.idempotency_key)) {
      done.set(frame.idempotency_key, frame.args[0]);
      order.push(frame.args[0]);
    }
    return { data: done.get(frame.idempotency_key) };
  };
  const gone = new Outbox({ storage: indexedDbOutbox("hub:20"), send });
  for (let n = 0; n < 20; n++) gone.add(write(n)).catch(() => {});
  await until(() => gone.length === 20);
  await gone.kept();
  gone.close();
  const tabs = [1, 2].map(() => new Outbox({ storage: indexedDbOutbox("hub:20"), send }));
  for (const tab of tabs) await tab.ready();
  for (const tab of tabs) tab.setOnline(true);
  await until(() => tabs.every(({ length }) => length === 0));
  assert.deepEqual(order, Array.from({ length: 20 }, (_, n) => n));
  for (const tab of tabs) tab.close();
});

test("a device without room says so where there is no hub either", async () => {
  const full = { load: async () => [], put: async () => Promise.reject(new Error("quota")), remove: async () => {} };
  const outbox = new Outbox({ storage: full, send: async () => "done" });
  await assert.rejects(outbox.add(write(1)), { code: "offline" });
  outbox.setOnline(true);
  assert.equal(await outbox.add(write(2)), "done");
  outbox.close();
});

/** Tabs of one browser: each has its own `sessionStorage`, a duplicated one begins with a copy. */
class FakeSessionStorage extends Map {
  getItem = (key) => this.get(key) ?? null;
  setItem = (key, value) => void this.set(key, value);
  removeItem = (key) => void this.delete(key);
}

before(() => (globalThis.sessionStorage = new FakeSessionStorage()));

test("a reload stays logged in, and only the refresh token was kept", async () => {
  const tab = tabTokens("hub");
  assert.equal(tab.load(), null);
  tab.save({ refresh_token: "r1", user: { id: 1, username: "awa" } });
  tab.close();
  const reloaded = tabTokens("hub");
  assert.equal(reloaded.load().refresh_token, "r1");
  assert.deepEqual([...sessionStorage.keys()], ["comptoir:hub"]);
  reloaded.save(null);
  assert.equal(sessionStorage.size, 0);
  reloaded.close();
});

test("a duplicated tab hears of the newer token, and one of another login does not", async () => {
  const user = { id: 1, username: "awa" };
  const tab = tabTokens("pair");
  tab.save({ refresh_token: "r1", user });
  const copy = tabTokens("pair");
  copy.load();
  const stranger = tabTokens("pair");
  sessionStorage.setItem("comptoir:pair", JSON.stringify({ refresh_token: "other", user }));
  stranger.load();
  const heard = [];
  copy.watch((login) => heard.push(["copy", login.refresh_token]));
  stranger.watch((login) => heard.push(["stranger", login.refresh_token]));
  tab.save({ refresh_token: "r2", user });
  tab.save({ refresh_token: "r3", user });
  // They come in order: with the second, the first has reached everybody.
  await until(() => heard.length > 1);
  assert.deepEqual(heard, [["copy", "r2"], ["copy", "r3"]]);
  for (const one of [tab, copy, stranger]) one.close();
});

test("a refusal that nobody waits for ends nothing", async () => {
  const outbox = new Outbox({
    storage: { load: async () => [{ id: "a", order: 1, at: 0, sentAt: null, frame: {} }], put: async () => {}, remove: async () => {} },
    send: async () => {
      throw new ComptoirError("forbidden");
    },
  });
  const settled = outbox.once("settled");
  outbox.setOnline(true);
  assert.equal((await settled).error.code, "forbidden");
  outbox.close();
});
