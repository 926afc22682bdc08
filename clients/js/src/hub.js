/** The hub as a program sees it. Puts the parts together; each part has its own file. */
import { Auth } from "./auth/auth.js";
import { defaultTokens } from "./auth/token-stores.js";
import { Connection } from "./connection/connection.js";
import { Courier } from "./courier.js";
import { Emitter } from "./emitter.js";
import { ComptoirError } from "./errors.js";
import { Http } from "./http.js";
import { indexedDbOutbox } from "./outbox/indexeddb-storage.js";
import { memoryOutbox } from "./outbox/memory-storage.js";
import { Outbox } from "./outbox/outbox.js";
import { Calls } from "./people/calls.js";
import { Files } from "./people/files.js";
import { Notifications } from "./people/notifications.js";
import { Presence } from "./people/presence.js";
import { Rooms } from "./people/rooms.js";
import { changeStream, decodeChange, listenToChanges } from "./tables/changes.js";
import {
  batchFrame,
  decodeBatch,
  decodeResult,
  decodeRpc,
  isRead,
  objects,
  queryFrame,
  rpcFrame,
} from "./tables/requests.js";
import { Table } from "./tables/table.js";
import { watch } from "./tables/watch.js";

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

/**
 * @typedef {object} HubStatus
 * @property {import("./connection/connection.js").Status} status
 * @property {number} [retryInMs] with `reconnecting`
 * @property {string} [reason] code of the error behind it
 * @property {ComptoirError} [error]
 * @property {number} queued writes that wait
 * @property {string | undefined} transport `websocket` or `sse`
 */

/**
 * Connects, and answers when there is a connection. Fails only where waiting does not help: a wrong password, say.
 * @param {Options} [options]
 * @returns {Promise<Hub>}
 */
export async function connect(options) {
  const hub = new Hub(options);
  try {
    await hub.online();
    return hub;
  } catch (error) {
    hub.close();
    throw error;
  }
}

/**
 * Connects in the background, for programs that have something to show meanwhile.
 * @param {Options} [options]
 * @returns {Hub}
 */
export function open(options) {
  return new Hub(options);
}

/**
 * Events: `status` (HubStatus), `user`, `welcome`, `online`, `caught_up`, `resync`, `settled` (a queued write ended), `closed`, and
 * every event of the hub by its type: `data_change`, `new_message`, `notification`, `system_message`, `clients_update`, …
 */
export class Hub extends Emitter {
  rooms;
  notifications;
  presence;
  files;
  calls;

  #options;
  #http;
  #auth;
  #connection;
  #courier;
  /** @type {HubStatus} */
  #status = { status: "connecting", queued: 0, transport: undefined };
  #lastCommit = 0;
  /** @type {Promise<any> | null} */
  #schema = null;
  /** @type {Promise<any> | null} */
  #me = null;
  #isClosed = false;

