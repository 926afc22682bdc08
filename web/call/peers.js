// The connections of a call, one to each other participant; perfect negotiation over the hub's signals.
//
// Whoever comes (or comes back) asks the others for an offer; each answers with a fresh connection. Every connection has
// one place for sound and one for a picture from the start, so that muting, cameras and screens are a change of
// track and need no new negotiation.
import { store } from "../shared/store.js";

/** Candidates are collected so long before they are sent, ms. */
const BATCH_MS = 60;

export class Peers {
  /** participant → { stream, state } of the others, for drawing. */
  remote = store(new Map());
  #call;
  #media;
  #peers = new Map();
  #stops;

  constructor(call, media) {
    this.#call = call;
    this.#media = media;
    this.#stops = [
      call.on("signal", (event) => this.#inTurn(event)),
      call.on("change", () => this.#forgetGone()),
      media.onTracks(() => this.#sendTracks()),
    ];
  }

  /** Asks everybody for an offer; the others are there already. */
  async join() {
    await this.#call.signal("request_webrtc_offer").catch(() => { /* nobody is there yet */ });
  }

  close() {
    for (const stop of this.#stops.splice(0)) stop();
    for (const id of [...this.#peers.keys()]) this.#drop(id);
  }

  /** Signals are handled one after the other, as they were sent. */
  #inTurn(event) {
    this.#turn = this.#turn.then(() => this.#onSignal(event)).catch(() => this.#renew(event.from?.participant));
  }
  #turn = Promise.resolve();

  async #onSignal(event) {
    const from = event.from?.participant;
    if (from === undefined || from === this.#call.info.you) return;
    if (event.type === "request_webrtc_offer") {
      this.#drop(from);
      this.#peer(from, event.polite, true);
      return;
    }
    if (event.type === "webrtc_offer") return this.#onOffer(this.#peers.get(from) ?? this.#peer(from, event.polite, false), event);
    const peer = this.#peers.get(from);
    if (!peer) return;
    if (event.type === "webrtc_answer" && peer.pc.signalingState === "have-local-offer") {
      await peer.pc.setRemoteDescription({ type: "answer", sdp: event.sdp });
      await this.#addWaiting(peer);
    } else if (event.type === "webrtc_ice_candidates") {
      peer.waiting.push(...(event.candidates ?? []));
      await this.#addWaiting(peer);
    }
  }

  async #onOffer(peer, { sdp, polite }) {
    const { pc } = peer;
    peer.polite = polite ?? peer.polite;
    const collides = peer.making || pc.signalingState !== "stable";
    peer.ignoring = collides && !peer.polite;
    if (peer.ignoring) return;
    await pc.setRemoteDescription({ type: "offer", sdp });
    for (const transceiver of pc.getTransceivers()) transceiver.direction = "sendrecv";
    this.#fill(peer);
    await pc.setLocalDescription();
    await this.#addWaiting(peer);
    await this.#call.signal("webrtc_answer", { to: peer.id, sdp: pc.localDescription.sdp });
  }

  async #addWaiting(peer) {
    if (!peer.pc.remoteDescription) return;
    for (const candidate of peer.waiting.splice(0)) {
      try { if (candidate) await peer.pc.addIceCandidate(candidate); } catch (error) { if (!peer.ignoring) throw error; }
    }
  }

  #peer(id, polite, offers) {
    const pc = new RTCPeerConnection({ iceServers: this.#call.iceServers });
    const peer = { id, pc, polite: Boolean(polite), making: false, ignoring: false, waiting: [], stream: new MediaStream(), leaving: [], timer: 0 };
    this.#peers.set(id, peer);
    pc.ontrack = ({ track }) => {
      for (const old of peer.stream.getTracks()) if (old.kind === track.kind) peer.stream.removeTrack(old);
      peer.stream.addTrack(track);
      track.onunmute = track.onmute = () => this.#show();
      this.#show();
    };
    pc.onicecandidate = ({ candidate }) => {
      peer.leaving.push(candidate?.toJSON() ?? null);
      peer.timer ||= setTimeout(() => this.#sendCandidates(peer), BATCH_MS);
    };
    pc.onnegotiationneeded = () => void this.#offer(peer);
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === "failed") pc.restartIce();
      this.#show();
    };
    if (offers) {
      pc.addTransceiver("audio", { direction: "sendrecv" });
      pc.addTransceiver("video", { direction: "sendrecv" });
      this.#fill(peer);
    }
    this.#show();
    return peer;
  }

  async #offer(peer) {
    try {
      peer.making = true;
      await peer.pc.setLocalDescription();
      await this.#call.signal("webrtc_offer", { to: peer.id, sdp: peer.pc.localDescription.sdp });
    } catch { /* the other is gone, or the socket: the next comer asks again */ } finally {
      peer.making = false;
    }
  }

  #sendCandidates(peer) {
    peer.timer = 0;
    const all = peer.leaving.splice(0);
    const candidates = all.filter(Boolean);
    const done = all.includes(null);
    this.#call.signal("webrtc_ice_candidates", { to: peer.id, candidates, ...(done ? { done } : {}) }).catch(() => {});
  }

  /** Something of this connection does not fit together any more: begin it again. */
  #renew(id) {
    if (!this.#peers.has(id)) return;
    this.#drop(id);
    this.#call.signal("request_webrtc_offer", { to: id }).catch(() => {});
  }

  #fill({ pc }) {
    for (const { sender, receiver } of pc.getTransceivers()) {
      const track = receiver.track.kind === "audio" ? this.#media.audioTrack : this.#media.videoTrack;
      if (sender.track !== track) sender.replaceTrack(track).catch(() => {});
    }
  }
  #sendTracks() {
    for (const peer of this.#peers.values()) this.#fill(peer);
  }

  #forgetGone() {
    const here = new Set(this.#call.others.map(({ participant }) => participant));
    for (const id of [...this.#peers.keys()]) if (!here.has(id)) this.#drop(id);
  }

  #drop(id) {
    const peer = this.#peers.get(id);
    if (!peer) return;
    clearTimeout(peer.timer);
    peer.pc.ontrack = peer.pc.onicecandidate = peer.pc.onnegotiationneeded = peer.pc.onconnectionstatechange = null;
    peer.pc.close();
    this.#peers.delete(id);
    this.#show();
  }

  #show() {
    this.remote.set(new Map([...this.#peers].map(([id, { stream, pc }]) => [id, { stream, state: pc.connectionState }])));
  }
}
