/** Opening a connection: at once, or when it is there. */
import { Hub } from "./hub.js";

/**
 * Connects, and answers when there is a connection. Fails only where waiting does not help: a wrong password, say.
 * @param {import("./options.js").Options} [options]
 * @returns {Promise<Hub>}
 */
export function connect(options) {
  return connected(open(options));
}

/**
 * Connects in the background, for programs that have something to show meanwhile.
 * @param {import("./options.js").Options} [options]
 * @returns {Hub}
 */
export function open(options) {
  return new Hub(options);
}

/** A hub that could not be reached is closed again. @param {Hub} hub */
export async function connected(hub) {
  try {
    return await hub.online();
  } catch (error) {
    hub.close();
    throw error;
  }
}
