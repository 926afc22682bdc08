/** One table of the business database: rows by condition, live rows, and writes by key. For every role, within its rights. */
import { decodeRow, encodeValue } from "../values.js";
import { conditions, toParameter } from "./filter.js";
import { LiveTable } from "./live-table.js";

/**
 * @typedef {object} Selection
 * @property {string} table
 * @property {string[] | null} columns null: all that the role may read
 * @property {import("./filter.js").Condition[]} where all must hold
 * @property {{ column: string, descending: boolean }[]} order the key comes last by itself
 * @property {number | null} limit
 */

/** @typedef {import("./access.js").TableAccess} TableAccess */

export class Table {
  #access;
  /** @type {Selection} */
  #selection;

  /** @param {TableAccess} access @param {string | Selection} selection */
  constructor(access, selection) {
    this.#access = access;
    this.#selection =
      typeof selection === "string"
        ? { table: selection, columns: null, where: [], order: [], limit: null }
        : selection;
  }

  get name() {
    return this.#selection.table;
  }

  /** Only these columns. @param {...string} columns */
  select(...columns) {
    return new Table(this.#access, { ...this.#selection, columns });
  }

  /**
   * Only rows that fulfil this, and what was asked before.
   * `{ statut: "payee", total: { gte: 100 }, client_id: null, mode: ["carte", "mobile"] }`
   * @param {Record<string, any>} where
   */
  where(where) {
    return new Table(this.#access, { ...this.#selection, where: [...this.#selection.where, ...conditions(where)] });
  }

  /** `order("at.desc", "id")` @param {...string} columns */
  order(...columns) {
    const order = columns.map((term) => {
      const [, column, direction] = /^(.*?)(?:\.(asc|desc))?$/.exec(term) ?? [];
      return { column, descending: direction === "desc" };
    });
    return new Table(this.#access, { ...this.#selection, order });
  }

  /** @param {number} limit */
  limit(limit) {
    return new Table(this.#access, { ...this.#selection, limit });
  }

  /**
   * The rows as they are now, at most as many as the hub gives at once.
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<Record<string, any>[]>}
   */
  async rows({ signal } = {}) {
    const { body } = await this.#access.read(listPath(this.#selection), signal);
    return body.map(decodeRow);
  }

  /**
   * The rows, kept current.
   * @param {{ signal?: AbortSignal }} [options]
   */
  live({ signal } = {}) {
    return new LiveTable(this.#access, this.#selection, { signal });
  }

  /**
   * One row.
   * @param {any | any[]} key several values in key order, where the key has several columns
   * @returns {Promise<Record<string, any>>}
   */
  async get(key) {
    const { body } = await this.#access.read(rowPath(this.name, key));
    return decodeRow(body);
  }

  /**
   * @param {Record<string, any>} row
   * @param {{ key?: string }} [options] `key`: an idempotency key of one's own
   * @returns {Promise<Record<string, any>>} the row as it is kept
   */
  async insert(row, { key } = {}) {
    return this.#write("POST", `/api/tables/${encodeURIComponent(this.name)}`, row, key);
  }

  /**
   * @param {any | any[]} rowKey
   * @param {Record<string, any>} values
   * @param {{ key?: string }} [options]
   * @returns {Promise<Record<string, any>>}
   */
  async update(rowKey, values, { key } = {}) {
    return this.#write("PATCH", rowPath(this.name, rowKey), values, key);
  }

  /**
   * @param {any | any[]} rowKey
   * @param {{ key?: string }} [options]
   * @returns {Promise<void>}
   */
  async delete(rowKey, { key } = {}) {
    await this.#write("DELETE", rowPath(this.name, rowKey), undefined, key);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Record<string, any> | undefined} values
   * @param {string | undefined} key
   */
  async #write(method, path, values, key) {
    const body = values && Object.fromEntries(Object.entries(values).map(([name, value]) => [name, encodeValue(value)]));
    return decodeRow(await this.#access.write({ type: "http", method, path, body }, key));
  }
}

/** @param {string} table @param {any | any[]} key */
function rowPath(table, key) {
  const values = (Array.isArray(key) ? key : [key]).map((value) => encodeURIComponent(String(value)));
  return `/api/tables/${encodeURIComponent(table)}/${values.join(",")}`;
}

/**
 * @param {Selection} selection
 * @param {{ offset?: number }} [page]
 */
export function listPath({ table, columns, where, order, limit }, { offset = 0 } = {}) {
  const parameters = new URLSearchParams();
  if (columns) parameters.set("select", columns.join(","));
  for (const condition of where) parameters.append(...toParameter(condition));
  if (order.length > 0) {
    parameters.set("order", order.map(({ column, descending }) => column + (descending ? ".desc" : "")).join(","));
  }
  if (limit !== null) parameters.set("limit", String(limit));
  if (offset > 0) parameters.set("offset", String(offset));
  const query = parameters.toString();
  return `/api/tables/${encodeURIComponent(table)}${query && `?${query}`}`;
}
