import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeData, decodeValue, encodeParams, encodeValue } from "../../src/values.js";
import { isRead } from "../../src/tables/requests.js";
import { uuid } from "../../src/ids.js";

test("every form of a value comes back as it went", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 256);
  for (const value of [null, 0, -1.5, "é", 2n ** 62n, -(2n ** 63n), Infinity, -Infinity, bytes, new Uint8Array()]) {
    assert.deepEqual(decodeValue(JSON.parse(JSON.stringify(encodeValue(value)))), value);
  }
});

test("what JavaScript has more of goes as SQL knows it", () => {
  assert.equal(encodeValue(undefined), null);
  assert.equal(encodeValue(NaN), null);
  assert.equal(encodeValue(5n), 5);
  assert.equal(encodeValue(new Date(0)), "1970-01-01T00:00:00.000Z");
  assert.deepEqual(encodeValue(new Uint16Array([1]).buffer), { $blob: "AQA=" });
  assert.deepEqual(encodeParams({ a: 2n ** 60n }), { a: { $int: "1152921504606846976" } });
});

test("the length of a blob stays a length", () => {
  assert.deepEqual(decodeValue({ $blob_bytes: 3 }), { $blob_bytes: 3 });
});

test("values are found at any depth of a function's answer", () => {
  assert.deepEqual(decodeData([{ a: { $int: "9007199254740993" }, b: [{ $real: "Infinity" }] }]), [
    { a: 9007199254740993n, b: [Infinity] },
  ]);
});

test("a statement that only reads is known by its first word", () => {
  for (const sql of ["SELECT 1", " \n-- a note\nselect 1", "/* x */ VALUES (1)", "WITH a AS (SELECT 1) SELECT * FROM a"]) {
    assert.equal(isRead(sql), true, sql);
  }
  for (const sql of ["INSERT INTO t VALUES (1)", "WITH a AS (SELECT 1) DELETE FROM t", "REPLACE INTO t VALUES (1)"]) {
    assert.equal(isRead(sql), false, sql);
  }
  assert.equal(isRead("UPDATE t SET a = 1", "update"), false);
});

test("a UUID needs no secure page", () => {
  assert.match(uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(uuid(), uuid());
});
