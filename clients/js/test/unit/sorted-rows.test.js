import assert from "node:assert/strict";
import { test } from "node:test";
import { compareValues, conditions, matches, toParameter } from "../../src/tables/filter.js";
import { SortedRows } from "../../src/tables/sorted-rows.js";

const shape = (options = {}) => ({ keyColumns: ["id"], where: [], order: [], limit: null, ...options });
const change = (op, row, key = { id: row?.id }) => ({ table: "t", op, key, row, old: null });

test("rows stand in SQLite's order of values", () => {
  const ordered = [null, -1, 2, 2.5, 10n, Infinity, "", "B", "a", "é", "\uffff", "😀"];
  const shuffled = [...ordered].reverse();
  assert.deepEqual(shuffled.sort(compareValues), ordered);
});

test("a condition is the same test here and in the hub's query string", () => {
  const all = conditions({ a: 1, b: null, c: ["x", 'y"z'], d: { gte: 5, lt: 9 }, e: { ilike: "ri*" } });
  assert.deepEqual(all.map(toParameter), [
    ["a", "eq.1"],
    ["b", "is.null"],
    ["c", 'in.("x","y\\"z")'],
    ["d", "gte.5"],
    ["d", "lt.9"],
    ["e", "ilike.ri*"],
  ]);
  const row = { a: 1, b: null, c: "x", d: 5, e: "RIZ (5 kg)" };
  assert.ok(matches(all, row));
  for (const different of [{ a: 2 }, { a: null }, { b: 0 }, { c: "y" }, { d: 9 }, { d: null }, { e: "Sucre" }]) {
    assert.ok(!matches(all, { ...row, ...different }), JSON.stringify(different));
  }
  assert.throws(() => conditions({ a: { near: 1 } }), /unknown operator/);
});

test("any order of changes ends where a fresh snapshot would", () => {
  let seed = 7;
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (const limit of [null, 5]) {
    const where = conditions({ on: 1 });
    const order = [{ column: "rank", descending: true }];
    const rows = new SortedRows(shape({ where, order, limit }));
    const table = new Map();
    const snapshot = () => {
      const sorted = [...table.values()]
        .filter(({ on }) => on === 1)
        .sort((a, b) => b.rank - a.rank || a.id - b.id);
      return limit === null ? sorted : sorted.slice(0, limit);
    };
    rows.replace([], true);
    for (let step = 0; step < 3_000; step++) {
      const id = random(20);
      const row = { id, on: random(3) ? 1 : 0, rank: random(6) };
      const op = table.has(id) ? (random(3) ? "update" : "delete") : "insert";
      if (op === "delete") table.delete(id);
      else table.set(id, row);
      const outcome = rows.apply(change(op, op === "delete" ? null : row, { id }));
      if (outcome === "incomplete") {
        const all = [...table.values()].filter(({ on }) => on === 1).length;
        rows.replace(snapshot(), all <= limit);
      }
      assert.deepEqual(rows.rows, snapshot());
    }
  }
});

test("a table without a key asks for its rows again", () => {
  const rows = new SortedRows(shape({ keyColumns: [] }));
  rows.replace([{ a: 1 }, { a: 1 }], true);
  assert.equal(rows.rows.length, 2);
  assert.equal(rows.apply(change("insert", { a: 1 }, { rowid: 3 })), "incomplete");
});
