import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ComptoirError } from "../../src/errors.js";
import { fileOutbox } from "../../src/node/file-outbox.js";
import { memoryOutbox } from "../../src/outbox/memory-storage.js";
import { Outbox } from "../../src/outbox/outbox.js";
import { until } from "../support/hub.js";

const write = (n) => (key) => ({ type: "rpc", function: "f", args: [n], idempotency_key: key });

/** A hub that keeps what it was sent, and answers as it is told. */
function fakeHub(answer = async () => ({})) {
  const sent = [];
  return { sent, send: async (frame) => (sent.push(frame), answer(frame, sent.length)) };
}

test("writes go out in order, one after the other, however many were asked for at once", async () => {
  let underWay = 0;
  const hub = fakeHub(async () => {
    assert.equal(++underWay, 1);
    await new Promise((resolve) => setImmediate(resolve));
    underWay--;
    return {};
  });
  const outbox = new Outbox({ storage: memoryOutbox(), send: hub.send });
  outbox.setOnline(true);
  await Promise.all([1, 2, 3, 4, 5].map((n) => outbox.add(write(n))));
  assert.deepEqual(hub.sent.map(({ args }) => args[0]), [1, 2, 3, 4, 5]);
});

test("a lost connection repeats the write with its key, and nothing overtakes it", async () => {
  const hub = fakeHub(async (frame, times) => {
    if (times === 2) throw new ComptoirError("disconnected");
    return frame.args[0];
  });
  const outbox = new Outbox({ storage: memoryOutbox(), send: hub.send });
  const answers = [1, 2, 3].map((n) => outbox.add(write(n)));
  outbox.setOnline(true);
  await until(() => hub.sent.length >= 2);
  outbox.setOnline(false);
  outbox.setOnline(true);
  assert.deepEqual(await Promise.all(answers), [1, 2, 3]);
  assert.deepEqual(hub.sent.map(({ args }) => args[0]), [1, 2, 2, 3]);
  assert.equal(hub.sent[1].idempotency_key, hub.sent[2].idempotency_key);
});

test("a hub that is full is asked again, and says why it waits", async () => {
  const hub = fakeHub(async (frame, times) => {
    if (times <= 2) throw new ComptoirError("busy", "", { retry_after_ms: 1 });
    return "done";
  });
  const outbox = new Outbox({ storage: memoryOutbox(), send: hub.send });
  outbox.setOnline(true);
  const said = [];
  outbox.on("change", () => said.push(outbox.blockedBy?.code));
  const [first, second] = [outbox.add(write(1)), outbox.add(write(2))];
  assert.equal(await first, "done");
  assert.ok(said.includes("busy"));
  await second;
  assert.deepEqual(hub.sent.map(({ args }) => args[0]), [1, 1, 1, 2]);
  assert.equal(outbox.blockedBy, null);
});

test("a refused write does not stop those after it", async () => {
  const hub = fakeHub(async (frame) => {
    if (frame.args[0] === 1) throw new ComptoirError("constraint_violation");
    return "done";
  });
  const outbox = new Outbox({ storage: memoryOutbox(), send: hub.send });
  outbox.setOnline(true);
  const refused = outbox.add(write(1));
  const done = outbox.add(write(2));
  await assert.rejects(refused, { code: "constraint_violation" });
  assert.equal(await done, "done");
  assert.equal(outbox.length, 0);
});

test("what stands for an earlier one takes its place, and answers for it", async () => {
  const hub = fakeHub(async (frame) => frame.up_to);
  const outbox = new Outbox({ storage: memoryOutbox(), send: hub.send });
  const marks = [3, 7, 9].map((upTo) => outbox.add(() => ({ type: "mark_read", up_to: upTo }), { replaces: "mark_read:1" }));
  await until(() => outbox.length === 1);
  outbox.setOnline(true);
  assert.deepEqual(await Promise.all(marks), [9, 9, 9]);
  assert.deepEqual(hub.sent.map((frame) => frame.up_to), [9]);
});

test("a write that the hub closed the connection over is not repeated", async () => {
  let lose;
  const lost = new Promise((_, reject) => (lose = () => reject(new ComptoirError("disconnected"))));
  const hub = fakeHub(async (frame, times) => (times === 1 ? lost : "done"));
  const outbox = new Outbox({ storage: memoryOutbox(), send: hub.send });
  outbox.setOnline(true);
  const guilty = outbox.add(write(1));
  const innocent = outbox.add(write(2));
  await until(() => hub.sent.length === 1);
  outbox.setOnline(false);
  outbox.dropInFlight();
  lose();
  outbox.setOnline(true);
  await assert.rejects(guilty, { code: "uncertain" });
  assert.equal(await innocent, "done");
  assert.deepEqual(hub.sent.map(({ args }) => args[0]), [1, 2]);
});

test("a write sent longer ago than the hub keeps keys is left to a person", async () => {
  const hub = fakeHub(async () => {
    throw new ComptoirError("disconnected");
  });
  const outbox = new Outbox({ storage: memoryOutbox(), send: hub.send, keyLifeMs: 5 });
  outbox.setOnline(true);
  const refused = assert.rejects(outbox.add(write(1)), { code: "uncertain" });
  await until(() => hub.sent.length === 1);
  outbox.setOnline(false);
  const sentBefore = Date.now();
  await until(() => Date.now() - sentBefore > 5);
  outbox.setOnline(true);
  await refused;
  assert.equal(hub.sent.length, 1);
});

test("what was not sent is there in the next run, in order, and goes out before what is new", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "comptoir-outbox-")), "queue");
  const first = new Outbox({ storage: fileOutbox(path), send: async () => ({}) });
  const left = [1, 2, 3].map((n) => first.add(write(n)));
  await first.kept();
  const keys = first.entries.map(({ id }) => id);
  first.close();
  for (const promise of left) await assert.rejects(promise, { code: "closed" });
  assert.equal(statSync(path).mode & 0o077, 0);
  appendFileSync(path, '{"put":{"id":"half');

  const hub = fakeHub();
  const second = new Outbox({ storage: fileOutbox(path), send: hub.send });
  const fourth = second.add(write(4));
  second.setOnline(true);
  await fourth;
  assert.deepEqual(hub.sent.map(({ args }) => args[0]), [1, 2, 3, 4]);
  assert.deepEqual(hub.sent.slice(0, 3).map((frame) => frame.idempotency_key), keys);

  // One process at a time: the next begins when the last answer is on the disk.
  await second.kept();
  second.close();

  const third = new Outbox({ storage: fileOutbox(path), send: hub.send });
  await third.ready();
  assert.equal(third.length, 0);
  third.close();
});