  /** @param {Options} [options] */
  constructor(options = {}) {
    super();
    this.#options = options;
    const url = addressOf(options.url);
    const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#http = new Http(url, fetch);
    const store = options.tokens ?? defaultTokens(url.host);
    this.#auth = new Auth({ http: this.#http, store, login: options.login, token: options.token });
    this.#connection = new Connection({
      url,
      fetch,
      auth: this.#auth,
      WebSocket: options.WebSocket ?? globalThis.WebSocket,
      transports: options.transports ?? ["websocket", "sse"],
      tables: options.tables ?? "*",
      since: options.since,
      backoff: options.backoff,
    });
    this.#courier = new Courier({
      connection: this.#connection,
      auth: this.#auth,
      http: this.#http,
      online: (how) => this.online(how),
      timeoutMs: options.timeoutMs,
    });

    const access = this.#peopleAccess();
    this.rooms = new Rooms(access);
    this.notifications = new Notifications(access);
    this.presence = new Presence(access);
    this.calls = new Calls(access, this.#http);
    this.files = new Files(this.#http, () => this.#auth.token());

    this.#auth.on("user", (user) => this.#onUser(user));
    this.#connection.on("status", (detail) => this.#onStatus(detail));
    this.#connection.on("welcome", (frame) => this.#onWelcome(frame));
    this.#connection.on("frame", (frame) => this.#onFrame(frame));
    this.#connection.on("pause", () => this.outbox?.dropInFlight());
    this.#listenToDevice();
    // In a moment, so that the program can listen first.
    queueMicrotask(() => void this.#auth.restore().finally(() => this.#connection.start()));
  }

  // ---------------------------------------------------------------- state

  /** @returns {HubStatus} */
  get status() {
    return this.#status;
  }

  /** Who is logged in; null: nobody, or not known yet. */
  get user() {
    return this.#auth.user;
  }

  /** The last `welcome`: `session`, `epoch`, `limits`, `server`. */
  get welcome() {
    return this.#connection.welcome;
  }

  /** The place after the last event; `since` of a later run. */
  get cursor() {
    return this.#connection.cursor;
  }

  /** Writes that wait. Null until it is known whose. */
  get outbox() {
    return this.#courier.outbox;
  }

  /**
   * Answers when there is a connection; fails where a person must act first.
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<this>}
   */
  online({ signal } = {}) {
    return new Promise((resolve, reject) => {
      const settle = (/** @type {HubStatus} */ { status, error }) => {
        if (status === "online") resolve(this);
        else if (status === "closed") reject(new ComptoirError("closed", "The connection was closed by the program."));
        else if (NEEDS_A_PERSON.includes(status)) reject(error ?? new ComptoirError(status));
        else return;
        stop();
      };
      const stop = this.on("status", settle);
      signal?.addEventListener("abort", () => (stop(), reject(new ComptoirError("aborted", "Aborted."))), { once: true });
      settle(this.#status);
    });
  }

  /** Tries now instead of waiting; also after an administrator disconnected this device, when a person says so. */
  reconnect() {
    this.#connection.wake();
  }

  /** Ends it. What waits in the outbox stays there for the next run. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#deviceStops.splice(0)) stop();
    this.#connection.close();
    this.#auth.close();
    this.#courier.close();
    this.calls.close();
    this.emit("closed");
  }

  // ---------------------------------------------------------------- login

  /** @param {import("./auth/auth.js").Credentials} credentials */
  async login(credentials) {
    const user = await this.#auth.login(credentials);
    this.#forgetRights();
    this.#connection.restart();
    return user;
  }

  /** Ends this login. What waits in the outbox goes out when the same user comes back. */
  async logout() {
    await this.#auth.logout();
    this.#forgetRights();
    this.#connection.restart();
  }

  /** @param {{ current: string, new: string }} passwords */
  async changePassword(passwords) {
    await this.#auth.changePassword(passwords);
    this.#connection.wake();
  }

  /** Who one is and what one may do: role, tables, functions, contacts. */
  me() {
    return (this.#me ??= this.http("GET", "/api/me").catch((error) => {
      this.#me = null;
      throw error;
    }));
  }

  /** Tables, columns, keys and functions that the role may use. */
  schema() {
    return (this.#schema ??= this.http("GET", "/api/schema").catch((error) => {
      this.#schema = null;
      throw error;
    }));
  }

  // ---------------------------------------------------------------- data

  /**
   * One SQL statement. A read waits for a connection; a write goes through the outbox, and happens once.
   * @param {string} sql
   * @param {any[] | Record<string, any>} [params]
   * @param {import("./tables/requests.js").QueryOptions & { signal?: AbortSignal }} [options]
   * @returns {Promise<import("./types.js").QueryResult>}
   */
  async query(sql, params, options = {}) {
    const frame = queryFrame(sql, params, options);
    const result = isRead(sql, options.kind) ? await this.#courier.ask(frame, options.signal) : await this.#queue(frame, options.key);
    return decodeResult(result);
  }

  /** The rows of a query as objects. @param {string} sql @param {any[] | Record<string, any>} [params] */
  async objects(sql, params) {
    return objects(await this.query(sql, params));
  }

  /**
   * Several statements in one transaction, all or nothing; through the outbox.
   * @param {{ query: string, params?: any, expectAffected?: number }[]} statements
   * @param {{ key?: string }} [options]
   */
  async batch(statements, { key } = {}) {
    return decodeBatch(await this.#queue(batchFrame(statements), key));
  }

  /**
   * A function of the pack. One that writes goes through the outbox, and happens once.
   * @param {string} name
   * @param {any[] | Record<string, any>} [args]
   * @param {{ key?: string, read?: boolean, signal?: AbortSignal }} [options] `read`: it only reads (else the hub is asked)
   * @returns {Promise<any>} what it answers: an object, objects, or `{ rows_affected }`
   */
  async rpc(name, args, { key, read, signal } = {}) {
    const frame = rpcFrame(name, args);
    const onlyReads = read ?? (!key && (await this.#onlyReads(name)));
    const { data } = decodeRpc(onlyReads ? await this.#courier.ask(frame, signal) : await this.#queue(frame, key));
    return data;
  }

  /** @param {string} name */
  table(name) {
    return new Table(this.#tableAccess, name);
  }

  /**
   * Every committed change that this user may see: for `for await`, or to a callback. Both also get
   * `{ type: "resync" }` where something was missed that cannot be replayed.
   * @overload
   * @param {{ tables?: string[], signal?: AbortSignal }} [options]
   * @returns {AsyncIterableIterator<import("./types.js").DataChange | import("./tables/changes.js").Resync>}
   */
  /**
   * @overload
   * @param {{ tables?: string[] }} options
   * @param {(event: import("./types.js").DataChange | import("./tables/changes.js").Resync) => void} listener
   * @returns {import("./emitter.js").Stop}
   */
  /**
   * @param {{ tables?: string[], signal?: AbortSignal }} [options]
   * @param {(event: any) => void} [listener]
   * @returns {any}
   */
  changes(options = {}, listener) {
    return listener ? listenToChanges(this, options, listener) : changeStream(this, options);
  }

  /**
   * Runs `act` now and whenever one of these tables changed: for what no single table shows.
   * @param {{ tables: string[], signal?: AbortSignal, onError?: (error: unknown) => void }} options
   * @param {() => Promise<void>} act
   */
  watch({ tables, signal, onError = (error) => this.emit("error", error) }, act) {
    return watch(this, { tables, signal, onError }, act);
  }

  /** Narrows the changes that come, or widens them again. @param {string[] | "*"} tables */
  async subscribe(tables) {
    this.#connection.tables = tables;
    if (this.#connection.transport === "sse") return this.#connection.restart();
    if (this.#connection.online) await this.#connection.request({ type: "subscribe", tables });
  }

  /** The people whom this role may contact. */
  async users() {
    return (await this.#courier.ask({ type: "users" })).users;
  }

  /**
   * Any route of the hub, as this user.
   * @param {string} method
   * @param {string} path
   * @param {import("./http.js").HttpOptions} [options]
   * @returns {Promise<any>}
   */
  async http(method, path, options = {}) {
    return this.#courier.withToken((token) => this.#http.json(method, path, { ...options, token }));
  }

  /**
   * As `http`, with the answer unread: for files.
   * @param {string} method
   * @param {string} path
   * @param {import("./http.js").HttpOptions} [options]
   * @returns {Promise<Response>} a 2xx answer
   */
  async send(method, path, options = {}) {
    return this.#courier.withToken((token) => this.#http.send(method, path, { ...options, token }));
  }

  /**
   * Any request frame, sent once: for what has no method here.
   * @param {any} frame
   * @returns {Promise<any>}
   */
  request(frame) {
    return this.#connection.request(frame);
  }

  // ---------------------------------------------------------------- inside

  /** @param {any} frame of a write @param {string} [key] */
  #queue(frame, key) {
    return this.#courier.queue((id) => ({ ...frame, idempotency_key: id }), { key });
  }

  /** @param {string} name of a function */
  async #onlyReads(name) {
    try {
      const me = await this.me();
      return me.functions.find((/** @type {any} */ one) => one.name === name)?.read_only === true;
    } catch {
      return false; // a read in the queue does no harm, a write outside of it may
    }
  }

  /** @type {import("./tables/table.js").TableAccess} */
  #tableAccess = {
    events: this,
    read: async (path, signal) => {
      const response = await this.#courier.withToken((token) => this.#http.send("GET", path, { token, signal }));
      const commit = response.headers.get("comptoir-commit");
      return { body: await response.json(), commit: commit === null ? null : Number(commit) };
    },
    write: (frame, key) => this.#queue(frame, key),
    keyOf: async (table) => {
      const { tables } = await this.schema();
      const found = tables.find((/** @type {any} */ one) => one.name.toLowerCase() === table.toLowerCase());
      if (!found) throw new ComptoirError("forbidden", "This role may not read this table.");
      return found.key.length === 1 && found.key[0] === "rowid" ? [] : found.key;
    },
    connected: async () => void (await this.#waitForOnline()),
    lastCommit: () => this.#lastCommit,
    pageSize: () => this.#connection.welcome?.limits.max_rows ?? 10_000,
    wanted: (table) => this.#want(table),
  };

  /** As `online`, but waits on where a person must act. */
  #waitForOnline() {
    return this.#connection.online ? Promise.resolve() : this.once("online");
  }

  /** @param {string} table */
  #want(table) {
    const { tables } = this.#connection;
    if (tables !== "*" && !tables.includes(table)) void this.subscribe([...tables, table]).catch(() => {});
  }

  /** @returns {import("./people/rooms.js").PeopleAccess} */
  #peopleAccess() {
    return {
      events: this,
      ask: (frame) => this.#courier.ask(frame),
      once: (frame) => this.#connection.request(frame),
      queue: (frameWithKey, options) => this.#courier.queue(frameWithKey, options),
      tell: (frame) => void this.#connection.request(frame).catch(() => {}),
      me: () => this.#auth.user,
      queued: () => this.outbox?.entries ?? [],
    };
  }

  /** @param {import("./types.js").User | null} user */
  #onUser(user) {
    this.#courier.use(user && !this.#isClosed ? this.#openOutbox(user) : null);
    this.emit("user", user);
  }

  /** @param {import("./types.js").User} user */
  #openOutbox(user) {
    const name = `${this.#http.url.host}:${user.id}`;
    const make = this.#options.outbox ?? (typeof indexedDB === "undefined" ? memoryOutbox : indexedDbOutbox);
    const outbox = new Outbox({ storage: make(name), send: (frame) => this.#courier.send(frame) });
    outbox.on("change", () => this.outbox === outbox && this.#setStatus({ queued: outbox.length }));
    outbox.on("settled", (settled) => this.emit("settled", settled));
    outbox.setOnline(this.#connection.online);
    return outbox;
  }

  /** @param {any} frame */
  #onWelcome(frame) {
    this.#lastCommit = frame.commit;
    if (!this.#auth.user || this.#auth.user.id !== frame.user.id) this.#auth.known(frame.user);
  }

  /** @param {any} frame */
  #onFrame(frame) {
    if (frame.type === "data_change") {
      const commit = decodeChange(frame);
      this.#lastCommit = Math.max(this.#lastCommit, commit.commit);
      return this.emit("data_change", commit);
    }
    if (frame.type === "resync") this.#forgetRights();
    this.emit(frame.type, frame);
    if (frame.type === "welcome") {
      this.outbox?.setOnline(true);
      this.emit("online");
    }
  }

  /** @param {any} detail */
  #onStatus(detail) {
    if (detail.status !== "online") this.outbox?.setOnline(false);
    this.#status = { queued: this.outbox?.length ?? 0, transport: this.#connection.transport, ...detail };
    this.emit("status", this.#status);
  }

  /** @param {Partial<HubStatus>} detail */
  #setStatus(detail) {
    this.#status = { ...this.#status, ...detail };
    this.emit("status", this.#status);
  }

  #forgetRights() {
    this.#me = null;
    this.#schema = null;
  }

  /** @type {(() => void)[]} */
  #deviceStops = [];

  /** The device tells when its network or its page comes back: no reason to wait for a timer then. */
  #listenToDevice() {
    if (typeof window === "undefined") return;
    const probe = () => this.#connection.probe();
    const whenVisible = () => document.visibilityState === "visible" && probe();
    window.addEventListener("online", probe);
    document.addEventListener("visibilitychange", whenVisible);
    this.#deviceStops = [
      () => window.removeEventListener("online", probe),
      () => document.removeEventListener("visibilitychange", whenVisible),
    ];
  }
}

/** @type {import("./connection/connection.js").Status[]} */
const NEEDS_A_PERSON = ["login_required", "password_change_required", "disconnected"];

/** @param {string | URL | undefined} url */
function addressOf(url) {
  const address = new URL(url ?? globalThis.location?.origin ?? "http://127.0.0.1:8080");
  // Not what stands behind the path: a token must never have been there.
  return new URL(address.pathname.replace(/\/?$/, "/"), address.origin);
}
