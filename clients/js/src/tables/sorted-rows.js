/** Rows by key, in order, within a limit. Pure: knows no hub. */
import { encodeValue } from "../values.js";
import { Columns } from "./columns.js";
import { collates, matches } from "./filter.js";

/**
 * @typedef {Record<string, any>} Row
 * @typedef {{ column: string, descending: boolean }} Order
 */

export class SortedRows {
  /** @type {Row[]} */
  rows = [];
  /** All rows that fulfil the conditions are here; otherwise there are more behind the last. */
  complete = true;
  /** @type {Map<string, Row>} */
  #byKey = new Map();
  #keyColumns;
  #where;
  #order;
  #limit;
  #columns;
  /** What the hub compares can be compared here; otherwise its order stands, and each change is a reason to ask. */
  #isKnown;

  /**
   * @param {object} shape
   * @param {string[]} shape.keyColumns empty: the table has no key, its rows are only ever replaced
   * @param {import("./columns.js").Column[]} shape.columns
   * @param {import("./filter.js").Condition[]} shape.where
   * @param {Order[]} shape.order
   * @param {number | null} shape.limit
   */
  constructor({ keyColumns, columns, where, order, limit }) {
    this.#keyColumns = keyColumns;
    this.#where = where;
    this.#order = [...order, ...keyColumns.map((column) => ({ column, descending: false }))];
    this.#limit = limit;
    this.#columns = new Columns(columns);
    const compared = [...this.#order, ...where.filter(collates)].map(({ column }) => column);
    this.#isKnown = keyColumns.length > 0 && compared.every((column) => this.#columns.isKnown(column));
  }

  /** What tells this row from others. @param {Row} row a row, or the `key` of a change */
  keyOf(row) {
    return JSON.stringify(this.#keyColumns.map((column) => encodeValue(this.#columns.fold(column, row[column]))));
  }

  /** @param {string} key */
  get(key) {
    return this.#byKey.get(key);
  }

  /**
   * Begins anew.
   * @param {Row[]} rows
   * @param {boolean} complete
   */
  replace(rows, complete) {
    this.#byKey.clear();
    this.complete = complete;
    if (this.#keyColumns.length === 0) return void (this.rows = rows);
    for (const row of rows) this.#byKey.set(this.keyOf(row), row);
    this.rows = [...this.#byKey.values()];
    if (this.#isKnown) this.rows.sort((a, b) => this.#compare(a, b));
  }

  /**
   * @param {import("../types.js").Change} change
   * @returns {"same" | "changed" | "incomplete"} `incomplete`: a row that is not known belongs to the end now
   */
  apply({ op, key, row }) {
    // Without a key no row can be found again, without the order of a column none be put in its place.
    if (!this.#isKnown) return "incomplete";
    const id = this.keyOf(key);
    const known = this.#byKey.get(id);
    const wanted = op !== "delete" && row && matches(this.#where, row, this.#columns) ? row : null;
    if (!known && !wanted) return "same";
    if (known) {
      this.rows.splice(this.#place(known), 1);
      this.#byKey.delete(id);
    }
    if (wanted) {
      const at = this.#place(wanted);
      // Behind the last that is known there may be others that come before it.
      if (this.complete || at < this.rows.length) {
        this.rows.splice(at, 0, wanted);
        this.#byKey.set(id, wanted);
      }
    }
    if (this.#limit !== null && this.rows.length > this.#limit) {
      const [beyond] = this.rows.splice(this.#limit, 1);
      this.#byKey.delete(this.keyOf(beyond));
      this.complete = false;
    }
    const isShort = !this.complete && this.#limit !== null && this.rows.length < this.#limit;
    return isShort ? "incomplete" : "changed";
  }

  /** Where the row stands, or would. @param {Row} row */
  #place(row) {
    let [low, high] = [0, this.rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.rows[middle], row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {Row} a @param {Row} b */
  #compare(a, b) {
    for (const { column, descending } of this.#order) {
      const difference = this.#columns.compare(column, a[column], b[column]);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  }
}
