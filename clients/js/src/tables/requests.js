/** `query`, `batch`, `rpc`: what a program asks of the business database. */
import { decodeData, decodeValue, encodeParams, encodeValue } from "../values.js";

/**
 * @typedef {object} QueryOptions
 * @property {"select" | "insert" | "update" | "delete"} [kind] must be what the statement is
 * @property {number} [expectAffected] undone unless it affects so many rows
 * @property {string} [key] an idempotency key of one's own
 */

/**
 * @param {string} query
 * @param {any[] | Record<string, any>} [params]
 * @param {QueryOptions} [options]
 */
export function queryFrame(query, params, { kind, expectAffected } = {}) {
  return {
    type: "query",
    query,
    params: encodeParams(params),
    ...(kind ? { kind } : {}),
    ...(expectAffected === undefined ? {} : { expect_affected: expectAffected }),
  };
}

/** @param {{ query: string, params?: any, expectAffected?: number }[]} statements */
export function batchFrame(statements) {
  return {
    type: "batch",
    statements: statements.map(({ query, params, expectAffected }) => ({
      query,
      params: encodeParams(params),
      ...(expectAffected === undefined ? {} : { expect_affected: expectAffected }),
    })),
  };
}

/**
 * @param {string} name
 * @param {any[] | Record<string, any>} [args] JSON, typed by the function's parameters
 */
export function rpcFrame(name, args = []) {
  const encoded = Array.isArray(args)
    ? args.map(encodeValue)
    : Object.fromEntries(Object.entries(args).map(([key, value]) => [key, encodeValue(value)]));
  return { type: "rpc", function: name, args: encoded };
}

/**
 * Whether a statement only reads, by its first word. `WITH …` may write: it counts as a write, which costs nothing but
 * its place in the queue.
 * @param {string} query
 * @param {string} [kind]
 */
export function isRead(query, kind) {
  if (kind) return kind === "select";
  const first = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*(\w+)/.exec(query)?.[1]?.toUpperCase();
  return first === "SELECT" || first === "VALUES" || (first === "WITH" && !/\b(INSERT|UPDATE|DELETE|REPLACE)\b/i.test(query));
}

/** @param {any} result @returns {import("../types.js").QueryResult} */
export function decodeResult({ type, id, ...result }) {
  if (result.rows) result.rows = result.rows.map((/** @type {any[]} */ row) => row.map(decodeValue));
  if ("last_insert_id" in result) result.last_insert_id = decodeValue(result.last_insert_id);
  return result;
}

/** @param {any} result @returns {{ results: import("../types.js").QueryResult[], commit: number, duplicate?: boolean }} */
export function decodeBatch({ type, id, ...result }) {
  return { ...result, results: (result.results ?? []).map(decodeResult) };
}

/** @param {any} result @returns {{ data: any, commit: number, duplicate?: boolean }} */
export function decodeRpc({ type, id, ...result }) {
  return { ...result, data: decodeData(result.data) };
}

/**
 * The rows of a result as objects.
 * @param {import("../types.js").QueryResult} result
 * @returns {Record<string, any>[]}
 */
export function objects({ columns, rows }) {
  return (rows ?? []).map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
}
