// One's own microphone, camera and screen. What the browser refuses is left out: one can still listen and watch.
import { store } from "../shared/store.js";
import { explainRefusal } from "./refusal.js";

const KEPT = "comptoir.devices";
const chosen = () => { try { return JSON.parse(localStorage.getItem(KEPT) ?? "{}"); } catch { return {}; } };
const exact = (id) => (id ? { deviceId: { ideal: id } } : {});

export class Media {
  /** { audio, video, screen }: whether each is on. `ready` once the browser was asked. */
  state = store({ ready: false, audio: false, video: false, screen: false });
  /** The picture that is sent: of the camera, or of the screen. @type {store<MediaStreamTrack | null>} */
  #audio = null;
  #camera = null;
  #screen = null;
  #listeners = new Set();
  #stopped = false;

  get audioTrack() { return this.#audio; }
  get videoTrack() { return this.#screen ?? (this.state.get().video ? this.#camera : null); }

  /** Called when a track that is sent is another one. */
  onTracks(listener) { this.#listeners.add(listener); return () => this.#listeners.delete(listener); }
  #changed() { for (const listener of this.#listeners) listener(); }

  /** Asks the browser. A refused camera leaves the microphone. */
  async start({ video }) {
    const devices = chosen();
    const audio = { echoCancellation: true, noiseSuppression: true, ...exact(devices.audioinput) };
    const picture = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { max: 30 }, ...exact(devices.videoinput) };
    try {
      const stream = await this.#ask({ audio, video: video ? picture : false });
      this.#take(stream);
    } catch (error) {
      try {
        if (!video || !navigator.mediaDevices) throw error;
        this.#take(await this.#ask({ audio, video: false }));
        explainRefusal("camera", error);
      } catch {
        if (!this.#stopped) explainRefusal("microphone", error);
      }
    }
    if (this.#stopped) return;
    this.state.set({ ready: true, audio: Boolean(this.#audio), video: Boolean(this.#camera), screen: false });
    this.#changed();
  }

  #take(stream) {
    [this.#audio = null] = stream.getAudioTracks();
    [this.#camera = null] = stream.getVideoTracks();
  }

  async toggleAudio() {
    if (!this.#audio) {
      try { [this.#audio] = (await this.#ask({ audio: { echoCancellation: true, ...exact(chosen().audioinput) } })).getAudioTracks(); } catch (error) { return this.#stopped || explainRefusal("microphone", error); }
      this.state.set((old) => ({ ...old, audio: true }));
    } else {
      this.#audio.enabled = !this.#audio.enabled;
      this.state.set((old) => ({ ...old, audio: this.#audio.enabled }));
    }
    this.#changed();
  }

  /** Off is off: the camera's light goes out. */
  async toggleVideo() {
    if (this.#camera) {
      this.#camera.stop();
      this.#camera = null;
      this.state.set((old) => ({ ...old, video: false }));
    } else {
      try { [this.#camera] = (await this.#ask({ video: { width: { ideal: 1280 }, ...exact(chosen().videoinput) } })).getVideoTracks(); } catch (error) { return this.#stopped || explainRefusal("camera", error); }
      this.state.set((old) => ({ ...old, video: true }));
    }
    this.#changed();
  }

  async toggleScreen() {
    if (this.#screen) return this.#stopScreen();
    try {
      if (!navigator.mediaDevices?.getDisplayMedia) throw new Error("none");
      [this.#screen] = (await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } } })).getVideoTracks();
    } catch (error) { return explainRefusal("screen", error); }
    if (this.#stopped) return this.stop();
    this.#screen.contentHint = "detail";
    this.#screen.addEventListener("ended", () => this.#stopScreen());
    this.state.set((old) => ({ ...old, screen: true }));
    this.#changed();
  }
  #stopScreen() {
    this.#screen?.stop();
    this.#screen = null;
    this.state.set((old) => ({ ...old, screen: false }));
    this.#changed();
  }

  /** kind: "audioinput" or "videoinput". */
  async choose(kind, deviceId) {
    try { localStorage.setItem(KEPT, JSON.stringify({ ...chosen(), [kind]: deviceId })); } catch { /* private mode */ }
    if (kind === "audioinput") {
      this.#audio?.stop();
      this.#audio = null;
      await this.toggleAudio();
    } else if (kind === "videoinput" && this.state.get().video) {
      await this.toggleVideo();
      await this.toggleVideo();
    }
  }

  /** Asks; what is given after the end is given back. */
  async #ask(constraints) {
    const stream = await ask(constraints);
    if (!this.#stopped) return stream;
    for (const track of stream.getTracks()) track.stop();
    throw new DOMException("the call is over", "AbortError");
  }

  stop() {
    this.#stopped = true;
    for (const track of [this.#audio, this.#camera, this.#screen]) track?.stop();
    this.#audio = this.#camera = this.#screen = null;
    this.#listeners.clear();
  }
}

async function ask(constraints) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no media devices", "NotAllowedError");
  return navigator.mediaDevices.getUserMedia(constraints);
}

/** Devices by kind: { audioinput: [{ id, label }], … } */
export async function devices() {
  const found = { audioinput: [], videoinput: [], audiooutput: [] };
  for (const { kind, deviceId, label } of (await navigator.mediaDevices?.enumerateDevices?.()) ?? []) found[kind]?.push({ id: deviceId, label: label || kind });
  return found;
}
export const chosenDevice = (kind) => chosen()[kind] ?? "";
