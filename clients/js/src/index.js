/**
 * The JavaScript SDK of Comptoir: one connection to the hub that is always being kept, and everything that comes over it.
 * Browsers (import it from `/sdk/index.js` of any hub, no build step), Electron, Node ≥ 20. No dependencies.
 *
 *   const hub = await connect({ url, login: { username, password } });   // or `open(…)`: at once, connects meanwhile
 *
 *   hub.on("status", fn) · hub.status      { status, retryInMs?, queued, transport, reason? }
 *   hub.query(sql, params) · hub.batch([…]) · hub.rpc(name, args) · hub.objects(sql, params)
 *   hub.changes({ tables })                `for await`, or hub.changes({ tables }, callback)
 *   hub.table("ventes")                    .where({…}).order("at.desc").limit(50) → .rows() .live() .get() .insert() …
 *   hub.watch({ tables }, fn)              runs fn now and after each change of these tables
 *   hub.outbox                             writes that wait: .entries, .length, .on("change" | "settled"), .discard(id)
 *   hub.rooms                              .list .create() .openDirect() .timeline(id) .search(); hub.users()
 *   hub.rooms.timeline(id)                 .messages .load() .loadBefore() .loadAround() .gaps .send() .edit() .react() .markRead() .typing …
 *   hub.notifications · hub.presence · hub.files · hub.calls
 *   hub.login() · hub.logout() · hub.changePassword() · hub.reconnect() · hub.close()
 *   hub.me() · hub.schema() · hub.http(method, path, { body }) · hub.send(…) → Response
 *
 * Table of contents:
 *   connect.js        opening a hub; options.js, what can be said then
 *   hub.js            the connection as a program sees it; parts.js puts together what does it
 *   status.js, rights.js, device.js
 *                     what a program is told, what its user may do, when the device wakes up
 *   courier.js        how requests travel: waiting, queued, with a token
 *   connection/       opening, resuming, waiting, close codes, WebSocket, SSE
 *   auth/             tokens: renewing them, keeping a login for a reload
 *   outbox/           writes in order, each once; where they are stored
 *   tables/           query, batch, rpc, changes, live tables
 *   people/           rooms, timelines, receipts, typing, presence, notifications, files, calls
 *   values.js, errors.js, types.js, ids.js, http.js, emitter.js, channel.js, next-frame.js
 */

// The types that a program names.
/** @typedef {import("./options.js").Options} Options */
/** @typedef {import("./status.js").HubStatus} HubStatus */
/** @typedef {import("./types.js").User} User */
/** @typedef {import("./types.js").QueryResult} QueryResult */
/** @typedef {import("./types.js").Change} Change */
/** @typedef {import("./types.js").DataChange} DataChange */
/** @typedef {import("./tables/changes.js").Resync} Resync */
/** @typedef {import("./tables/table.js").Table} Table */
/** @typedef {import("./tables/live-table.js").LiveTable} LiveTable */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").SendOptions} SendOptions */
/** @typedef {import("./types.js").RoomInfo} RoomInfo */
/** @typedef {import("./people/timeline.js").Timeline} Timeline */
/** @typedef {import("./types.js").Notification} Notification */
/** @typedef {import("./types.js").PresenceInfo} PresenceInfo */
/** @typedef {import("./types.js").FileInfo} FileInfo */
/** @typedef {import("./people/calls.js").Call} Call */
/** @typedef {import("./auth/token-stores.js").TokenStore} TokenStore */
/** @typedef {import("./outbox/outbox.js").OutboxStorage} OutboxStorage */

export { connect, open } from "./connect.js";
export { Hub } from "./hub.js";
export { ComptoirError, hasCode, isTransient } from "./errors.js";
export { objects } from "./tables/requests.js";
export { decodeValue, encodeValue } from "./values.js";
export { memoryTokens, tabTokens } from "./auth/token-stores.js";
export { memoryOutbox } from "./outbox/memory-storage.js";
export { indexedDbOutbox } from "./outbox/indexeddb-storage.js";
export { uuid } from "./ids.js";
