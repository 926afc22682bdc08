/** The rooms of the user: their list, with what is unread, always current. Messages are in `timeline.js`. */
import { Emitter } from "../emitter.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("../types.js").RoomInfo} RoomInfo */

/**
 * @typedef {object} PeopleAccess what this folder needs of its hub
 * @property {import("../emitter.js").Emitter} events
 * @property {(frame: any) => Promise<any>} ask a request that may be repeated: waits for a connection
 * @property {(frame: any) => Promise<any>} once a request that may not
 * @property {(frameWithKey: (key: string) => any, options?: { key?: string, replaces?: string }) => Promise<any>} queue
 *   through the outbox; `replaces`: in place of one of the same name that was not sent yet
 * @property {(frame: any) => void} tell sent if there is a connection, else forgotten
 * @property {() => import("../types.js").User | null} me
 * @property {() => import("../outbox/outbox.js").Entry[]} queued
 */

/** Events: `change` (the room, or null for all of them). */
export class Rooms extends Emitter {
  /** @type {Map<number, RoomInfo>} */
  #rooms = new Map();
  /** @type {Map<number, Timeline>} */
  #timelines = new Map();
  #access;

  /** @param {PeopleAccess} access */
  constructor(access) {
    super();
    this.#access = access;
    const { events } = access;
    events.on("welcome", ({ rooms }) => this.#replace(rooms ?? []));
    events.on("resync", () => void this.refresh().catch(() => {}));
    events.on("room_updated", (event) => this.#onUpdated(event));
    events.on("new_message", ({ room, message }) => this.#onMessage(room, message));
    events.on("message_updated", ({ room, message }) => this.#onMessage(room, message));
    events.on("unread", (event) => this.#onUnread(event));
    events.on("settled", ({ entry, result }) => {
      if (entry.frame.type !== "mark_read" || !result || !this.#rooms.has(result.room)) return;
      const { room: id, up_to: readUpTo, unread, mentions } = result;
      this.#merge({ id, read_up_to: readUpTo, unread, mentions });
    });
    // Another user's rooms are none of this one's business.
    events.on("user", () => this.#forget());
  }

  /** Those of the user, the liveliest first. @returns {RoomInfo[]} */
  get list() {
    const last = (/** @type {RoomInfo} */ room) => room.last_message?.created_at ?? room.created_at ?? "";
    return [...this.#rooms.values()]
      .filter(({ joined }) => joined !== false)
      .sort((a, b) => (last(a) < last(b) ? 1 : last(a) > last(b) ? -1 : a.id - b.id));
  }

  /** Open groups that the user is not in. @returns {RoomInfo[]} */
  get joinable() {
    return [...this.#rooms.values()].filter(({ joined }) => joined === false);
  }

  /** Unread messages of all rooms. */
  get unread() {
    return this.list.reduce((sum, { unread }) => sum + (unread ?? 0), 0);
  }

  /** @param {number} id */
  get(id) {
    return this.#rooms.get(id);
  }

  /** The messages of a room; the same object each time. @param {number} id @returns {Timeline} */
  timeline(id) {
    let timeline = this.#timelines.get(id);
    if (!timeline) {
      timeline = new Timeline(id, this.#access, () => this.#rooms.get(id));
      this.#timelines.set(id, timeline);
    }
    return timeline;
  }

  /** Asks for the list again: with the open groups that one could join. */
  async refresh() {
    const { rooms } = await this.#access.ask({ type: "rooms" });
    this.#replace(rooms);
    return this.list;
  }

  /** @param {{ name: string, members?: number[], open?: boolean }} room */
  create({ name, members = [], open = false }) {
    return this.#act({ type: "create_room", name, members, open });
  }

  /** The room of two; the same each time. @param {number} userId */
  openDirect(userId) {
    return this.#act({ type: "open_direct", user_id: userId });
  }

  /** @param {number} room */
  join(room) {
    return this.#act({ type: "join_room", room });
  }

  /** @param {number} room */
  async leave(room) {
    await this.#access.once({ type: "leave_room", room });
    this.#drop(room);
  }

  /** @param {number} room @param {number} userId */
  addMember(room, userId) {
    return this.#act({ type: "add_member", room, user_id: userId });
  }

  /** @param {number} room @param {number} userId */
  removeMember(room, userId) {
    return this.#act({ type: "remove_member", room, user_id: userId });
  }

  /**
   * Messages that hold these words, in one room or all.
   * @param {string} text
   * @param {{ room?: number, limit?: number }} [options]
   * @returns {Promise<import("../types.js").Message[]>}
   */
  async search(text, { room, limit = 50 } = {}) {
    const { messages } = await this.#access.ask({ type: "search_messages", text, limit, ...(room ? { room } : {}) });
    return messages;
  }

  /** @param {any} frame @returns {Promise<RoomInfo>} */
  async #act(frame) {
    const { room } = await this.#access.once(frame);
    return this.#merge({ joined: true, ...room });
  }

  /** @param {RoomInfo[]} rooms */
  #replace(rooms) {
    this.#rooms = new Map(rooms.map((room) => [room.id, { ...BLANK, ...room }]));
    this.emit("change", null);
  }

  /** @param {any} room what is new of it @returns {RoomInfo} */
  #merge(room) {
    const merged = { ...BLANK, ...this.#rooms.get(room.id), ...room };
    this.#rooms.set(room.id, merged);
    this.emit("change", merged);
    return merged;
  }

  /** @param {any} event */
  #onUpdated({ room, change, user_id: userId }) {
    const isMe = userId === this.#access.me()?.id;
    if (isMe && (change === "left" || change === "removed")) return this.#drop(room.id);
    this.#merge(isMe || change === "created" ? { joined: true, ...room } : room);
  }

  /** @param {number} id */
  #drop(id) {
    this.#rooms.delete(id);
    this.#timelines.get(id)?.close();
    this.#timelines.delete(id);
    this.emit("change", null);
  }

  /** @param {number} id @param {import("../types.js").Message} message */
  #onMessage(id, message) {
    const room = this.#rooms.get(id);
    if (!room) return;
    const lastSeq = Math.max(room.last_seq ?? 0, message.seq ?? 0);
    const last = room.last_message;
    const isLast = !last || (message.seq ?? 0) > (last.seq ?? 0) || (message.id === last.id && message.version >= last.version);
    this.#merge({ id, last_seq: lastSeq, ...(isLast ? { last_message: message } : {}) });
  }

  /** @param {any} event absolute: never counted here */
  #onUnread({ room, unread, mentions }) {
    if (room !== undefined && this.#rooms.has(room)) this.#merge({ id: room, unread, mentions });
  }

  #forget() {
    for (const timeline of this.#timelines.values()) timeline.close();
    this.#timelines.clear();
    this.#replace([]);
  }
}

const BLANK = { members: [], last_seq: 0, last_message: null, read_up_to: 0, unread: 0, mentions: 0 };
