// The microphone as a voice note.

/** Longer notes nobody listens to; and a file has its limit. */
const MOST_MS = 5 * 60_000;
const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

/** Whether this page may ask for the microphone at all: only over HTTPS or on the hub's own machine. */
export const canRecord = () => Boolean(globalThis.isSecureContext && navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder);

/** Begins at once; fails where the browser or the person refuses. */
export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
  const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
  const recorder = new MediaRecorder(stream, { ...(type ? { mimeType: type } : {}), audioBitsPerSecond: 32_000 });
  const parts = [];
  recorder.ondataavailable = ({ data }) => data.size && parts.push(data);
  const started = Date.now();
  const ended = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start(500);
  const timer = setTimeout(() => finish(), MOST_MS);
  const finish = async () => {
    clearTimeout(timer);
    const durationMs = Date.now() - started;
    if (recorder.state !== "inactive") recorder.stop();
    await ended;
    for (const track of stream.getTracks()) track.stop();
    const mime = (recorder.mimeType || "audio/webm").split(";")[0];
    return { blob: new Blob(parts, { type: mime }), durationMs, name: `voice.${mime.split("/")[1]}` };
  };
  return { started, finish, cancel: finish };
}
