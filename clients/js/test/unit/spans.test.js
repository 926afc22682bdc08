import assert from "node:assert/strict";
import { test } from "node:test";
import { Spans } from "../../src/people/spans.js";

test("what was fetched joins what it touches, and leaves out what lies between", () => {
  const spans = new Spans();
  spans.add(951, Infinity);
  assert.deepEqual(spans.gaps, [{ after: 0, before: 951 }]);
  spans.add(476, 525);
  assert.deepEqual(spans.gaps, [{ after: 0, before: 476 }, { after: 525, before: 951 }]);
  assert.ok(spans.has(500) && spans.has(1_000_000) && !spans.has(526) && !spans.has(475));
  spans.add(526, 600);
  spans.add(590, 950);
  assert.deepEqual(spans.list, [{ from: 476, to: Infinity }]);
  spans.add(1, 475);
  assert.deepEqual(spans.gaps, []);
  assert.deepEqual(spans.list, [{ from: 1, to: Infinity }]);
});

test("what is let go of is a gap again", () => {
  const spans = new Spans();
  spans.add(1, Infinity);
  spans.remove(1, 99);
  spans.remove(301, 900);
  assert.deepEqual(spans.list, [{ from: 100, to: 300 }, { from: 901, to: Infinity }]);
  assert.deepEqual(spans.gaps, [{ after: 0, before: 100 }, { after: 300, before: 901 }]);
  spans.remove(5, 4);
  spans.remove(100, 300);
  assert.deepEqual(spans.gaps, [{ after: 0, before: 901 }]);
});

test("a page without a message covers nothing, or all up to the end that it was asked for", () => {
  const spans = new Spans();
  spans.add(10, 9);
  assert.deepEqual(spans.list, []);
  spans.add(1, Infinity);
  spans.add(3, 4);
  assert.deepEqual(spans.list, [{ from: 1, to: Infinity }]);
});
