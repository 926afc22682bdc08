/** Calls: ringing, seats, and the signals between browsers. Media is in `call-peers.js`. */
import { Emitter } from "../emitter.js";
import { hasCode } from "../errors.js";

/**
 * @typedef {object} Participant
 * @property {number} participant its number within the call
 * @property {number} [user_id] missing: a guest
 * @property {string} name
 * @property {"lobby" | "joined" | "away"} state
 * @property {boolean} host
 * @property {boolean} guest
 * @property {{ audio: boolean, video: boolean, screen: boolean }} media
 * @property {boolean} [polite] who gives way when both sides offer at once: true, this side
 *
 * @typedef {object} CallInfo
 * @property {number} call_id
 * @property {number} [room]
 * @property {"audio_video" | "audio_only"} media
 * @property {"initiating" | "ringing" | "active" | "ended" | "expired" | "declined" | "missed"} state
 * @property {string | null} reason
 * @property {any} host
 * @property {number | null} you one's own number; null: no seat
 * @property {boolean} ringing it rings here
 * @property {Participant[]} participants
 * @property {any[]} [rung]
 */

const SIGNALS = ["request_webrtc_offer", "webrtc_offer", "webrtc_answer", "webrtc_ice_candidates", "call_media"];
/** More than a few others send before one listens. */
const MOST_EARLY = 256;

const OVER = ["ended", "expired", "declined", "missed"];

/** Events: `invite` (a Call that rings), `change`. */
export class Calls extends Emitter {
  /** @type {Map<number, Call>} */
  #calls = new Map();
  #access;
  #http;

