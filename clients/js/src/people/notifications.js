/** Notifications of the user: the list, newest first, and how many are unread on all his devices. */
import { Emitter } from "../emitter.js";

/** @typedef {import("../types.js").Notification} Notification */

/** Events: `change`, `notification` (one that came now; a repeated one with its `count` risen). */
export class Notifications extends Emitter {
  unread = 0;
  hasMore = true;
  /** @type {Map<number, Notification>} */
  #byId = new Map();
  #access;
  #loaded = false;

  /** @param {import("./rooms.js").PeopleAccess} access */
  constructor(access) {
    super();
    this.#access = access;
    const { events } = access;
    events.on("welcome", ({ unread_notifications: unread }) => this.#setUnread(unread ?? 0));
    events.on("unread", ({ notifications }) => notifications !== undefined && this.#setUnread(notifications));
    events.on("notification", ({ type, cursor, ...notification }) => {
      this.#byId.set(notification.id, notification);
      this.emit("notification", notification);
      this.emit("change");
    });
    events.on("resync", () => this.#loaded && void this.load().catch(() => {}));
    events.on("user", () => {
      this.#byId.clear();
      this.#loaded = false;
      this.#setUnread(0);
    });
  }

  /** Those told last first: a repeated one keeps its id. @returns {Notification[]} */
  get list() {
    const newest = (/** @type {Notification} */ a, /** @type {Notification} */ b) =>
      a.created_at < b.created_at ? 1 : a.created_at > b.created_at ? -1 : b.id - a.id;
    return [...this.#byId.values()].sort(newest);
  }

  /** Fetches the newest. */
  async load(limit = 50) {
    const { notifications, unread, has_more: hasMore } = await this.#access.ask({ type: "notifications", limit });
    this.#byId = new Map(notifications.map((/** @type {Notification} */ one) => [one.id, one]));
    this.hasMore = hasMore ?? notifications.length >= limit;
    this.#loaded = true;
    this.#setUnread(unread);
    return this.list;
  }

  /** Fetches those before the oldest that is here. @returns {Promise<boolean>} whether there are older ones yet */
  async loadBefore(limit = 50) {
    const oldest = Math.min(...this.#byId.keys());
    if (!this.#loaded || !Number.isFinite(oldest)) await this.load(limit);
    else if (this.hasMore) {
      const answer = await this.#access.ask({ type: "notifications", before: oldest, limit });
      for (const one of answer.notifications) this.#byId.set(one.id, one);
      this.hasMore = answer.has_more ?? answer.notifications.length >= limit;
      this.emit("change");
    }
    return this.hasMore;
  }

  /** @param {number[] | "all"} ids */
  async markRead(ids) {
    for (const one of this.#byId.values()) {
      if (ids === "all" || ids.includes(one.id)) this.#byId.set(one.id, { ...one, read: true });
    }
    this.emit("change");
    const { unread } = await this.#access.queue(() => ({ type: "mark_notifications_read", ids }));
    this.#setUnread(unread);
  }

  /**
   * Notifies somebody, for roles with `notify`.
   * @param {{ to_user?: number, to_role?: string, to_room?: number, event: string, title: string, body: string,
   *   data?: Record<string, any>, dedup_key?: string }} notification
   * @returns {Promise<{ notified: number }>}
   */
  send(notification) {
    return this.#access.once({ type: "notify", ...notification });
  }

  /** @param {number} unread */
  #setUnread(unread) {
    this.unread = unread;
    this.emit("change");
  }
}
