// Two short tones, made here: no file to load. Off until somebody turns it on; remembered on this device.
import { store } from "../../shared/store.js";

const KEPT = "comptoir.sound";
const read = () => { try { return localStorage.getItem(KEPT) === "on"; } catch { return false; } };
export const sound = store(read());
sound.subscribe((on) => {
  try { localStorage.setItem(KEPT, on ? "on" : "off"); } catch { /* private mode */ }
  if (on) ring("soft");
});

let context;
/** kind: "soft", "urgent", "call". A call rings whether or not sounds are on. */
export function ring(kind) {
  if (!sound.get() && kind !== "call") return;
  try {
    context ??= new AudioContext();
    const tones = { soft: [660, 880], urgent: [880, 660, 880], call: [740, 988, 740, 988] }[kind];
    tones.forEach((frequency, i) => {
      const at = context.currentTime + i * 0.16;
      const tone = context.createOscillator(), volume = context.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.15);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.16);
    });
  } catch { /* no sound on this machine */ }
}
