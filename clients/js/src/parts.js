/** Puts the parts of a hub together. */
import { Auth } from "./auth/auth.js";
import { defaultTokens } from "./auth/token-stores.js";
import { Connection } from "./connection/connection.js";
import { Courier } from "./courier.js";
import { Http } from "./http.js";
import { addressOf } from "./options.js";
import { Rights } from "./rights.js";
import { whenOnline } from "./status.js";
import { tableAccess } from "./tables/access.js";
import { Subscription } from "./tables/subscription.js";

/**
 * @param {import("./hub.js").Hub} hub
 * @param {import("./options.js").Options} options
 * @param {() => number} lastCommit the last commit that the stream told
 */
export function assemble(hub, options, lastCommit) {
  const url = addressOf(options.url);
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const http = new Http(url, fetch);
  const store = options.tokens ?? defaultTokens(url.host);
  const auth = new Auth({ http, store, login: options.login, token: options.token });
  const connection = new Connection({
    url,
    fetch,
    auth,
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    transports: options.transports ?? ["websocket", "sse"],
    tables: options.tables ?? "*",
    since: options.since,
    backoff: options.backoff,
  });
  const online = (/** @type {{ signal: AbortSignal }} */ how) => whenOnline(hub, how);
  const courier = new Courier({ connection, auth, http, online, timeoutMs: options.timeoutMs });
  const rights = new Rights((path) => courier.withToken((token) => http.json("GET", path, { token })));
  const subscription = new Subscription(connection);
  const tables = tableAccess({ events: hub, connection, courier, http, rights, subscription, lastCommit });
  return { http, auth, connection, courier, rights, subscription, tables };
}
