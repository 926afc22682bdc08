// Where one writes: text, files, voice notes, priority, replies, corrections.
import { html, useEffect, useRef, useState } from "../../shared/view.js";
import { duration, t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { Check, Field } from "../../shared/components/field.js";
import { Icon } from "../../shared/components/icon.js";
import { errorText } from "../../shared/components/states.js";
import { toast } from "../../shared/components/toast.js";
import { useMenu } from "../../shared/components/menu.js";
import { hub } from "../../shared/hub.js";
import { explainRefusal } from "../../call/refusal.js";
import { senderName, summary } from "./naming.js";
import { AttachDialog, isPicture } from "./attach.js";
import { canRecord, record } from "./recorder.js";

/** What was begun and not sent, by room, for the life of this page. */
const drafts = new Map();
const PRIORITIES = ["normal", "important", "urgent"];

export function Composer({ timeline, room, reply, onReply, editing, onEdited, onSent, dropped, onDropped }) {
  const [text, setText] = useState(editing?.content ?? drafts.get(room.id) ?? "");
  const [priority, setPriority] = useState("normal");
  const [needsAck, setNeedsAck] = useState(false);
  const [recording, setRecording] = useState(null);
  const [uploading, setUploading] = useState(null);
  const [chosen, setChosen] = useState(null);
  const input = useRef(), picker = useRef();
  const options = useMenu();

  useEffect(() => { if (!matchMedia("(pointer: coarse)").matches || editing) input.current?.focus(); }, [editing?.id]);
  useEffect(() => { if (reply) input.current?.focus(); }, [reply]);
  useEffect(() => { if (!editing) drafts.set(room.id, text); }, [text]);
  useEffect(() => () => { recording?.cancel(); }, [recording]);
  useEffect(() => { if (dropped?.length) { setChosen(dropped); onDropped(); } }, [dropped]);

  const extras = () => ({ ...(priority !== "normal" ? { priority } : {}), ...(needsAck ? { needs_ack: true } : {}), ...(reply ? { reply_to: reply.id } : {}) });
  const reset = () => { setText(""); setPriority("normal"); setNeedsAck(false); onReply(null); };

  function submit(event) {
    event?.preventDefault();
    const content = text.trim();
    if (!content) return;
    if (editing) {
      timeline.edit(editing.id, content).catch(tell);
      onEdited();
      return;
    }
    // Shown at once; a refusal shows at the message itself.
    timeline.send(content, extras()).catch(() => {});
    reset();
    onSent();
  }
  const keys = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
    else if (event.key === "Escape" && editing) onEdited();
    else if (event.key === "Escape" && reply) onReply(null);
  };

  /** What was typed is offered as the caption. */
  async function sendFiles(files, caption) {
    setChosen(null);
    // What is being edited is no caption.
    if (!editing) setText("");
    for (const [i, file] of files.entries()) await sendFile(file, isPicture(file) ? "image" : "file", {}, i === 0 ? caption : "");
  }
  async function sendFile(blob, kind, more = {}, caption = "") {
    const stop = new AbortController();
    setUploading({ name: blob.name ?? more.name, part: 0, stop });
    try {
      const file = await hub().files.upload(blob, { ...more, signal: stop.signal, onProgress: (sent, total) => setUploading((old) => old && { ...old, part: sent / total }) });
      timeline.send(caption, { kind, file, ...extras() }).catch(() => {});
      onReply(null);
      onSent();
    } catch (error) {
      if (error.code !== "aborted") tell(error);
      // What was written with it is not lost.
      if (caption) setText((old) => old || caption);
    } finally {
      setUploading(null);
    }
  }
  async function startRecording() {
    if (!canRecord()) { explainRefusal("microphone"); return; }
    try { setRecording(await record()); } catch (error) { explainRefusal("microphone", error); }
  }
  async function sendRecording() {
    const { blob, durationMs, name } = await recording.finish();
    setRecording(null);
    if (durationMs > 300 && blob.size > 0) await sendFile(blob, "audio", { name, durationMs });
  }

  return html`<form class="composer" method="dialog" onSubmit=${submit}>
    ${(reply || editing) && html`<div class="composer-note"><${Icon} name=${editing ? "edit" : "reply"} small />
      <span class="grow clip" dir="auto">${editing ? t("chat.editing") : html`<strong>${t("chat.reply.to", { name: senderName(reply) })}</strong> ${summary(reply)}`}</span>
      <${Button} icon="close" kind="quiet" label=${t("cancel")} onClick=${() => (editing ? onEdited() : onReply(null))} /></div>`}
    ${(priority !== "normal" || needsAck) && html`<div class="row wrap">${priority !== "normal" && html`<span class=${`chip ${priority === "urgent" ? "danger" : "warn"}`}>${t(`chat.priority.${priority}`)}</span>`}${needsAck && html`<span class="chip info">${t("chat.ack-wanted")}</span>`}</div>`}
    ${uploading && html`<div class="composer-note" role="status"><span class="spinner"></span><span class="grow clip" dir="auto">${t("chat.uploading")} ${uploading.name}</span><span class="number">${Math.round(uploading.part * 100)} %</span>
      <${Button} icon="close" kind="quiet" label=${t("cancel")} onClick=${() => uploading.stop.abort()} /></div>`}
    <div class="composer-line">
      ${recording ? html`<${Recording} recording=${recording} onCancel=${() => { recording.cancel(); setRecording(null); }} onSend=${sendRecording} />` : html`
        ${!editing && html`
          <${Button} icon="clip" kind="quiet" label=${t("chat.attach")} onClick=${() => picker.current.click()} />
          <input ref=${picker} type="file" multiple hidden aria-label=${t("chat.attach")} onChange=${(e) => { if (e.target.files.length) setChosen([...e.target.files]); e.target.value = ""; }} />
          <div ref=${options.box}><${Button} icon="settings" kind="quiet" label=${t("chat.options")} aria-expanded=${options.open} onClick=${options.toggle} />
            ${options.open && html`<div class="menu" ref=${options.list}>
              <${Field} label=${t("chat.priority")} value=${priority} options=${PRIORITIES.map((one) => [one, t(`chat.priority.${one}`)])} onValue=${setPriority} />
              <${Check} label=${t("chat.needs-ack")} checked=${needsAck} onValue=${setNeedsAck} /></div>`}</div>`}
        <textarea ref=${input} class="input" rows="1" dir="auto" placeholder=${t("chat.write")} aria-label=${t("chat.write")} value=${text} maxlength="20000"
          onInput=${(e) => { setText(e.target.value); if (!editing) timeline.typing.key(); }} onKeyDown=${keys}
          onPaste=${(e) => { const files = [...(e.clipboardData?.files ?? [])]; if (files.length) { e.preventDefault(); setChosen(files); } }}></textarea>
        ${text.trim() || editing ? html`<${Button} icon=${editing ? "check" : "send"} kind="primary" type="submit" label=${t(editing ? "save" : "chat.send")} />`
          : html`<${Button} icon="mic" kind="quiet" label=${t("voice.record")} onClick=${startRecording} />`}`}
    </div>
  </form>${chosen && html`<${AttachDialog} key=${chosen} room=${room} files=${chosen} caption=${editing ? "" : text} onSend=${sendFiles} onClose=${() => setChosen(null)} />`}`;
}

const tell = (error) => toast({ text: errorText(error), kind: "danger" });

function Recording({ recording, onCancel, onSend }) {
  const [, tick] = useState(0);
  useEffect(() => { const timer = setInterval(() => tick((n) => n + 1), 250); return () => clearInterval(timer); }, []);
  return html`<${Button} icon="trash" kind="quiet" label=${t("cancel")} onClick=${onCancel} />
    <div class="recording" role="status"><span class="pulse"></span><span class="grow">${t("voice.recording")}</span><span class="number" aria-hidden="true">${duration(Date.now() - recording.started)}</span></div>
    <${Button} icon="send" kind="primary" label=${t("voice.send")} onClick=${onSend} />`;
}
