/** What a program is told of its connection, and waiting for it. */
import { ComptoirError } from "./errors.js";

/**
 * @typedef {object} HubStatus
 * @property {import("./connection/connection.js").Status} status
 * @property {number} [retryInMs] with `reconnecting`
 * @property {string} [reason] code of the error behind it
 * @property {ComptoirError} [error]
 * @property {number} queued writes that wait
 * @property {string | undefined} transport `websocket` or `sse`
 */

/** @type {import("./connection/connection.js").Status[]} */
const NEEDS_A_PERSON = ["login_required", "password_change_required", "disconnected"];

/**
 * Answers when there is a connection; fails where a person must act first.
 * @param {import("./emitter.js").Emitter & { status: HubStatus }} hub
 * @param {{ signal?: AbortSignal }} [options]
 * @returns {Promise<void>}
 */
export function whenOnline(hub, { signal } = {}) {
  return new Promise((resolve, reject) => {
    const settle = (/** @type {HubStatus} */ { status, error }) => {
      if (status === "online") resolve();
      else if (status === "closed") reject(new ComptoirError("closed", "The connection was closed by the program."));
      else if (NEEDS_A_PERSON.includes(status)) reject(error ?? new ComptoirError(status));
      else return;
      stop();
    };
    const stop = hub.on("status", settle);
    signal?.addEventListener("abort", () => (stop(), reject(new ComptoirError("aborted", "Aborted."))), { once: true });
    settle(hub.status);
  });
}
