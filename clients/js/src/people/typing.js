/** Who is writing in a room; and saying so oneself, without a frame for each key. */
import { Emitter } from "../emitter.js";

/** Said again at most so often, and taken back after so long without a key. */
const REPEAT_MS = 3_000;
const IDLE_MS = 5_000;

/** Nobody types so long without saying so again: his connection may be gone. */
const FORGET_MS = 8_000;

/** Events: `change` (user ids). */
export class Typing extends Emitter {
  /** @type {Map<number, ReturnType<typeof setTimeout>>} */
  #others = new Map();
  #room;
  #access;
  #saidAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #idle;
  #stop;

  /** @param {number} room @param {import("./rooms.js").PeopleAccess} access */
  constructor(room, access) {
    super();
    this.#room = room;
    this.#access = access;
    this.#stop = access.events.on("typing", (event) => {
      if (event.room !== room || event.user_id === access.me()?.id) return;
      if (event.on) this.#started(event.user_id);
      else this.stopped(event.user_id);
    });
  }

  /** Ids of the users who are writing. */
  get users() {
    return [...this.#others.keys()];
  }

  /** To be called at each key: the rest is done here. */
  key() {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#say(false), IDLE_MS);
    if (Date.now() - this.#saidAt > REPEAT_MS) this.#say(true);
  }

  /** The message is sent: no need to say that one stopped. */
  sent() {
    clearTimeout(this.#idle);
    if (this.#saidAt > 0) this.#say(false);
  }

  /** @param {number} userId */
  stopped(userId) {
    clearTimeout(this.#others.get(userId));
    if (this.#others.delete(userId)) this.emit("change", this.users);
  }

  close() {
    clearTimeout(this.#idle);
    this.#stop();
    for (const timer of this.#others.values()) clearTimeout(timer);
    this.#others.clear();
  }

  /** @param {number} userId */
  #started(userId) {
    clearTimeout(this.#others.get(userId));
    const isNew = !this.#others.has(userId);
    this.#others.set(
      userId,
      setTimeout(() => this.stopped(userId), FORGET_MS),
    );
    if (isNew) this.emit("change", this.users);
  }

  /** @param {boolean} on */
  #say(on) {
    this.#saidAt = on ? Date.now() : 0;
    this.#access.tell({ type: "typing", room: this.#room, on });
  }
}
