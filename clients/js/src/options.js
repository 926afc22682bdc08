/** What a program may say when it opens a hub. */

/**
 * @typedef {object} Options
 * @property {string | URL} [url] of the hub; in a page: where the page came from
 * @property {import("./auth/auth.js").Credentials
 *   | (() => import("./auth/auth.js").Credentials | null | Promise<import("./auth/auth.js").Credentials | null>)} [login]
 *   who logs in; a function is asked whenever somebody must
 * @property {string | import("./auth/auth.js").Grant
 *   | (() => string | import("./auth/auth.js").Grant | Promise<string | import("./auth/auth.js").Grant>)} [token]
 *   instead of `login`: a token of one's own, or what `POST /api/auth` answered
 * @property {import("./auth/token-stores.js").TokenStore} [tokens] where a login is kept for the next run
 * @property {(user: string) => import("./outbox/outbox.js").OutboxStorage} [outbox] where waiting writes are kept
 * @property {string[] | "*"} [tables] only changes of these tables
 * @property {string} [since] a cursor to resume from
 * @property {("websocket" | "sse")[]} [transports]
 * @property {typeof globalThis.WebSocket} [WebSocket] where there is no global one (Node 20)
 * @property {typeof globalThis.fetch} [fetch]
 * @property {{ baseMs?: number, capMs?: number }} [backoff]
 * @property {number} [timeoutMs] how long a read waits for a connection; 30 s
 */

/** @param {string | URL | undefined} url @returns {URL} of the hub, up to its path */
export function addressOf(url) {
  const address = new URL(url ?? globalThis.location?.origin ?? "http://127.0.0.1:8080");
  // Not what stands behind the path: a token must never have been there.
  return new URL(address.pathname.replace(/\/?$/, "/"), address.origin);
}
