import assert from "node:assert/strict";
import { test } from "node:test";
import { Columns } from "../../src/tables/columns.js";
import { compareValues } from "../../src/tables/compare.js";
import { conditions, matches, toParameter } from "../../src/tables/filter.js";
import { SortedRows } from "../../src/tables/sorted-rows.js";

const column = (name, type, collation = "BINARY") => ({ name, type, collation });
const numbers = ["id", "rank", "on"].map((name) => column(name, "INTEGER"));
const shape = (options = {}) => ({ keyColumns: ["id"], columns: numbers, where: [], order: [], limit: null, ...options });
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
  const columns = new Columns([column("a", "INTEGER"), column("c", "TEXT"), column("d", "INTEGER"), column("e", "TEXT")]);
  assert.ok(matches(all, row, columns));
  for (const different of [{ a: 2 }, { a: null }, { b: 0 }, { c: "y" }, { d: 9 }, { d: null }, { e: "Sucre" }]) {
    assert.ok(!matches(all, { ...row, ...different }, columns), JSON.stringify(different));
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

test("texts are compared as the column does, values as its type makes them", () => {
  const columns = new Columns([
    column("nom", "TEXT", "NOCASE"),
    column("code", "VARCHAR(8)", "RTRIM"),
    column("prix", "REAL"),
    column("actif", "BOOLEAN"),
    column("ref", "TEXT"),
    column("libre", ""),
  ]);
  const row = { nom: "Éclair VANILLE", code: "A1  ", prix: 5, actif: 1, ref: "007", libre: 7 };
  for (const [where, found] of [
    [{ nom: "Éclair vanille" }, true],
    [{ nom: "éclair vanille" }, false], // SQLite folds ASCII alone
    [{ nom: ["x", "Éclair Vanille"] }, true],
    [{ nom: { ilike: "éclair*" } }, false],
    [{ nom: { ilike: "*vanille" } }, true],
    [{ nom: { like: "*vanille" } }, false],
    [{ nom: { like: "_clair%" } }, true],
    [{ code: "A1" }, true],
    [{ code: "a1" }, false],
    [{ prix: "5.0" }, true],
    [{ prix: { like: "5.0" } }, true],
    [{ prix: { gt: "10" } }, false],
    [{ actif: true }, true],
    [{ actif: "false" }, false],
    [{ ref: 7 }, false],
    [{ ref: "007" }, true],
    [{ libre: "7" }, true],
  ]) {
    assert.equal(matches(conditions(where), row, columns), found, JSON.stringify(where));
  }
});

test("rows stand in the order of their columns' collations", () => {
  const columns = [column("id", "INTEGER"), column("nom", "TEXT", "NOCASE")];
  const rows = new SortedRows(shape({ columns, order: [{ column: "nom", descending: false }] }));
  rows.replace([{ id: 1, nom: "banane" }], true);
  for (const [id, nom] of [[2, "Cerise"], [3, "Abricot"], [4, "BANANE"], [5, "ananas"]]) {
    assert.equal(rows.apply(change("insert", { id, nom })), "changed");
  }
  assert.deepEqual(rows.rows.map(({ nom }) => nom), ["Abricot", "ananas", "banane", "BANANE", "Cerise"]);
});

test("where the hub does not say how a column compares, its order stands and it is asked again", () => {
  const columns = [column("id", "INTEGER"), { name: "nom", type: "TEXT" }];
  const rows = new SortedRows(shape({ columns, order: [{ column: "nom", descending: false }] }));
  rows.replace([{ id: 2, nom: "b" }, { id: 1, nom: "a" }], true);
  assert.deepEqual(rows.rows.map(({ nom }) => nom), ["b", "a"]);
  assert.equal(rows.apply(change("insert", { id: 3, nom: "c" })), "incomplete");
  assert.equal(rows.rows.length, 2);
});

test("a table without a key asks for its rows again", () => {
  const rows = new SortedRows(shape({ keyColumns: [] }));
  rows.replace([{ a: 1 }, { a: 1 }], true);
  assert.equal(rows.rows.length, 2);
  assert.equal(rows.apply(change("insert", { a: 1 }, { rowid: 3 })), "incomplete");
});
