/** SQLite's order of values, and its letters. Pure. */
import { encodeValue } from "../values.js";

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

/** SQLite knows the cases of ASCII alone. @param {string} text */
export function foldAscii(text) {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
