/** Node has a WebSocket of its own from version 22 on. Before: the package `ws`, if it is there; else the SDK uses SSE. */

/** @returns {Promise<typeof globalThis.WebSocket | undefined>} */
export async function findWebSocket() {
  if (globalThis.WebSocket) return globalThis.WebSocket;
  const name = "ws";
  try {
    return (await import(name)).WebSocket;
  } catch {
    return undefined;
  }
}
