/** The SDK for Node: the same, with what Node lacks. */
import { connected } from "../connect.js";
import { Hub } from "../hub.js";
import { fileOutbox } from "./file-outbox.js";
import { fileTokens } from "./file-tokens.js";
import { findWebSocket } from "./websocket.js";

export * from "../index.js";
export { fileOutbox, fileTokens };

const WebSocket = await findWebSocket();

/**
 * @param {import("../options.js").Options} [options]
 * @returns {Hub}
 */
export function open(options) {
  return new Hub({ WebSocket, ...options });
}

/**
 * @param {import("../options.js").Options} [options]
 * @returns {Promise<Hub>}
 */
export function connect(options) {
  return connected(open(options));
}
