/** The SDK for Node: the same, with what Node lacks. */
import { Hub } from "../hub.js";
import { fileOutbox } from "./file-outbox.js";
import { fileTokens } from "./file-tokens.js";
import { findWebSocket } from "./websocket.js";

export * from "../index.js";
export { fileOutbox, fileTokens };

const WebSocket = await findWebSocket();

/**
 * @param {import("../hub.js").Options} [options]
 * @returns {Hub}
 */
export function open(options) {
  return new Hub({ WebSocket, ...options });
}

/**
 * @param {import("../hub.js").Options} [options]
 * @returns {Promise<Hub>}
 */
export async function connect(options) {
  const hub = open(options);
  try {
    await hub.online();
    return hub;
  } catch (error) {
    hub.close();
    throw error;
  }
}
