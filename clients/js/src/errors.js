/** One error class. `code` is the hub's (docs/ERRORS.md), or one of the SDK's own below. */

/**
 * Codes that only the SDK gives:
 * - `disconnected`: the connection was lost before the answer; whether the hub did it is not known
 * - `offline`: no connection within the time given
 * - `login_required`: nobody is logged in, or the login ended
 * - `closed`: `hub.close()` was called
 * - `aborted`: the caller's signal
 * - `uncertain`: a queued write that was sent once, and whose idempotency key may have been forgotten since
 * - `discarded`: a queued write taken out of the queue by the program
 */
export class ComptoirError extends Error {
  /**
   * @param {string} code
   * @param {string} [message]
   * @param {Record<string, any>} [extra] members beside `code`: `retry_after_ms`, `constraint`, `limit`, …
   */
  constructor(code, message, extra = {}) {
    super(message ?? code);
    this.name = "ComptoirError";
    this.code = code;
    /** @type {number | undefined} the HTTP status, where there was one */
    this.status = extra.status;
    /** @type {string | undefined} leads to the hub's log line */
    this.requestId = extra.request_id;
    /** @type {number | undefined} */
    this.retryAfterMs = extra.retry_after_ms;
    /** @type {string | undefined} */
    this.constraint = extra.constraint;
    /** @type {string | undefined} */
    this.limit = extra.limit;
    /** @type {string | { fr?: string, en?: string, ar?: string } | undefined} `message` in other languages, where the pack has them */
    this.texts = extra.texts;
  }
}

/**
 * @param {any} frame an `error` frame
 */
export function errorOfFrame(frame) {
  return new ComptoirError(frame.code ?? "internal", frame.message, frame);
}

/**
 * @param {Response} response an answer that is not 2xx
 */
export async function errorOfResponse(response) {
  /** @type {any} */
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // A proxy in between answers with a page: the status is all there is.
  }
  const seconds = Number(response.headers.get("retry-after"));
  const retry = seconds > 0 ? { retry_after_ms: seconds * 1000 } : {};
  return new ComptoirError(problem.code ?? codeOfStatus(response.status), problem.detail ?? problem.title, {
    ...retry,
    ...problem,
    status: response.status,
  });
}

/** @param {number} status */
function codeOfStatus(status) {
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 413) return "payload_too_large";
  if (status === 429) return "rate_limited";
  if (status >= 502) return "unavailable";
  return status >= 500 ? "internal" : "invalid_request";
}

/**
 * Whether the same request may succeed a little later.
 * @param {unknown} error
 */
export function isTransient(error) {
  return (
    error instanceof ComptoirError &&
    ["disconnected", "offline", "busy", "rate_limited", "unavailable"].includes(error.code)
  );
}

/** @param {unknown} error @param {string} code */
export function hasCode(error, code) {
  return error instanceof ComptoirError && error.code === code;
}
