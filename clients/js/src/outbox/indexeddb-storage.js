/** Queued writes in IndexedDB: they outlive a reload, a crash of the browser and a closed tab. */

const STORE = "writes";

/**
 * @param {string} name one for each hub and user: another user's writes must not go out under this one's name
 * @returns {import("./outbox.js").OutboxStorage}
 */
export function indexedDbOutbox(name) {
  /** @type {Promise<IDBDatabase> | undefined} */
  let opened;
  const database = () =>
    (opened ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(`comptoir-outbox:${name}`, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    }));

  /**
   * Answers when the transaction is complete, that is: on disk.
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest<T>} act
   * @returns {Promise<T>}
   */
  const run = async (mode, act) => {
    const db = await database();
    return new Promise((resolve, reject) => {
      // Strict: an answer to the program means that the write is kept, as the hub's own answers do.
      const transaction = db.transaction(STORE, mode, { durability: mode === "readwrite" ? "strict" : "default" });
      const request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  };

  return {
    async load() {
      const entries = await run("readonly", (store) => store.getAll());
      return entries.sort((a, b) => a.order - b.order);
    },
    put: async (entry) => void (await run("readwrite", (store) => store.put(entry))),
    remove: async (id) => void (await run("readwrite", (store) => store.delete(id))),
    close: () => void opened?.then((db) => db.close()),
  };
}
