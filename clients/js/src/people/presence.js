/** Which contacts are here, and saying how one is oneself. */
import { Emitter } from "../emitter.js";

/** @typedef {import("../types.js").PresenceInfo} PresenceInfo */

/** Events: `change` (those who changed; null: everybody). */
export class Presence extends Emitter {
  /** @type {Map<number, PresenceInfo>} */
  #users = new Map();
  /** @type {any} one's own, said again after a reconnect */
  #own = null;
  #access;

  /** @param {import("./rooms.js").PeopleAccess} access */
  constructor(access) {
    super();
    this.#access = access;
    access.events.on("welcome", ({ presence }) => {
      this.#users = new Map((presence ?? []).map((/** @type {PresenceInfo} */ user) => [user.user_id, user]));
      this.emit("change", null);
      if (this.#own) access.tell(this.#own);
    });
    access.events.on("presence", ({ users }) => {
      for (const user of users) this.#users.set(user.user_id, user);
      this.emit("change", users);
    });
    access.events.on("user", () => (this.#own = null));
  }

  /** Contacts who are here, or were lately. @returns {PresenceInfo[]} */
  get users() {
    return [...this.#users.values()];
  }

  /** @param {number} userId */
  get(userId) {
    return this.#users.get(userId);
  }

  /** @param {number} userId @returns {PresenceInfo["status"]} */
  status(userId) {
    return this.#users.get(userId)?.status ?? "offline";
  }

  /**
   * @param {"online" | "away" | "busy"} status
   * @param {{ text?: string, until?: Date | string }} [options]
   */
  async set(status, { text, until } = {}) {
    this.#own = {
      type: "set_presence",
      status,
      ...(text === undefined ? {} : { status_text: text }),
      ...(until === undefined ? {} : { until: until instanceof Date ? until.toISOString() : until }),
    };
    await this.#access.ask(this.#own);
  }
}
