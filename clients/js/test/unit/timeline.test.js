import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../src/emitter.js";
import { Timeline } from "../../src/people/timeline.js";

const LENGTH = 10_000;
const message = (seq) => ({ id: seq * 3, room: 1, seq, version: 1, sender: { id: 2 }, content: String(seq), client_id: `c${seq}`, created_at: "2026-01-01T00:00:00.000Z" });
const some = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => message(from + i));

/** A room of ten thousand, as `history` answers it. */
function history({ before, after, around, limit }) {
  if (after !== undefined) return { messages: some(after + 1, Math.min(after + limit, LENGTH)), has_more: after + limit < LENGTH };
  const end = around !== undefined ? Math.min(around + limit / 2, LENGTH) : (before ?? LENGTH + 1) - 1;
  const from = Math.max(1, end - limit + 1);
  return { messages: some(from, end), has_more: from > 1 };
}

function room() {
  const events = new Emitter();
  const asked = [];
  const access = { events, ask: async (frame) => (asked.push(frame), history(frame)), queued: () => [], me: () => ({ id: 9 }), tell() {}, queue: async () => ({}), once: async () => ({}) };
  return { timeline: new Timeline(1, access, () => undefined), asked, events };
}
const seqs = (timeline) => timeline.messages.map(({ seq }) => seq);
const inOrder = (list) => list.every((seq, i) => i === 0 || seq > list[i - 1]);

test("a jump fetches what stands around, and leaves out what lies between until it is asked for", async () => {
  const { timeline, asked } = room();
  await timeline.loadAround(5_000, 100);
  assert.equal(asked.length, 2);
  assert.deepEqual(timeline.gaps, [{ after: 0, before: 4_951 }, { after: 5_050, before: 9_901 }]);
  await timeline.loadAround(5_001, 100);
  assert.equal(asked.length, 2, "it is here");
  while (timeline.gaps.length > 1) await timeline.loadAfter(timeline.gaps[1].after, 200);
  while (await timeline.loadBefore(200));
  assert.deepEqual(seqs(timeline), some(1, LENGTH).map(({ seq }) => seq));
  assert.deepEqual([timeline.hasMore, timeline.gaps], [false, []]);
});

test("who reads on and on keeps some of it, and the end; the rest is a gap that can be read again", async () => {
  const { timeline, events } = room();
  await timeline.load();
  for (let top = timeline.messages[0].seq; top > 1; top = timeline.messages[0].seq) {
    await timeline.loadBefore(100, top);
    timeline.forget(top);
    assert.ok(timeline.messages.length < 3_100, `${timeline.messages.length}`);
    assert.ok(timeline.gaps.every(({ after, before }) => timeline.messages.every(({ seq }) => seq <= after || seq >= before)));
  }
  assert.ok(inOrder(seqs(timeline)) && seqs(timeline).includes(1) && seqs(timeline).includes(LENGTH));
  assert.equal(timeline.gaps.length, 1);
  assert.equal(timeline.get(5_000 * 3), undefined);
  events.emit("new_message", { room: 1, message: message(LENGTH + 1) });
  assert.equal(seqs(timeline).at(-1), LENGTH + 1);
  while (timeline.gaps.length > 0) await timeline.loadAfter(timeline.gaps[0].after, 200);
  assert.deepEqual(seqs(timeline), some(1, LENGTH + 1).map(({ seq }) => seq));
});
