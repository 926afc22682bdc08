/** The queue of one user's writes, kept where this program can keep it. */
import { indexedDbOutbox } from "./indexeddb-storage.js";
import { memoryOutbox } from "./memory-storage.js";
import { Outbox } from "./outbox.js";

/**
 * @param {import("../types.js").User} user
 * @param {object} options
 * @param {string} options.host of the hub: each has ids of its own
 * @param {import("../options.js").Options["outbox"]} options.storage
 * @param {(frame: any) => Promise<any>} options.send
 */
export function outboxFor(user, { host, storage, send }) {
  const make = storage ?? (typeof indexedDB === "undefined" ? memoryOutbox : indexedDbOutbox);
  return new Outbox({ storage: make(`${host}:${user.id}`), send });
}