  /** @param {import("./rooms.js").PeopleAccess} access @param {import("../http.js").Http} http */
  constructor(access, http) {
    super();
    this.#access = access;
    this.#http = http;
    const { events } = access;
    events.on("call_invite", (event) => {
      const call = this.#take({ ringing: true, ...event.call });
      call.from = event.from;
      call.ringUntil = event.ring_until;
      this.emit("invite", call);
      this.emit("change");
    });
    events.on("call_state", (event) => this.#take(event));
    events.on("call_answered_elsewhere", ({ call_id: id, by }) => this.#calls.get(id)?.answeredElsewhere(by));
    for (const type of SIGNALS) {
      events.on(type, (event) => this.#calls.get(event.call_id)?.heard(event));
    }
    // A new socket has no seat yet. Saying which one was ours takes it back, even before the hub finds the old one dead.
    events.on("online", () => this.#calls.forEach((call) => call.resume()));
  }

  /** Calls that are not over. @returns {Call[]} */
  get list() {
    return [...this.#calls.values()].filter(({ isOver }) => !isOver);
  }

  /** @param {number} id */
  get(id) {
    return this.#calls.get(id);
  }

  /**
   * Calls the people of a room.
   * @param {number} room
   * @param {{ media?: "audio_video" | "audio_only", guests?: boolean }} [options] `guests`: with a `link` for them
   * @returns {Promise<Call>}
   */
  async open(room, { media = "audio_video", guests = false } = {}) {
    const answer = await this.#access.once({ type: "call_open", room, media, link: guests });
    const call = this.#take({ ...answer.call, call_id: answer.call_id, you: answer.participant });
    call.link = this.#whole(answer.conferenceLink);
    call.iceServers = answer.ice_servers ?? [];
    return call;
  }

  /**
   * A guest's way in: a token that is good for this call only, for `open({ token })`.
   * @param {number | string} id
   * @param {{ code: string, name: string }} guest
   * @returns {Promise<{ token: string, expires_in: number, participant: number }>}
   */
  join(id, { code, name }) {
    return this.#http.json("POST", `/api/messaging/webrtc/sessions/${id}/join`, { body: { code, name } });
  }

  close() {
    this.#calls.clear();
  }

  /** A socket does not know under which name the hub is reached; this side does. @param {any} link */
  #whole(link) {
    if (!link) return null;
    const whole = (/** @type {string} */ path) => new URL(path, this.#http.url).href;
    return { ...link, fullLink: whole(link.fullLink), conferenceUrl: whole(link.conferenceUrl) };
  }

  /** @param {any} info @returns {Call} */
  #take({ type, ice_servers: iceServers, ...info }) {
    let call = this.#calls.get(info.call_id);
    if (!call) {
      call = new Call(info, this.#access);
      this.#calls.set(info.call_id, call);
      // Over by an answer, not by `call_state`: of a hub that does not know it any more.
      call.on("ended", () => this.#calls.delete(info.call_id) && this.emit("change"));
    }
    if (iceServers) call.iceServers = iceServers;
    call.update(info);
    if (call.isOver) this.#calls.delete(info.call_id);
    this.emit("change");
    return call;
  }
}

/** Events: `change`, `signal` (a relayed frame), `ended` (the reason). */
export class Call extends Emitter {
  /** @type {CallInfo} */
  info;
  /** @type {{ user_id?: number, name: string } | null} who rings */
  from = null;
  /** @type {string | null} */
  ringUntil = null;
  /** @type {{ sessionId: any, conferenceUrl: string, joinCode: string, fullLink: string } | null} for guests; host only */
  link = null;
  /** @type {RTCIceServer[]} */
  iceServers = [];
  #access;
  #ended = false;
  /** @type {number | null} the seat that was left, until the hub knows */
  #leaving = null;
  /** Signals that came before anybody listened: the browser may still ask for the camera. @type {any[] | null} */
  #early = [];

  /** @param {CallInfo} info @param {import("./rooms.js").PeopleAccess} access */
  constructor(info, access) {
    super();
    this.info = info;
    this.#access = access;
  }

  /**
   * As of every emitter; the first to listen for signals hears those that came before, too.
   * @override
   * @param {string} name
   * @param {(detail: any) => void} listener
   */
  on(name, listener) {
    const stop = super.on(name, listener);
    if (name === "signal" && this.#early) queueMicrotask(() => this.#tellEarly());
    return stop;
  }

  get id() {
    return this.info.call_id;
  }

  get isOver() {
    return OVER.includes(this.info.state) || ["denied", "removed"].includes(this.info.reason ?? "");
  }

  get ringing() {
    return this.info.ringing && !this.isOver;
  }

  /** One's own entry; undefined: no seat. */
  get me() {
    return this.info.participants?.find(({ participant }) => participant === this.info.you);
  }

  /** The others that are admitted. */
  get others() {
    return (this.info.participants ?? []).filter(
      ({ participant, state }) => participant !== this.info.you && state !== "lobby",
    );
  }

  /** Guests who wait to be let in. */
  get lobby() {
    return (this.info.participants ?? []).filter(({ state }) => state === "lobby");
  }

  async accept() {
    this.#leaving = null;
    const answer = await this.#once("call_accept");
    this.iceServers = answer.ice_servers ?? this.iceServers;
    this.update({ ...answer.call, you: answer.participant, ringing: false });
    return this;
  }

  async decline() {
    await this.#once("call_decline");
    this.update({ ringing: false });
  }

  /** @param {number} participant */
  async admit(participant) {
    this.update((await this.#once("call_admit", { participant })).call);
  }

  /** Refuses a guest, or removes one who is in. @param {number} participant */
  async deny(participant) {
    this.update((await this.#once("call_deny", { participant })).call);
  }

  /** @param {{ audio?: boolean, video?: boolean, screen?: boolean }} media */
  async setMedia(media) {
    await this.#once("call_media", media);
  }

  /** Leaves; the others go on. Done on this side at once, whatever the hub answers; told again after a reconnect. */
  async hangUp() {
    this.#leaving ??= this.info.you;
    const said = this.#once("call_hangup");
    this.update({ you: null });
    try {
      await said;
      this.#leaving = null;
    } catch (error) {
      if (hasCode(error, "not_found")) this.#gone("hung_up");
    }
  }

  /** Ends it for everybody; the host only. */
  async end() {
    await this.#once("call_end");
  }

  /**
   * Hands a signal to one participant, or to all the others.
   * @param {"request_webrtc_offer" | "webrtc_offer" | "webrtc_answer" | "webrtc_ice_candidates"} type
   * @param {{ to?: number, sdp?: any, candidates?: any[], done?: boolean }} [members]
   */
  signal(type, members = {}) {
    return this.#once(type, members);
  }

  /** A relayed frame came. @param {any} event */
  heard(event) {
    if (event.type === "call_media") {
      const { audio, video, screen, from } = event;
      const said = Object.fromEntries(Object.entries({ audio, video, screen }).filter(([, on]) => on !== undefined));
      const participants = (this.info.participants ?? []).map((one) =>
        one.participant === from?.participant ? { ...one, media: { ...one.media, ...said } } : one,
      );
      this.update({ participants });
    }
    if (this.#early && event.type !== "call_media") {
      if (this.#early.length < MOST_EARLY) this.#early.push(event);
    } else {
      this.emit("signal", event);
    }
  }

  #tellEarly() {
    const early = this.#early ?? [];
    this.#early = null;
    for (const event of early) this.emit("signal", event);
  }

  /** Takes one's seat back after a reconnect; or leaves it, where the hub was not there to hear so. */
  resume() {
    if (this.isOver) return;
    const leaving = this.#leaving;
    const participant = leaving ?? this.info.you;
    // What still rings is told anew.
    if (!participant) return this.info.ringing ? this.update({ ringing: false }) : undefined;
    this.#once("call_accept", { participant }).then(
      ({ call, ice_servers: iceServers }) => {
        if (leaving !== null) return void this.hangUp();
        if (iceServers) this.iceServers = iceServers;
        this.update(call ?? {});
      },
      // The hub was started anew, or everybody left meanwhile. Whatever else it is, `call_state` tells.
      (error) => void (hasCode(error, "not_found") && this.#gone(leaving === null ? "gone" : "hung_up")),
    );
  }

  /** The hub does not know this call. @param {string} reason */
  #gone(reason) {
    if (!this.isOver) this.update({ state: "ended", reason, you: null, ringing: false });
  }

  /** @param {string} [by] */
  answeredElsewhere(by) {
    this.update({ ringing: false });
    this.emit("answered_elsewhere", by ?? "accepted");
  }

  /** @param {Partial<CallInfo>} info */
  update(info) {
    this.info = { ...this.info, ...info };
    if (this.#leaving !== null) this.info.you = null;
    this.emit("change");
    if (!this.isOver || this.#ended) return;
    this.#ended = true;
    this.emit("ended", this.info.reason);
  }

  /** @param {string} type @param {any} [members] */
  #once(type, members = {}) {
    return this.#access.once({ type, call_id: this.id, ...members });
  }
}
