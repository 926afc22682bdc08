/** How SQLite compares the values of a column: its collation, and its affinity for what stands beside it. Pure. */
import { compareValues, foldAscii } from "./compare.js";

/**
 * @typedef {object} Column of `GET /api/schema`, as far as it matters here
 * @property {string} name
 * @property {string} type as declared
 * @property {string | null} [collation] `BINARY`, `NOCASE`, `RTRIM`; null or left out: the hub does not say
 */

export class Columns {
  /** @type {Map<string, Column>} */
  #byName;

  /** @param {Column[]} columns */
  constructor(columns) {
    this.#byName = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  }

  /** Whether texts of this column can be compared here as the hub does. @param {string} name */
  isKnown(name) {
    return (this.#of(name)?.collation ?? "") in FOLDS;
  }

  /** The same text for texts that the column takes for equal. @param {string} name @param {any} value */
  fold(name, value) {
    if (typeof value !== "string") return value;
    return (FOLDS[this.#of(name)?.collation ?? "BINARY"] ?? FOLDS.BINARY)(value);
  }

  /** @param {string} name @param {any} a @param {any} b */
  compare(name, a, b) {
    return compareValues(this.fold(name, a), this.fold(name, b));
  }

  /**
   * What a value becomes that is compared with the column: it travels as text, and takes the affinity of the column.
   * @param {string} name
   * @param {string} text
   * @returns {any}
   */
  beside(name, text) {
    const type = (this.#of(name)?.type ?? "").toUpperCase();
    if (type.startsWith("BOOL") && (text === "true" || text === "false")) return Number(text === "true");
    return isTextual(type) ? text : numberOf(text);
  }

  /** A value as a pattern sees it. @param {string} name @param {any} value */
  asText(name, value) {
    const isReal = /REAL|FLOA|DOUB/.test((this.#of(name)?.type ?? "").toUpperCase());
    return isReal && Number.isInteger(value) ? value.toFixed(1) : String(value);
  }

  /** @param {string} name */
  #of(name) {
    return this.#byName.get(name.toLowerCase());
  }
}

/** @type {Record<string, (text: string) => string>} */
const FOLDS = {
  BINARY: (text) => text,
  NOCASE: foldAscii,
  RTRIM: (text) => text.replace(/ +$/, ""),
};

/** By SQLite's rules for declared types: INT goes before the others. @param {string} type */
function isTextual(type) {
  return !type.includes("INT") && /CHAR|CLOB|TEXT/.test(type);
}

/** @param {string} text @returns {number | bigint | string} the number that it is, or itself */
function numberOf(text) {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return text;
  const number = Number(trimmed);
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^[+-]?\d+$/.test(trimmed) ? BigInt(trimmed) : number;
}
