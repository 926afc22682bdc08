/** The hub as a program sees it. What it does is done by its parts; each has its own file. */
import { listenToDevice } from "./device.js";
import { Emitter } from "./emitter.js";
import { outboxFor } from "./outbox/for-user.js";
import { assemble } from "./parts.js";
import { Calls } from "./people/calls.js";
import { Files } from "./people/files.js";
import { Notifications } from "./people/notifications.js";
import { Presence } from "./people/presence.js";
import { Rooms } from "./people/rooms.js";
import { whenOnline } from "./status.js";
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

/** @typedef {import("./options.js").Options} Options */
/** @typedef {import("./status.js").HubStatus} HubStatus */

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
  #rights;
  #subscription;
  #tables;
  /** @type {HubStatus} */
  #status = { status: "connecting", queued: 0, transport: undefined };
  #lastCommit = 0;
  #isClosed = false;
  #stopListening;

  /** @param {Options} [options] */
  constructor(options = {}) {
    super();
    this.#options = options;
    const parts = assemble(this, options, () => this.#lastCommit);
    this.#http = parts.http;
    this.#auth = parts.auth;
    this.#connection = parts.connection;
    this.#courier = parts.courier;
    this.#rights = parts.rights;
    this.#subscription = parts.subscription;
    this.#tables = parts.tables;

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
    this.#stopListening = listenToDevice(() => this.#connection.probe());
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
  async online(options) {
    await whenOnline(this, options);
    return this;
  }

  /** Tries now instead of waiting; also after an administrator disconnected this device, when a person says so. */
  reconnect() {
    this.#connection.wake();
  }

  /** Ends it. What waits in the outbox stays there for the next run. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
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
    this.#rights.forget();
    this.#connection.restart();
    return user;
  }

  /** Ends this login. What waits in the outbox goes out when the same user comes back. */
  async logout() {
    await this.#auth.logout();
    this.#rights.forget();
    this.#connection.restart();
  }

  /** @param {{ current: string, new: string }} passwords */
  async changePassword(passwords) {
    await this.#auth.changePassword(passwords);
    this.#connection.wake();
  }

  /** Who one is and what one may do: role, tables, functions, contacts. */
  me() {
    return this.#rights.me();
  }

  /** Tables, columns, keys and functions that the role may use. */
  schema() {
    return this.#rights.schema();
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
    const onlyReads = read ?? (!key && (await this.#rights.onlyReads(name)));
    const { data } = decodeRpc(onlyReads ? await this.#courier.ask(frame, signal) : await this.#queue(frame, key));
    return data;
  }

  /** @param {string} name */
  table(name) {
    return new Table(this.#tables, name);
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
    await this.#subscription.set(tables);
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
    const { host } = this.#http.url;
    const outbox = outboxFor(user, { host, storage: this.#options.outbox, send: (frame) => this.#courier.send(frame) });
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
    if (frame.type === "resync") this.#rights.forget();
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
}
