/** Which places of a room are here. Pure: spans of `seq` that were fetched whole, in order, never touching. */

export class Spans {
  /** @type {{ from: number, to: number }[]} */
  list = [];

  /** All from one seq to the other is here; `to` may be Infinity. @param {number} from @param {number} to */
  add(from, to) {
    if (to < from) return;
    const apart = this.list.filter((span) => span.to + 1 < from || span.from - 1 > to);
    const joined = this.list.filter((span) => !apart.includes(span));
    const whole = { from: Math.min(from, ...joined.map((span) => span.from)), to: Math.max(to, ...joined.map((span) => span.to)) };
    this.list = [...apart, whole].sort((a, b) => a.from - b.from);
  }

  /** All from one seq to the other is here no more. @param {number} from @param {number} to */
  remove(from, to) {
    this.list = this.list
      .flatMap((span) => [
        { from: span.from, to: Math.min(span.to, from - 1) },
        { from: Math.max(span.from, to + 1), to: span.to },
      ])
      .filter((span) => span.from <= span.to);
  }

  /** @param {number} seq */
  has(seq) {
    return this.list.some(({ from, to }) => from <= seq && seq <= to);
  }

  /**
   * What is missing: `after` the one seq (0: from the beginning on) and `before` the other.
   * @returns {{ after: number, before: number }[]}
   */
  get gaps() {
    const ends = [0, ...this.list.map(({ to }) => to)];
    return this.list.map(({ from }, i) => ({ after: ends[i], before: from })).filter(({ after, before }) => before - after > 1);
  }
}
