/** What tables need of their hub. */
import { ComptoirError } from "../errors.js";

/**
 * @typedef {object} TableShape a table as the role sees it
 * @property {string[]} key names of its key columns; none: no row can be told from others
 * @property {import("./columns.js").Column[]} columns
 *
 * @typedef {object} TableAccess
 * @property {import("../emitter.js").Emitter} events
 * @property {(path: string, signal?: AbortSignal) => Promise<{ body: any, commit: number | null }>} read
 * @property {(frame: any, key?: string) => Promise<any>} write through the queue
 * @property {(table: string) => Promise<TableShape>} shape
 * @property {() => Promise<void>} connected
 * @property {() => number} lastCommit the last commit that the stream told
 * @property {() => number} pageSize
 * @property {(table: string) => Promise<void>} wanted answers when changes of this table come
 */

/**
 * @param {object} parts
 * @param {import("../emitter.js").Emitter} parts.events
 * @param {import("../connection/connection.js").Connection} parts.connection
 * @param {import("../courier.js").Courier} parts.courier
 * @param {import("../http.js").Http} parts.http
 * @param {import("../rights.js").Rights} parts.rights
 * @param {import("./subscription.js").Subscription} parts.subscription
 * @param {() => number} parts.lastCommit
 * @returns {TableAccess}
 */
export function tableAccess({ events, connection, courier, http, rights, subscription, lastCommit }) {
  return {
    events,
    lastCommit,
    read: async (path, signal) => {
      const response = await courier.withToken((token) => http.send("GET", path, { token, signal }));
      const commit = response.headers.get("comptoir-commit");
      return { body: await response.json(), commit: commit === null ? null : Number(commit) };
    },
    write: (frame, key) => courier.queue((id) => ({ ...frame, idempotency_key: id }), { key }),
    shape: async (table) => {
      const found = await rights.table(table);
      if (!found) throw new ComptoirError("forbidden", "This role may not read this table.");
      const hasKey = found.key.length !== 1 || found.key[0] !== "rowid";
      return { key: hasKey ? found.key : [], columns: found.columns };
    },
    // As `online`, but waits on where a person must act.
    connected: async () => void (connection.online || (await events.once("online"))),
    pageSize: () => connection.welcome?.limits.max_rows ?? 10_000,
    wanted: (table) => subscription.want(table),
  };
}
