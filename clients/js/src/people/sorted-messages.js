/** The messages of a room that are here, in order. Pure. A room may have a hundred thousand: nothing is sorted twice. */

/** @typedef {import("../types.js").Message} Message */

export class SortedMessages {
  /** @type {Message[]} by `seq` */
  list = [];
  /** @type {Map<number, Message>} */
  #byId = new Map();

  /** @param {number | null} id */
  get(id) {
    return id === null ? undefined : this.#byId.get(id);
  }

  /** The newest version of a message wins, whichever way it came. @param {Message} message */
  put(message) {
    if (message.id === null || message.seq === null) return;
    const known = this.#byId.get(message.id);
    if (known && message.version < known.version) return;
    this.#byId.set(message.id, message);
    this.list.splice(this.#place(message.seq), known ? 1 : 0, message);
  }

  /** @param {number} from @param {number} to seqs; both go too */
  drop(from, to) {
    const [first, last] = [this.#place(from), this.#place(to + 1)];
    for (const { id } of this.list.splice(first, last - first)) this.#byId.delete(/** @type {number} */ (id));
  }

  /** @param {number} seq */
  #place(seq) {
    let [low, high] = [0, this.list.length];
    // Nearly all come at the end.
    if (high === 0 || (this.list[high - 1].seq ?? 0) < seq) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.list[middle].seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
