/** Who has read, or received, how much of a room; and saying so oneself. */
import { Emitter } from "../emitter.js";

/** Events: `change`. */
export class Receipts extends Emitter {
  /** The last message that each user has read, as far as it was heard; before that, the list of rooms says it. @type {Map<number, number>} */
  read = new Map();
  /** The last message that reached each user. @type {Map<number, number>} */
  delivered = new Map();

  #room;
  #access;
  #roomInfo;
  #readUpTo = 0;
  #deliveredUpTo = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #stops;

  /**
   * @param {number} room
   * @param {import("./rooms.js").PeopleAccess} access
   * @param {() => import("../types.js").RoomInfo | undefined} roomInfo
   */
  constructor(room, access, roomInfo) {
    super();
    this.#room = room;
    this.#access = access;
    this.#roomInfo = roomInfo;
    this.#stops = [
      access.events.on("message_read", (event) => this.#note(this.read, event)),
      access.events.on("message_delivered", (event) => this.#note(this.delivered, event)),
    ];
  }

  /** Users who have read the message with this `seq`. @param {number} seq */
  readBy(seq) {
    const listed = (this.#roomInfo()?.members ?? []).filter((member) => (member.read_up_to ?? 0) >= seq);
    return [...new Set([...listed.map((member) => member.user_id), ...usersAt(this.read, seq)])];
  }

  /** Users whom it reached. @param {number} seq */
  deliveredTo(seq) {
    return [...new Set([...usersAt(this.delivered, seq), ...this.readBy(seq)])];
  }

  /** @param {number} seq @returns {Promise<void>} */
  async markRead(seq) {
    if (seq <= this.#readUpTo) return;
    this.#readUpTo = seq;
    const frame = { type: "mark_read", room: this.#room, up_to: seq };
    const answer = await this.#access.queue(() => frame, { replaces: `mark_read:${this.#room}` });
    // The hub tells the user's other sockets; this one has the answer.
    if (answer?.unread !== undefined) this.#access.events.emit("unread", { type: "unread", ...answer, room: this.#room });
  }

  /** A message came to this device. Several in a row are acknowledged at once. @param {number} seq */
  received(seq) {
    this.#deliveredUpTo = Math.max(this.#deliveredUpTo, seq);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#deliveredUpTo <= this.#readUpTo) return;
      this.#access.tell({ type: "mark_delivered", room: this.#room, up_to: this.#deliveredUpTo });
    }, 500);
  }

  close() {
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  /** @param {Map<number, number>} places @param {any} event never moves back */
  #note(places, { room, user_id: userId, up_to: upTo }) {
    if (room !== this.#room || (places.get(userId) ?? 0) >= upTo) return;
    places.set(userId, upTo);
    this.emit("change");
  }
}

/** @param {Map<number, number>} places @param {number} seq */
function usersAt(places, seq) {
  return [...places].filter(([, upTo]) => upTo >= seq).map(([userId]) => userId);
}
