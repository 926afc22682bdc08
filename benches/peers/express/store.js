'use strict';
// The shop's database: WAL, one connection, each statement prepared once.
const path = require('node:path');
const Database = require('better-sqlite3');

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS items (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    qty  INTEGER NOT NULL DEFAULT 0,
    note TEXT
  )`;
const SEED = `
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
  INSERT INTO items(id, name, qty, note) SELECT i, 'item ' || i, i % 100, 'seed' FROM n`;
const INSERT_INTO = /^\s*insert\s+into\s+"?(\w+)/i;

function open({ data, sync }) {
  const db = new Database(path.join(data, 'data.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${sync}`);
  db.exec(SCHEMA);
  if (db.prepare('SELECT count(*) FROM items').pluck().get() === 0) db.exec(SEED);

  const cache = new Map();
  let commit = 0;

  function prepare(sql) {
    let entry = cache.get(sql);
    if (entry) return entry;
    const stmt = db.prepare(sql);
    const table = INSERT_INTO.exec(sql)?.[1];
    entry = {
      stmt: stmt.reader ? stmt.raw() : stmt,
      reader: stmt.reader,
      columns: stmt.reader ? stmt.columns().map((column) => column.name) : [],
      table,
      inserted: table && db.prepare(`SELECT * FROM "${table}" WHERE rowid = ?`),
    };
    if (cache.size >= 500) cache.delete(cache.keys().next().value);
    cache.set(sql, entry);
    return entry;
  }

  // Runs one statement: what to answer, and what to tell the others (null for a read).
  function run({ query, params = [] }) {
    const entry = prepare(query);
    if (entry.reader) {
      const rows = entry.stmt.all(params);
      return {
        result: { columns: entry.columns, rows, rows_affected: 0, last_insert_id: null, truncated: false, commit },
        change: null,
      };
    }
    const { changes, lastInsertRowid } = entry.stmt.run(params);
    if (changes > 0) commit += 1;
    const change = entry.inserted && changes > 0
      ? {
          type: 'data_change',
          cursor: String(commit),
          commit,
          at: new Date().toISOString(),
          changes: [{
            table: entry.table,
            op: 'insert',
            key: { id: lastInsertRowid },
            row: entry.inserted.get(lastInsertRowid),
            old: null,
          }],
        }
      : null;
    return {
      result: { columns: [], rows: [], rows_affected: changes, last_insert_id: lastInsertRowid, truncated: false, commit },
      change,
    };
  }

  return { run, commit: () => commit };
}

module.exports = { open };
