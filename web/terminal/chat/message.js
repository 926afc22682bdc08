// One message: what it says, where it stands, what one can do with it.
import { html, useState } from "../../shared/view.js";
import { useEvents } from "../../shared/store.js";
import { bytes, dateTime, t, time } from "../../shared/i18n.js";
import { Avatar } from "../../shared/components/avatar.js";
import { Button } from "../../shared/components/button.js";
import { Confirm } from "../../shared/components/dialog.js";
import { Icon } from "../../shared/components/icon.js";
import { errorText } from "../../shared/components/states.js";
import { toast } from "../../shared/components/toast.js";
import { useMenu } from "../../shared/components/menu.js";
import { hub } from "../../shared/hub.js";
import { callTrace, isMine, senderName, summary } from "./naming.js";
import { Picture } from "./picture.js";
import { saveFile } from "./files.js";
import { VoiceNote } from "./voice-note.js";

const EMOJI = ["👍", "❤️", "✅", "😂", "🙏", "👀"];
const failed = (error) => toast({ text: errorText(error), kind: "danger" });

export function MessageRow({ message, first, group, quoted, aimed, act }) {
  const own = isMine(message);
  const { deleted, priority, needs_ack: needsAck, reactions, acks } = message;
  const acked = acks?.names?.includes(hub().user?.username);
  return html`<article class=${`message ${own ? "own" : ""} ${first ? "first" : ""} ${aimed ? "aimed" : ""}`} data-message=${message.id ?? undefined}>
    ${!own && html`<div class="gutter">${first && html`<${Avatar} size="small" name=${message.sender?.display_name} seed=${message.sender?.username} />`}</div>`}
    <div class="column">
      ${first && !own && group && html`<span class="who" dir="auto">${senderName(message)}</span>`}
      <span class="sr-only" dir="auto">${senderName(message)}</span>
      <div class=${`bubble ${deleted ? "deleted" : priority}`}>
        ${!deleted && priority !== "normal" && html`<div><span class=${`chip ${priority === "urgent" ? "danger" : "warn"}`}><${Icon} name="alert" small />${t(`chat.priority.${priority}`)}</span></div>`}
        ${message.reply_to && !deleted && html`<button type="button" class="quote" disabled=${!quoted} onClick=${() => act.onShow(quoted)}>${quoted ? html`<strong dir="auto">${senderName(quoted)}</strong><span dir="auto">${summary(quoted).slice(0, 160)}</span>` : "…"}</button>`}
        ${message.context && !deleted && !callTrace(message) && html`<div><span class="chip accent" dir="auto"><${Icon} name="link" small />${message.context.label ?? `${message.context.type} ${message.context.id}`}</span></div>`}
        ${deleted ? t("chat.deleted") : html`<${Content} message=${message} />`}
        <span class="foot"><${Foot} message=${message} own=${own} timeline=${act.timeline} room=${act.room} /></span>
      </div>
      ${needsAck && !deleted && html`<div class="row wrap">
        ${!own && !acked && message.id && html`<${Button} icon="check" kind="primary" onClick=${() => act.timeline.acknowledge(message.id).catch(failed)}>${t("chat.ack")}<//>`}
        ${acks?.count > 0 ? html`<span class="small muted" dir="auto">${t("chat.acked", { names: acks.names.join(", ") })}</span>` : own && html`<span class="small muted">${t("chat.ack-wanted")}</span>`}</div>`}
      ${reactions?.length > 0 && html`<div class="reactions">${reactions.map(({ emoji, count, names }) => {
        const mine = names.includes(hub().user?.username);
        return html`<button key=${emoji} type="button" class="reaction" aria-pressed=${mine} title=${names.join(", ")} onClick=${() => act.timeline.react(message.id, emoji, !mine).catch(failed)}>${emoji} <span class="number">${count}</span></button>`;
      })}</div>`}
      ${message.failed && html`<div class="row wrap small" role="alert"><span class="chip danger">${t("chat.failed")}</span><span>${errorText(message.failed)}</span>
        <${Button} onClick=${() => act.timeline.retry(message.client_id)}>${t("retry")}<//><${Button} kind="quiet" icon="trash" label=${t("chat.delete")} onClick=${() => act.timeline.dismiss(message.client_id)} /></div>`}
    </div>
    ${message.id && !deleted && html`<${Actions} message=${message} own=${own} act=${act} />`}
  </article>`;
}

function Content({ message }) {
  const { kind, file, content } = message;
  const call = callTrace(message);
  if (call) return html`<span class=${`chip ${call.missed ? "danger" : ""}`} dir="auto" data-call=${call.missed ? "missed" : "held"}><${Icon} name="phone" small />${call.text}</span>`;
  const text = content ? html`<${Text} text=${content} words=${message.highlights} />` : null;
  if (kind === "audio" && file) return html`<${VoiceNote} file=${file} />${text}`;
  if (kind === "image" && file) return html`<${Picture} file=${file} />${text}`;
  if (file) return html`<button type="button" class="attachment" onClick=${() => saveFile(file).catch(failed)} aria-label=${t("chat.download", { name: file.name })}>
    <${Icon} name="file" /><span class="grow"><span dir="auto">${file.name}</span><br /><span class="small">${bytes(file.size)}</span></span><${Icon} name="download" small /></button>${text}`;
  return text;
}

/** Text with @mentions marked. Nothing becomes a link by itself: text of people stays text. */
function Text({ text }) {
  return html`<span class="text" dir="auto">${text.split(/(@[\p{L}\p{N}._-]+)/u).map((part, i) => (i % 2 ? html`<span key=${i} class="mention">${part}</span>` : part))}</span>`;
}

function Foot({ message, own, timeline, room }) {
  const receipts = useEvents(own ? timeline.receipts : null, ["change"], (one) => one);
  const at = html`<time datetime=${message.created_at} title=${dateTime(message.created_at)}>${message.edited_at ? `${t("chat.edited")} ` : ""}${time(message.created_at)}</time>`;
  if (!own) return at;
  if (message.failed) return html`${at}<${Icon} name="alert" small />`;
  if (message.pending) return html`${at}<${State} icon="refresh" text=${t("chat.queued")} />`;
  const others = (one) => one.filter((id) => id !== hub().user?.id).length;
  const readers = receipts ? others(receipts.readBy(message.seq)) : 0;
  if (readers > 0) return html`${at}<${State} icon="check-all" strong text=${room.kind === "direct" ? t("chat.read") : t("chat.read-by", { n: readers })} />`;
  if (receipts && others(receipts.deliveredTo(message.seq)) > 0) return html`${at}<${State} icon="check-all" text=${t("chat.delivered")} />`;
  return html`${at}<${State} icon="check" text=${t("chat.sent")} />`;
}
const State = ({ icon, text, strong }) => html`<span title=${text} data-receipt=${icon} class=${strong ? "read" : ""}><${Icon} name=${icon} small /><span class="sr-only">${text}</span></span>`;

function Actions({ message, own, act }) {
  const menu = useMenu();
  const [below, setBelow] = useState(false);
  const [asking, setAsking] = useState(false);
  const choose = (run) => () => { menu.close(); run(); };
  const toggle = (event) => { setBelow(event.currentTarget.getBoundingClientRect().top < 320); menu.toggle(); };
  return html`<div class="actions" ref=${menu.box}>
    <${Button} icon="more" kind="quiet" label=${t("more")} aria-haspopup="true" aria-expanded=${menu.open} onClick=${toggle} />
    ${menu.open && html`<div class=${`menu ${below ? "below" : ""}`} ref=${menu.list}>
      <div class="emoji-row" role="group" aria-label=${t("chat.react")}>${EMOJI.map((emoji) => html`<button key=${emoji} type="button" aria-label=${`${t("chat.react")} ${emoji}`} onClick=${choose(() => act.timeline.react(message.id, emoji, true).catch(failed))}>${emoji}</button>`)}</div>
      <button type="button" onClick=${choose(() => act.onReply(message))}><${Icon} name="reply" />${t("chat.reply")}</button>
      ${own && message.kind === "text" && !callTrace(message) && html`<button type="button" onClick=${choose(() => act.onEdit(message))}><${Icon} name="edit" />${t("chat.edit")}</button>`}
      ${own && html`<button type="button" onClick=${choose(() => setAsking(true))}><${Icon} name="trash" />${t("chat.delete")}</button>`}
    </div>`}
    ${asking && html`<${Confirm} title=${t("chat.delete")} text=${t("chat.delete.sure")} action=${t("chat.delete")} onClose=${() => setAsking(false)}
      onYes=${() => { setAsking(false); act.timeline.delete(message.id).catch(failed); }} />`}
  </div>`;
}
