/** Every committed change that this user may see, as a callback or for `for await`. */
import { Channel } from "../channel.js";
import { decodeRow } from "../values.js";

/**
 * @typedef {object} Resync
 * @property {"resync"} type what was missed cannot be replayed: fetch what you show again
 * @property {string} reason `expired`, `unknown`, `rights`; `overflow`: this loop did not keep up
 */

/**
 * @param {any} frame a `data_change`, as it came
 * @returns {import("../types.js").DataChange}
 */
export function decodeChange(frame) {
  if (!frame.changes) return frame;
  return {
    ...frame,
    changes: frame.changes.map((/** @type {any} */ change) => ({
      ...change,
      key: decodeRow(change.key),
      row: decodeRow(change.row),
      old: decodeRow(change.old),
    })),
  };
}

/**
 * The part of a commit that concerns these tables; null where there is none.
 * @param {import("../types.js").DataChange} commit
 * @param {string[] | undefined} tables
 * @returns {import("../types.js").DataChange | null}
 */
export function narrow(commit, tables) {
  if (!tables) return commit;
  if (commit.truncated) {
    const named = (commit.tables ?? []).filter((table) => tables.includes(table));
    return named.length > 0 ? { ...commit, tables: named } : null;
  }
  const changes = (commit.changes ?? []).filter(({ table }) => tables.includes(table));
  return changes.length > 0 ? { ...commit, changes } : null;
}

/**
 * @param {import("../emitter.js").Emitter} hub
 * @param {{ tables?: string[], signal?: AbortSignal }} options
 * @returns {AsyncIterableIterator<import("../types.js").DataChange | Resync>}
 */
export function changeStream(hub, { tables, signal }) {
  const channel = new Channel({
    signal,
    onEnd: () => stops.forEach((stop) => stop()),
    onOverflow: () => /** @type {Resync} */ ({ type: "resync", reason: "overflow" }),
  });
  const stops = [
    listenToChanges(hub, { tables }, (event) => channel.push(event)),
    hub.on("closed", () => channel.end()),
  ];
  return channel;
}

/**
 * @param {import("../emitter.js").Emitter} hub
 * @param {{ tables?: string[] }} options
 * @param {(event: any) => void} listener
 * @returns {import("../emitter.js").Stop}
 */
export function listenToChanges(hub, { tables }, listener) {
  const stops = [
    hub.on("data_change", (commit) => {
      const narrowed = narrow(commit, tables);
      if (narrowed) listener(narrowed);
    }),
    hub.on("resync", (event) => listener(event)),
  ];
  return () => stops.forEach((stop) => stop());
}
