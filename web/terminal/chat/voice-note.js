// A voice note: its waveform, drawn from the sound itself, and playing it.
import { html, useEffect, useRef, useState } from "../../shared/view.js";
import { duration, t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { fileUrl } from "./files.js";

const BARS = 36;
let playing = null; // one at a time

export function VoiceNote({ file }) {
  const audio = useRef(null);
  const [peaks, setPeaks] = useState(null);
  const [state, setState] = useState({ playing: false, at: 0, length: (file.duration_ms ?? 0) / 1000, failed: false });
  useEffect(() => {
    let over = false;
    const element = new Audio();
    audio.current = element;
    const update = () => setState((old) => ({ ...old, playing: !element.paused, at: element.currentTime, length: Number.isFinite(element.duration) && element.duration ? element.duration : old.length }));
    for (const name of ["play", "pause", "timeupdate", "ended", "durationchange"]) element.addEventListener(name, update);
    fileUrl(file).then(async (url) => {
      if (over) return;
      element.src = url;
      const found = await peaksOf(url);
      if (over) return;
      setPeaks(found.bars);
      setState((old) => ({ ...old, length: old.length || found.seconds }));
    }).catch(() => over || setState((old) => ({ ...old, failed: true })));
    return () => { over = true; element.pause(); };
  }, [file.id]);

  const toggle = () => {
    const element = audio.current;
    if (!element.paused) { element.pause(); return; }
    if (playing && playing !== element) playing.pause();
    playing = element;
    element.play().catch(() => setState((old) => ({ ...old, failed: true })));
  };
  const seek = (event) => { audio.current.currentTime = Number(event.target.value) / 100 * state.length; };
  const part = state.length ? state.at / state.length : 0;
  return html`<div class="voice" dir="ltr" data-playing=${state.playing} data-peaks=${peaks ? peaks.length : 0}>
    <${Button} icon=${state.playing ? "pause" : "play"} kind="primary" label=${t(state.playing ? "voice.pause" : "voice.play")} disabled=${state.failed} onClick=${toggle} />
    <div class="wave">
      <svg viewBox=${`0 0 ${BARS * 4} 32`} preserveAspectRatio="none" aria-hidden="true">${Array.from({ length: BARS }, (_, i) => {
        const height = 3 + (peaks?.[i] ?? 0.1) * 27;
        return html`<rect key=${i} class=${`bar ${i / BARS < part ? "done" : ""}`} x=${i * 4 + 0.5} y=${16 - height / 2} width="2.6" height=${height} rx="1.2" />`;
      })}</svg>
      <input type="range" min="0" max="100" step="1" value=${Math.round(part * 100)} aria-label=${`${t("voice.note")}, ${t("voice.position")}`} onInput=${seek} />
    </div>
    <span class="small number">${duration((state.playing || state.at > 0 ? state.at : state.length) * 1000)}</span>
  </div>`;
}

let context;
/** The loudest moment of each of `BARS` parts, 0 to 1. */
async function peaksOf(url) {
  context ??= new OfflineAudioContext(1, 1, 8000);
  const sound = await context.decodeAudioData(await (await fetch(url)).arrayBuffer());
  const samples = sound.getChannelData(0);
  const size = Math.max(1, Math.floor(samples.length / BARS));
  const bars = Array.from({ length: BARS }, (_, i) => {
    let peak = 0;
    for (let at = i * size; at < (i + 1) * size && at < samples.length; at++) peak = Math.max(peak, Math.abs(samples[at]));
    return peak;
  });
  const loudest = Math.max(...bars, 0.05);
  return { bars: bars.map((bar) => bar / loudest), seconds: sound.duration };
}
