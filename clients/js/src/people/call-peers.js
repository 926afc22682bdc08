/**
 * The media of a call: one `RTCPeerConnection` for each other participant, by the rules of perfect negotiation. The hub says
 * which side is polite; signals that were under way during a reconnect come in their order.
 */
import { Emitter } from "../emitter.js";

/**
 * @typedef {object} Peer
 * @property {number} participant
 * @property {RTCPeerConnection} connection
 * @property {boolean} polite gives way when both offer at once
 * @property {boolean} making an offer is being made
 * @property {boolean} ignoring the other's offer lost, and so do its candidates
 * @property {Promise<void>} handling signals one after the other
 * @property {MediaStream} stream what comes from it
 */

/** Events: `track` ({ participant, track, stream }), `state` ({ participant, state }), `left` (participant). */
export class CallPeers extends Emitter {
  /** @type {Map<number, Peer>} */
  #peers = new Map();
  #call;
  /** @type {Map<string, MediaStreamTrack>} by what it shows: `audio`, `video`, `screen` */
  #tracks = new Map();
  #stream = new MediaStream();
  /** @type {import("../emitter.js").Stop[]} */
  #stops;

  /** @param {import("./calls.js").Call} call @param {{ stream?: MediaStream }} [options] */
  constructor(call, { stream } = {}) {
    super();
    this.#call = call;
    for (const track of stream?.getTracks() ?? []) this.#tracks.set(track.kind, track);
    this.#stops = [
      call.on("signal", (event) => this.#onSignal(event)),
      call.on("change", () => this.#meet()),
      call.on("ended", () => this.close()),
    ];
    this.#meet();
  }

  /** What comes from a participant. @param {number} participant */
  streamOf(participant) {
    return this.#peers.get(participant)?.stream;
  }

  /**
   * Shows something, or something else, or no longer (`null`) to everybody.
   * @param {"audio" | "video" | "screen"} what
   * @param {MediaStreamTrack | null} track
   */
  async show(what, track) {
    const before = this.#tracks.get(what);
    if (track) this.#tracks.set(what, track);
    else this.#tracks.delete(what);
    for (const { connection } of this.#peers.values()) {
      const sender = before && connection.getSenders().find((one) => one.track === before);
      if (sender && track) await sender.replaceTrack(track);
      else if (sender) connection.removeTrack(sender);
      else if (track) connection.addTrack(track, this.#stream);
    }
    const { audio, video } = { audio: this.#tracks.get("audio"), video: this.#tracks.get("video") };
    await this.#call.setMedia({
      audio: audio?.enabled === true,
      video: video?.enabled === true,
      screen: this.#tracks.has("screen"),
    });
  }

  close() {
    for (const stop of this.#stops.splice(0)) stop();
    for (const participant of [...this.#peers.keys()]) this.#leave(participant);
  }

  /** A connection to each who is in, and none to who is not. */
  #meet() {
    if (!this.#call.info.you || this.#call.me?.state === "lobby") return;
    const others = this.#call.others;
    for (const { participant, polite } of others) {
      const known = this.#peers.get(participant);
      // The later comer is polite; it begins, since the other may not know yet that it is here.
      if (!known) this.#greet(participant, polite === true);
    }
    for (const participant of [...this.#peers.keys()]) {
      if (!others.some((other) => other.participant === participant)) this.#leave(participant);
    }
  }

  /** @param {number} participant @param {boolean} polite @returns {Peer} */
  #greet(participant, polite) {
    const connection = new RTCPeerConnection({ iceServers: this.#call.iceServers });
    /** @type {Peer} */
    const peer = {
      participant,
      connection,
      polite,
      making: false,
      ignoring: false,
      handling: Promise.resolve(),
      stream: new MediaStream(),
    };
    this.#peers.set(participant, peer);
    connection.ontrack = ({ track }) => {
      peer.stream.addTrack(track);
      track.onmute = () => this.emit("state", { participant, state: connection.connectionState });
      this.emit("track", { participant, track, stream: peer.stream });
    };
    connection.onnegotiationneeded = () => void this.#offer(peer);
    connection.onicecandidate = ({ candidate }) => {
      const members = candidate ? { candidates: [candidate.toJSON()] } : { candidates: [], done: true };
      this.#send("webrtc_ice_candidates", peer, members);
    };
    connection.onconnectionstatechange = () => {
      this.emit("state", { participant, state: connection.connectionState });
      // Another way through the network, where this one ended.
      if (connection.connectionState === "failed") connection.restartIce();
    };
    for (const track of this.#tracks.values()) connection.addTrack(track, this.#stream);
    // Without a camera or microphone one still sees and hears.
    for (const kind of ["audio", "video"]) {
      if (polite && !this.#tracks.has(kind)) connection.addTransceiver(kind, { direction: "recvonly" });
    }
    return peer;
  }

  /** @param {Peer} peer */
  async #offer(peer) {
    try {
      peer.making = true;
      await peer.connection.setLocalDescription();
      this.#send("webrtc_offer", peer, { sdp: peer.connection.localDescription?.sdp });
    } catch (error) {
      this.emit("error", error);
    } finally {
      peer.making = false;
    }
  }

  /** @param {any} event a relayed frame */
  #onSignal(event) {
    const { participant } = event.from;
    const peer = this.#peers.get(participant) ?? this.#greet(participant, event.polite === true);
    if (typeof event.polite === "boolean") peer.polite = event.polite;
    peer.handling = peer.handling
      .then(() => this.#handle(peer, event))
      .catch((error) => {
        if (!peer.ignoring) this.emit("error", error);
      });
  }

  /** @param {Peer} peer @param {any} event */
  async #handle(peer, { type, sdp, candidates }) {
    const { connection } = peer;
    if (type === "request_webrtc_offer") return this.#offer(peer);
    if (type === "webrtc_ice_candidates") {
      for (const candidate of candidates ?? []) await connection.addIceCandidate(candidate);
      return;
    }
    if (type !== "webrtc_offer" && type !== "webrtc_answer") return;
    const isOffer = type === "webrtc_offer";
    const collides = isOffer && (peer.making || connection.signalingState !== "stable");
    peer.ignoring = collides && !peer.polite;
    if (peer.ignoring) return;
    await connection.setRemoteDescription({ type: isOffer ? "offer" : "answer", sdp: typeof sdp === "string" ? sdp : sdp?.sdp });
    if (!isOffer) return;
    await connection.setLocalDescription();
    this.#send("webrtc_answer", peer, { sdp: connection.localDescription?.sdp });
  }

  /** @param {"webrtc_offer" | "webrtc_answer" | "webrtc_ice_candidates"} type @param {Peer} peer @param {any} members */
  #send(type, peer, members) {
    this.#call.signal(type, { to: peer.participant, ...members }).catch((error) => this.emit("error", error));
  }

  /** @param {number} participant */
  #leave(participant) {
    this.#peers.get(participant)?.connection.close();
    this.#peers.delete(participant);
    this.emit("left", participant);
  }
}
