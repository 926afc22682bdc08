/**
 * The one connection that is always being kept: opens it, resumes it by cursor, waits between attempts, and falls back
 * to SSE where WebSocket is blocked. What frames mean is not decided here.
 */
import { Emitter } from "../emitter.js";
import { ComptoirError } from "../errors.js";
import { Backoff } from "./backoff.js";
import { judgeClose } from "./close-codes.js";
import { SseTransport } from "./sse.js";
import { WebSocketTransport } from "./websocket.js";

/** A connection that lived so long was a success: the next wait is short again. */
const STEADY_MS = 10_000;

/** What an attempt may take until `welcome`. */
const WELCOME_MS = 15_000;

/** How long SSE is kept before WebSocket is tried again, at the next reconnect. */
const BLOCKED_MS = 10 * 60_000;

/** What the hub says of the connection itself, whoever is logged in: a table that the role may not read, a page's address. */
const REFUSALS = ["forbidden", "not_found", "invalid_request"];

/** Errors that waiting does not mend. */
const NEEDS_A_PERSON = [
  ...["login_required", "invalid_credentials", "password_change_required", "login_not_allowed_here"],
  ...REFUSALS,
];

/**
 * @typedef {"connecting" | "online" | "reconnecting" | "offline" | "login_required" | "password_change_required"
 *   | "disconnected" | "closed"} Status
 *   `connecting`: an attempt is under way · `online` · `reconnecting`: the next attempt is in `retryInMs` · `offline`:
 *   this device has no network; goes on by itself · `login_required`, `password_change_required`: a person must ·
 *   `disconnected`: an administrator said so, or the hub refused (`error`); `hub.reconnect()` or `hub.login()` goes on ·
 *   `closed`: `hub.close()`
 */

/**
 * Events: `status` ({ status, retryInMs, reason }), `frame` (every frame but results), `welcome`, `lost`.
 */
export class Connection extends Emitter {
  /** @type {Status} */
  status = "connecting";
  /** @type {any} the last `welcome` */
  welcome = null;
  /** @type {string | undefined} the place after the last event that was handed out */
  cursor;
  /** @type {string[] | "*"} */
  tables;

  #options;
  #auth;
  #backoff;
  /** @type {WebSocketTransport | SseTransport | null} */
  #transport = null;
  /** @type {string | null} */
  #tokenInUse = null;
  #blockedUntil = 0;
  /** Handshakes in a row that failed although the hub could be reached. */
  #refusedHandshakes = 0;
  #closed = false;
  #lastHeard = 0;
  /** Ends the wait there is. */
  #wake = () => {};
  #running = false;
  #restarting = false;

  /**
   * @param {object} options
   * @param {URL} options.url
   * @param {import("../auth/auth.js").Auth} options.auth
   * @param {typeof globalThis.fetch} options.fetch
   * @param {typeof globalThis.WebSocket} [options.WebSocket]
   * @param {("websocket" | "sse")[]} options.transports
   * @param {string[] | "*"} options.tables
   * @param {string} [options.since]
   * @param {{ baseMs?: number, capMs?: number }} [options.backoff]
   */
  constructor(options) {
    super();
    this.#options = options;
    this.#auth = options.auth;
    this.#backoff = new Backoff(options.backoff);
    this.tables = options.tables;
    this.cursor = options.since;
    this.#auth.on("token", (token) => this.#renewOnSocket(token));
  }

  get online() {
    return this.status === "online";
  }

  /** `websocket` or `sse`, while there is one. */
  get transport() {
    return this.#transport?.kind;
  }

