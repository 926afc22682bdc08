/** What each close code asks of a client. Pure. */

/**
 * @typedef {object} Verdict
 * @property {"retry" | "renew" | "pause" | "stay_away"} act
 *   `retry`: come back with backoff; `renew`: with another token; `pause`: after 30 s, and without repeating what was
 *   in flight; `stay_away`: until a person acts
 * @property {number} [waitMs] how long the hub itself asks to wait
 */

/**
 * @param {number} code
 * @param {string} [reason]
 * @returns {Verdict}
 */
export function judgeClose(code, reason = "") {
  switch (code) {
    case 1001: {
      const asked = /retry_after_ms=(\d+)/.exec(reason);
      return asked ? { act: "retry", waitMs: Number(asked[1]) } : { act: "retry" };
    }
    case 4401:
      return { act: "renew" };
    case 4403:
      return { act: "stay_away" };
    case 1002:
    case 1007:
    case 1009:
    case 4400:
      return { act: "pause", waitMs: 30_000 };
    default:
      // 1006 (lost), 1011, 4408, 4429, and whatever a later version adds.
      return { act: "retry" };
  }
}
