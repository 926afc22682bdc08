/** Conditions on rows, said once: as the hub's query string, and as a test of a row that came in a change. Pure. */
import { foldAscii } from "./compare.js";

/**
 * @typedef {"eq" | "neq" | "gt" | "gte" | "lt" | "lte" | "like" | "ilike" | "in" | "is"} Operator
 * @typedef {{ column: string, operator: Operator, value: any }} Condition
 */

/**
 * `{ statut: "payee", total: { gte: 100, lt: 500 }, client_id: null, mode: ["carte", "mobile"] }`
 * @param {Record<string, any>} where
 * @returns {Condition[]}
 */
export function conditions(where) {
  return Object.entries(where).flatMap(([column, wanted]) => {
    if (wanted === null) return [{ column, operator: /** @type {Operator} */ ("is"), value: null }];
    if (Array.isArray(wanted)) return [{ column, operator: /** @type {Operator} */ ("in"), value: wanted }];
    const isPlain = typeof wanted === "object" && !(wanted instanceof Date) && !ArrayBuffer.isView(wanted);
    if (!isPlain) return [{ column, operator: /** @type {Operator} */ ("eq"), value: wanted }];
    return Object.entries(wanted).map(([operator, value]) => {
      if (!OPERATORS.has(operator)) throw new TypeError(`unknown operator: ${operator}`);
      return { column, operator: /** @type {Operator} */ (operator), value };
    });
  });
}

/**
 * @param {Condition} condition
 * @returns {[string, string]} name and value of a query parameter
 */
export function toParameter({ column, operator, value }) {
  if (operator === "is") return [column, value === null ? "is.null" : "not.is.null"];
  if (operator === "in") return [column, `in.(${value.map(quoted).join(",")})`];
  return [column, `${operator}.${text(value)}`];
}

/**
 * Whether a row fulfils all of them, as SQLite would say.
 * @param {Condition[]} conditions
 * @param {Record<string, any>} row
 * @param {import("./columns.js").Columns} columns
 */
export function matches(conditions, row, columns) {
  return conditions.every(({ column, operator, value }) => {
    const found = row[column] ?? null;
    if (operator === "is") return value === null ? found === null : found !== null;
    if (found === null) return false; // compares with nothing
    if (operator === "like") return pattern(text(value)).test(columns.asText(column, found));
    if (operator === "ilike") return pattern(foldAscii(text(value))).test(foldAscii(columns.asText(column, found)));
    const compare = (/** @type {any} */ wanted) => columns.compare(column, found, columns.beside(column, text(wanted)));
    return operator === "in" ? value.some((/** @type {any} */ one) => compare(one) === 0) : TESTS[operator](compare(value));
  });
}

/** Whether a condition compares texts, so that the column's collation matters. @param {Condition} condition */
export function collates({ operator }) {
  return operator === "in" || operator in TESTS;
}

/** @type {Record<string, (order: number) => boolean>} */
const TESTS = {
  eq: (order) => order === 0,
  neq: (order) => order !== 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
};
const OPERATORS = new Set([...Object.keys(TESTS), "like", "ilike", "in", "is"]);

/** `*` and `%` stand for any text, `_` for one character. @param {string} like */
function pattern(like) {
  const escaped = like
    .replace(/[.+?^${}()|[\]\\]/g, "\\$&")
    .replace(/[*%]/g, "[\\s\\S]*")
    .replace(/_/g, "[\\s\\S]");
  return new RegExp(`^${escaped}$`, "u");
}

/** @param {any} value */
function plain(value) {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "boolean" ? Number(value) : value;
}

/** @param {any} value */
function text(value) {
  return String(plain(value));
}

/** @param {any} value */
function quoted(value) {
  return `"${text(value).replace(/["\\]/g, "\\$&")}"`;
}