  start() {
    if (this.#running || this.#closed) return;
    this.#running = true;
    void this.#run();
  }

  /** Tries now, whatever it was waiting for. */
  wake() {
    if (!this.#running || this.#closed || this.online) return;
    // At once, so that who asks for the status now does not hear of the past.
    if (this.#transport === null) this.#say("connecting");
    this.#wake();
  }

  /** Drops the present connection and opens another, which resumes where this one was. */
  restart() {
    const transport = this.#transport;
    if (!transport) return this.wake();
    this.#restarting = true;
    this.#say("connecting");
    transport.close();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#transport?.close();
    this.#wake();
    this.#say("closed");
  }

  /** Asks whether the hub is there, for when the device woke up. */
  probe() {
    if (this.online) void this.#heartbeat(2_000);
    else if (this.status === "reconnecting" || this.status === "offline") this.wake();
  }

  /**
   * @param {any} frame
   * @returns {Promise<any>}
   */
  request(frame) {
    if (!this.online || !this.#transport) {
      return Promise.reject(new ComptoirError("disconnected", "There is no connection to the hub."));
    }
    return this.#transport.request(frame);
  }

  async #run() {
    while (!this.#closed) {
      if (isDeviceOffline()) {
        this.#say("offline", { reason: "no_network" });
        await this.#sleep(60_000);
        continue;
      }
      this.#say("connecting");
      /** @type {import("./close-codes.js").Verdict & { error?: ComptoirError }} */
      let verdict;
      try {
        this.#tokenInUse = await this.#auth.token();
        if (this.#auth.passwordChangeRequired) throw new ComptoirError("password_change_required");
        if (this.#closed) return;
        verdict = await this.#live(this.#tokenInUse);
      } catch (error) {
        verdict = this.#judgeError(error);
      }
      if (!this.#closed) await this.#afterwards(verdict);
    }
  }

  /**
   * One connection, from the handshake to its end.
   * @param {string} token
   * @returns {Promise<import("./close-codes.js").Verdict & { error?: ComptoirError }>}
   */
  async #live(token) {
    let welcomedAt = 0;
    /** @type {import("./websocket.js").Ended} */
    const ended = await new Promise((resolve) => {
      const onFrame = (/** @type {any} */ frame) => {
        if (frame.type === "welcome") {
          welcomedAt = Date.now();
          clearTimeout(deadline);
        }
        this.#receive(frame);
      };
      const transport = this.#open(token, onFrame, (ended) => {
        clearTimeout(deadline);
        clearInterval(pulse);
        resolve(ended);
      });
      this.#transport = transport;
      const deadline = setTimeout(() => transport.close({ lost: true }), WELCOME_MS);
      const pulse = setInterval(() => this.#beat(), 1_000);
    });
    const wasWebSocket = this.transport === "websocket";
    this.#transport = null;
    if (welcomedAt) this.emit("lost");
    if (welcomedAt && Date.now() - welcomedAt > STEADY_MS) this.#backoff.reset();
    if (ended.error) return this.#judgeError(ended.error);
    if (this.#restarting) {
      this.#restarting = false;
      return { act: "retry", waitMs: 0 };
    }
    const mayBlock = wasWebSocket && !ended.opened && this.#options.transports.includes("sse");
    if (!mayBlock || !(await this.#isReachable())) this.#refusedHandshakes = 0;
    else {
      // HTTP gets through and the handshake does not: something on the way takes no WebSockets, or the hub refused in a
      // way that a browser does not show. SSE says which. Once may be chance: the network came back in between.
      if (++this.#refusedHandshakes > 1) this.#blockedUntil = Date.now() + BLOCKED_MS;
      return { act: "retry", waitMs: 0 };
    }
    return judgeClose(ended.code, ended.reason);
  }

  /**
   * @param {string} token
   * @param {(frame: any) => void} onFrame
   * @param {(ended: import("./websocket.js").Ended) => void} onEnd
   */
  #open(token, onFrame, onEnd) {
    const { url, fetch, transports, WebSocket } = this.#options;
    const common = { url, token, since: this.cursor, tables: this.tables, onFrame, onEnd };
    const mayUseSocket = transports.includes("websocket") && WebSocket;
    const mustUseSse = transports.includes("sse") && Date.now() < this.#blockedUntil;
    return mayUseSocket && !mustUseSse
      ? new WebSocketTransport({ ...common, WebSocket })
      : new SseTransport({ ...common, fetch });
  }

  /** @param {any} frame */
  #receive(frame) {
    this.#lastHeard = Date.now();
    if (frame.type === "heartbeat") return;
    if (frame.type === "welcome") {
      this.welcome = frame;
      if (this.#transport) this.#transport.maxFrameBytes = frame.limits.max_frame_bytes;
      this.#say("online");
      this.emit("welcome", frame);
      // It may have been renewed during the handshake.
      this.#auth.token().then((token) => this.#renewOnSocket(token), () => {});
    }
    this.emit("frame", frame);
    // After the listeners: what was not handed out has not been seen.
    if (typeof frame.cursor === "string") this.cursor = frame.cursor;
  }

  /** A peer that vanished without a word is found by asking it. */
  #beat() {
    const every = this.welcome?.heartbeat_ms ?? 10_000;
    if (this.online && Date.now() - this.#lastHeard > every) void this.#heartbeat(every);
  }

  /** @type {unknown} the transport that owes an answer */
  #asked = null;

  /** @param {number} withinMs */
  async #heartbeat(withinMs) {
    const transport = this.#transport;
    if (!transport || this.#asked === transport) return;
    this.#asked = transport;
    const heardBefore = this.#lastHeard;
    const deadline = setTimeout(() => {
      // Whatever came shows that the hub is there.
      if (this.#lastHeard === heardBefore) transport.close({ lost: true });
    }, withinMs * 1.5);
    try {
      await transport.request({ type: "ping" });
    } catch {
      // Its end is told elsewhere.
    }
    clearTimeout(deadline);
    this.#asked = null;
  }

  /**
   * @param {unknown} error why there is no connection
   * @returns {import("./close-codes.js").Verdict & { error?: ComptoirError }}
   */
  #judgeError(error) {
    const known = error instanceof ComptoirError ? error : new ComptoirError("internal", String(error));
    if (NEEDS_A_PERSON.includes(known.code)) return { act: "stay_away", error: known };
    if (known.code === "unauthorized") return { act: "renew", error: known };
    return { act: "retry", waitMs: known.retryAfterMs, error: known };
  }

  /**
   * @param {import("./close-codes.js").Verdict & { error?: ComptoirError }} verdict
   * @returns {Promise<void>}
   */
  async #afterwards({ act, waitMs, error }) {
    if (act === "stay_away") {
      const isRefused = !error || REFUSALS.includes(error.code);
      const status = isRefused ? "disconnected" : error.code === "password_change_required" ? error.code : "login_required";
      this.#say(status, { reason: error?.code, error });
      return this.#sleep(Infinity);
    }
    if (act === "pause") this.emit("pause");
    let wait = waitMs ?? this.#backoff.next();
    if (act === "pause") wait += Math.random() * 5_000;
    if (act === "renew") {
      try {
        // Somebody may have renewed it meanwhile.
        if ((await this.#auth.token()) === this.#tokenInUse) await this.#auth.renew();
      } catch (failure) {
        const verdict = this.#judgeError(failure);
        return this.#afterwards(verdict.act === "renew" ? { act: "stay_away", error: verdict.error } : verdict);
      }
    }
    if (wait <= 0) return;
    this.#say("reconnecting", { retryInMs: wait, reason: error?.code, error });
    await this.#sleep(wait);
  }

  /** @param {string} token */
  #renewOnSocket(token) {
    if (!this.online || this.#tokenInUse === token) return;
    this.#tokenInUse = token;
    // A refusal is not the end of this socket: it lives as long as its token, and closes with 4401.
    this.#transport?.request({ type: "renew", token }).catch(() => {});
  }

  async #isReachable() {
    try {
      const response = await this.#options.fetch(new URL("api/health", this.#options.url), { cache: "no-store" });
      return response.ok;
    } catch {
      return false;
    }
  }

  /** @param {number} ms */
  #sleep(ms) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve) => {
        if (this.#closed) return resolve();
        const timer = ms === Infinity ? undefined : setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      })
    );
  }

  /**
   * @param {Status} status
   * @param {{ retryInMs?: number, reason?: string, error?: ComptoirError }} [detail]
   */
  #say(status, detail = {}) {
    if (this.#closed && status !== "closed") return;
    this.status = status;
    this.emit("status", { status, ...detail });
  }
}

function isDeviceOffline() {
  // Node 21 has a navigator too, without `onLine`.
  return typeof navigator !== "undefined" && navigator.onLine === false;
}

