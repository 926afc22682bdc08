import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../src/connection/backoff.js";
import { judgeClose } from "../../src/connection/close-codes.js";
import { readEvents } from "../../src/connection/sse-reader.js";

test("each close code is obeyed", () => {
  assert.deepEqual(judgeClose(1001, "retry_after_ms=1234"), { act: "retry", waitMs: 1234 });
  for (const code of [1001, 1006, 1011, 4408, 4429, 4999]) assert.equal(judgeClose(code).act, "retry", String(code));
  for (const code of [1002, 1007, 1009, 4400]) assert.deepEqual(judgeClose(code), { act: "pause", waitMs: 30_000 });
  assert.equal(judgeClose(4401).act, "renew");
  assert.equal(judgeClose(4403).act, "stay_away");
});

test("the wait is anywhere between nothing and a ceiling that doubles up to a cap", () => {
  const highest = new Backoff({ baseMs: 500, capMs: 3_000, random: () => 1 });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => highest.next()), [500, 1_000, 2_000, 3_000, 3_000]);
  highest.reset();
  assert.equal(highest.next(), 500);
  assert.equal(new Backoff({ random: () => 0 }).next(), 0);
  for (let i = 0; i < 2_000; i++) assert.ok(highest.next() <= 3_000); // for ever
});

test("events come out of a stream however it is cut", async () => {
  const text = ': \n\nid: a\ndata: {"x":"é"}\n\ndata: one\ndata: two\n\n:\n\ndata: lost';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    let comments = 0;
    const body = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const events = [];
    for await (const data of readEvents(body, () => comments++)) events.push(data);
    assert.deepEqual(events, ['{"x":"é"}', "one\ntwo"]);
    assert.equal(comments, 2);
  }
});
