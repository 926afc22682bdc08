/** Conditions on rows, said once: as the hub's query string, and as a test of a row that came in a change. Pure. */
import { encodeValue } from "../values.js";

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
      if (!(operator in TESTS)) throw new TypeError(`unknown operator: ${operator}`);
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
 */
export function matches(conditions, row) {
  return conditions.every(({ column, operator, value }) => TESTS[operator](row[column] ?? null, value));
}

/** @type {Record<Operator, (found: any, wanted: any) => boolean>} null compares with nothing */
const TESTS = {
  eq: (found, wanted) => found !== null && compareValues(found, plain(wanted)) === 0,
  neq: (found, wanted) => found !== null && compareValues(found, plain(wanted)) !== 0,
  gt: (found, wanted) => found !== null && compareValues(found, plain(wanted)) > 0,
  gte: (found, wanted) => found !== null && compareValues(found, plain(wanted)) >= 0,
  lt: (found, wanted) => found !== null && compareValues(found, plain(wanted)) < 0,
  lte: (found, wanted) => found !== null && compareValues(found, plain(wanted)) <= 0,
  in: (found, wanted) => found !== null && wanted.some((/** @type {any} */ one) => compareValues(found, plain(one)) === 0),
  is: (found, wanted) => (wanted === null ? found === null : found !== null),
  like: (found, wanted) => found !== null && pattern(wanted, "").test(String(found)),
  ilike: (found, wanted) => found !== null && pattern(wanted, "i").test(String(found)),
};

/** @param {string} like `*` stands for any text @param {string} flags */
function pattern(like, flags) {
  const escaped = String(like).replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, "[\\s\\S]*");
  return new RegExp(`^${escaped}$`, flags + "u");
}

/**
 * SQLite's order of values: null, numbers, text (by code point), blobs.
 * @param {any} a
 * @param {any} b
 */
export function compareValues(a, b) {
  const [rankA, rankB] = [rank(a), rank(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (rankA === 0) return 0;
  if (rankA === 2) return compareText(a, b);
  if (rankA === 3) return compareText(JSON.stringify(encodeValue(a)), JSON.stringify(encodeValue(b)));
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param {any} value */
function rank(value) {
  if (value === null || value === undefined) return 0;
  if (typeof value === "string") return 2;
  return typeof value === "object" ? 3 : 1;
}

/**
 * By code point, as SQLite compares UTF-8; JavaScript's `<` compares halves of pairs.
 * @param {string} a
 * @param {string} b
 */
function compareText(a, b) {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === length) return a.length - b.length;
  const [x, y] = [a.charCodeAt(at), b.charCodeAt(at)];
  const isSurrogate = (/** @type {number} */ unit) => unit >= 0xd800 && unit <= 0xdfff;
  if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1;
  return x - y;
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
