/**
 * The messages of one room: pages of history, what comes live, and one's own at once, before the hub has answered.
 */
import { Channel } from "../channel.js";
import { Emitter } from "../emitter.js";
import { hasCode } from "../errors.js";
import { uuid } from "../ids.js";
import { Receipts } from "./receipts.js";
import { SortedMessages } from "./sorted-messages.js";
import { Spans } from "./spans.js";
import { Typing } from "./typing.js";

/** @typedef {import("../types.js").Message} Message */

/**
 * Events: `change` (something to draw again), `message` (a new one by somebody else), `typing` (user ids), `failed`
 * (an own message that the hub refused).
 */
export class Timeline extends Emitter {
  /** The latest page was fetched. */
  loaded = false;
  receipts;
  typing;

  #access;
  #roomInfo;
  #messages = new SortedMessages();
  #spans = new Spans();
  /** Own ones that are not answered, by client_id, in order. @type {Map<string, Message>} */
  #echoes = new Map();
  /** @type {Message[] | null} */
  #shown = null;
  /** @type {import("../emitter.js").Stop[]} */
  #stops;
  /** @type {Promise<void> | null} */
  #loading = null;
  /** What came live since the latest page was asked for, while it is awaited. @type {Message[] | null} */
  #arrived = null;

  /**
   * @param {number} room
   * @param {import("./rooms.js").PeopleAccess} access
   * @param {() => import("../types.js").RoomInfo | undefined} roomInfo
   */
  constructor(room, access, roomInfo) {
    super();
    this.room = room;
    this.#access = access;
    this.#roomInfo = roomInfo;
    this.receipts = new Receipts(room, access, roomInfo);
    this.typing = new Typing(room, access);
    const mine = (/** @type {any} */ event) => event.room === room;
    this.#stops = [
      access.events.on("new_message", (event) => mine(event) && this.#onNew(event.message)),
      access.events.on("message_updated", (event) => mine(event) && this.#onUpdated(event.message)),
      access.events.on("settled", (settled) => this.#onSettled(settled)),
      access.events.on("resync", () => this.loaded && void this.reload().catch(() => {})),
      this.receipts.on("change", () => this.emit("change")),
      this.typing.on("change", (users) => this.emit("typing", users)),
    ];
    // What an earlier run of the program could not send.
    for (const entry of access.queued()) this.#adopt(entry);
  }

  /** What is known of the room. */
  get info() {
    return this.#roomInfo();
  }

  /** In order; those not answered yet (`pending`) or refused (`failed`) last. @returns {Message[]} */
  get messages() {
    return (this.#shown ??= [...this.#messages.list, ...this.#echoes.values()]);
  }

  /** One that is here. @param {number | null} id */
  get(id) {
    return this.#messages.get(id);
  }

  /** There are older ones than the oldest that is here. */
  get hasMore() {
    return !this.loaded || this.#spans.gaps[0]?.after === 0;
  }

  /**
   * Where `messages` leaves some out: between the one seq and the other, in order. They are fetched by `loadBefore`,
   * `loadAfter` and `loadAround`.
   * @returns {{ after: number, before: number }[]}
   */
  get gaps() {
    return this.#spans.gaps;
  }

  /** Fetches the latest page, once. */
  load(limit = 50) {
    return (this.#loading ??= this.reload(limit).catch((error) => {
      this.#loading = null;
      throw error;
    }));
  }

  /** Fetches the latest page in place of all that is here. */
  async reload(limit = 50) {
    this.#arrived = [];
    const { messages, has_more: hasMore } = await this.#history({ limit });
    // What came live while the page was on its way is behind it.
    const last = messages.at(-1)?.seq ?? 0;
    const live = (this.#arrived ?? []).filter(({ seq }) => (seq ?? 0) > last);
    this.#arrived = null;
    this.#messages = new SortedMessages();
    this.#spans = new Spans();
    this.#spans.add(hasMore ? (messages[0]?.seq ?? 1) : 1, Infinity);
    for (const message of [...messages, ...live]) this.#put(message);
    this.loaded = true;
    this.#changed();
  }

  /**
   * Fetches the page before the oldest that is here, or before another seq.
   * @returns {Promise<boolean>} whether there are older ones yet
   */
  async loadBefore(limit = 50, before = this.#messages.list[0]?.seq) {
    if (!this.loaded || !before) await this.load(limit);
    else if (!this.#spans.has(before - 1) && before > 1) {
      const { messages, has_more: hasMore } = await this.#history({ before, limit });
      this.#take(messages, hasMore ? (messages[0]?.seq ?? before) : 1, before - 1);
    }
    return this.hasMore;
  }

  /** Fetches the page after a seq: to fill a gap from its beginning. @param {number} after */
  async loadAfter(after, limit = 50) {
    if (!this.loaded) await this.load(limit);
    if (this.#spans.has(after + 1)) return;
    const { messages, has_more: hasMore } = await this.#history({ after, limit });
    this.#take(messages, after + 1, hasMore ? (messages.at(-1)?.seq ?? after) : Infinity);
  }

  /** Fetches what stands around a seq, unless it is here: what lies between stays a gap. @param {number} seq */
  async loadAround(seq, limit = 50) {
    if (!this.loaded) await this.load(limit);
    if (this.#spans.has(seq)) return;
    const { messages } = await this.#history({ around: seq, limit });
    // Nothing there: what was between the neighbours is no more.
    this.#take(messages, Math.min(messages[0]?.seq ?? seq, seq), Math.max(messages.at(-1)?.seq ?? seq, seq));
  }

  /**
   * Lets go of what is far from a seq, and not of the latest, where there is much: it is a gap again. Whoever reads on and on
   * need not keep all of it.
   * @param {number} seq
   */
  forget(seq, keep = 2_000) {
    const { list } = this.#messages;
    if (list.length < 1.5 * keep) return;
    const at = list.findIndex((message) => (message.seq ?? 0) >= seq);
    const middle = at < 0 ? list.length : at;
    const seqAt = (/** @type {number} */ i) => list[Math.max(0, Math.min(i, list.length - 1))].seq ?? 0;
    const [from, to, latest] = [seqAt(middle - keep / 2), seqAt(middle + keep / 2), seqAt(list.length - 100)];
    for (const [first, last] of [[to + 1, latest - 1], [1, Math.min(from, latest) - 1]]) {
      if (last < first) continue;
      this.#messages.drop(first, last);
      this.#spans.remove(first, last);
    }
    this.#changed();
  }

  /**
   * A page of another place of the room, apart from `messages`; `loadAround` puts it among them.
   * @param {number} seq
   * @returns {Promise<{ messages: Message[], has_more: boolean }>}
   */
  async around(seq, limit = 50) {
    return this.#history({ around: seq, limit });
  }

  /**
   * Sends a message. It is in `messages` at once, as `pending`; the promise is the hub's answer, whenever that comes.
   * @param {string} content
   * @param {import("../types.js").SendOptions} [options]
   * @returns {Promise<Message>}
   */
  async send(content, options = {}) {
    const clientId = uuid();
    const frame = messageFrame(this.room, content, options);
    this.typing.sent();
    this.#echo(frame, clientId, options);
    const { message } = await this.#access.queue((key) => ({ ...frame, client_id: key }), { key: clientId });
    this.#put(message);
    return message;
  }

  /** Sends a refused message again. @param {string} clientId */
  async retry(clientId) {
    const echo = this.#echoes.get(clientId);
    if (!echo?.failed) return;
    this.#echoes.delete(clientId);
    const { kind, content, file, context, reply_to, priority, needs_ack } = echo;
    return this.send(content, {
      kind,
      priority,
      needs_ack,
      ...(file ? { file } : {}),
      ...(context ? { context } : {}),
      ...(reply_to ? { reply_to } : {}),
    });
  }

  /** Takes a refused message away. @param {string} clientId */
  dismiss(clientId) {
    if (this.#echoes.delete(clientId)) this.#changed();
  }

  /** @param {number} messageId @param {string} content */
  edit(messageId, content) {
    return this.#change({ type: "edit_message", message_id: messageId, content });
  }

  /** @param {number} messageId */
  delete(messageId) {
    return this.#change({ type: "delete_message", message_id: messageId });
  }

  /** @param {number} messageId @param {string} emoji @param {boolean} [on] */
  react(messageId, emoji, on = true) {
    return this.#change({ type: "react", message_id: messageId, emoji, on });
  }

  /** @param {number} messageId */
  acknowledge(messageId) {
    return this.#change({ type: "acknowledge", message_id: messageId });
  }

  /** Says that all up to here was read; by default all that is here. @param {number} [seq] */
  async markRead(seq = this.#lastSeq()) {
    if (seq > 0) await this.receipts.markRead(seq);
  }

  /** New messages by others from now on, for `for await`. */
  [Symbol.asyncIterator]() {
    /** @type {Channel<Message>} */
    const channel = new Channel({ onEnd: () => stop() });
    const stop = this.on("message", (message) => channel.push(message));
    return channel;
  }

  close() {
    for (const stop of this.#stops.splice(0)) stop();
    this.receipts.close();
    this.typing.close();
  }

  /** @param {any} range @returns {Promise<{ messages: Message[], has_more: boolean }>} */
  #history(range) {
    return this.#access.ask({ type: "history", room: this.room, ...range });
  }

  /** @param {any} frame @returns {Promise<Message>} */
  async #change(frame) {
    const { message } = await this.#access.queue(() => ({ ...frame, room: this.room }));
    this.#put(message);
    return message;
  }

  /** @param {Message[]} messages of a page @param {number} from @param {number} to what it covers */
  #take(messages, from, to) {
    this.#spans.add(from, to);
    for (const message of messages) this.#put(message);
    this.#changed();
  }

  #lastSeq() {
    return this.#messages.list.at(-1)?.seq ?? 0;
  }

  /** @param {Message} message */
  #onNew(message) {
    const isNew = !this.#messages.get(message.id);
    this.#arrived?.push(message);
    this.#put(message);
    if (message.sender?.id === this.#access.me()?.id) return;
    this.typing.stopped(message.sender?.id);
    if (isNew) {
      this.receipts.received(message.seq ?? 0);
      this.emit("message", message);
    }
  }

  /** One that is not here is older than the pages that are: history brings it as it is now. @param {Message} message */
  #onUpdated(message) {
    if (this.#messages.get(message.id)) this.#put(message);
  }

  /** The newest version wins, whichever way it came. @param {Message} message */
  #put(message) {
    if (message.id === null) return;
    if (message.client_id) this.#echoes.delete(message.client_id);
    this.#messages.put(message);
    this.#changed();
  }

  /**
   * @param {any} frame
   * @param {string} clientId
   * @param {import("../types.js").SendOptions} [options]
   */
  #echo(frame, clientId, options = {}) {
    const me = this.#access.me();
    this.#echoes.set(clientId, {
      id: null,
      room: this.room,
      seq: null,
      version: 0,
      sender: me,
      kind: frame.kind,
      content: frame.content,
      file: typeof options.file === "object" ? options.file : null,
      context: frame.context ?? null,
      reply_to: frame.reply_to ?? null,
      priority: frame.priority ?? "normal",
      needs_ack: frame.needs_ack ?? false,
      acks: { count: 0, names: [] },
      reactions: [],
      client_id: clientId,
      created_at: new Date().toISOString(),
      edited_at: null,
      deleted: false,
      pending: true,
    });
    this.#changed();
  }

  /** @param {import("../outbox/outbox.js").Entry} entry */
  #adopt({ frame, id }) {
    if (frame.type === "send_message" && frame.room === this.room) this.#echo(frame, id);
  }

  /** @param {import("../outbox/outbox.js").Settled} settled */
  #onSettled({ entry, result, error }) {
    const echo = this.#echoes.get(entry.id);
    if (!echo) return;
    if (result?.message) return this.#put(result.message);
    if (hasCode(error, "discarded")) return this.dismiss(entry.id);
    this.#echoes.set(entry.id, { ...echo, pending: false, failed: error });
    this.#changed();
    this.emit("failed", this.#echoes.get(entry.id));
  }

  #changed() {
    this.#shown = null;
    this.emit("change");
  }
}

/**
 * @param {number} room
 * @param {string} content
 * @param {import("../types.js").SendOptions} options
 */
export function messageFrame(room, content, { kind = "text", file, ...rest }) {
  const id = typeof file === "object" ? file.id : file;
  return { type: "send_message", room, kind, content, ...(id === undefined ? {} : { file: id }), ...rest };
}
