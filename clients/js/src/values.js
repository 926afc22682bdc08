/**
 * SQL values in JSON and in JavaScript:
 *
 * | JSON                     | JavaScript                                        |
 * |--------------------------|---------------------------------------------------|
 * | `{"$int":"9007199254740993"}` | `bigint` (only beyond ±(2^53−1))             |
 * | `{"$blob":"<base64>"}`   | `Uint8Array`                                      |
 * | `{"$real":"Infinity"}`   | `Infinity`, `-Infinity`                           |
 * | `{"$blob_bytes":n}`      | stays as it is: a change tells a blob's length only |
 */

/**
 * @param {any} value as it came
 * @returns {any}
 */
export function decodeValue(value) {
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$int === "string") return BigInt(value.$int);
  if (typeof value.$blob === "string") return bytesOfBase64(value.$blob);
  if (typeof value.$real === "string") return Number(value.$real);
  return value;
}

/**
 * @param {any} value a parameter
 * @returns {any} its JSON form
 */
export function encodeValue(value) {
  if (value === undefined) return null;
  if (typeof value === "bigint") {
    const isSafe = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
    return isSafe ? Number(value) : { $int: value.toString() };
  }
  if (typeof value === "number" && !Number.isFinite(value)) {
    return Number.isNaN(value) ? null : { $real: value > 0 ? "Infinity" : "-Infinity" };
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof ArrayBuffer) return { $blob: base64OfBytes(new Uint8Array(value)) };
  if (ArrayBuffer.isView(value)) {
    return { $blob: base64OfBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  }
  return value;
}

/**
 * @param {any} row an object of values, or null
 * @returns {any}
 */
export function decodeRow(row) {
  return row && mapMembers(row, decodeValue);
}

/**
 * Parameters by position or by name.
 * @param {any[] | Record<string, any> | undefined} params
 */
export function encodeParams(params) {
  if (params === undefined) return [];
  return Array.isArray(params) ? params.map(encodeValue) : mapMembers(params, encodeValue);
}

/** What a function answered: values at any depth of an answer of rows. @param {any} data @returns {any} */
export function decodeData(data) {
  if (Array.isArray(data)) return data.map(decodeData);
  const value = decodeValue(data);
  const isPlain = value !== null && typeof value === "object" && !(value instanceof Uint8Array);
  return isPlain ? mapMembers(value, decodeData) : value;
}

/**
 * @param {Record<string, any>} object
 * @param {(value: any) => any} map
 * @returns {Record<string, any>}
 */
function mapMembers(object, map) {
  /** @type {Record<string, any>} */
  const out = {};
  for (const name of Object.keys(object)) out[name] = map(object[name]);
  return out;
}

/** @param {string} text */
function bytesOfBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
function base64OfBytes(bytes) {
  let text = "";
  // In pieces: a call takes a limited number of arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
