// The writes that wait for the hub: what each is, since when, and taking one back.
import { html, useState } from "../shared/view.js";
import { useEvents, useStore } from "../shared/store.js";
import { ago, t, titleOf } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Confirm, Dialog } from "../shared/components/dialog.js";
import { Icon } from "../shared/components/icon.js";
import { Empty, errorText } from "../shared/components/states.js";
import { hub, isWork, link } from "../shared/hub.js";
import { schema } from "./account.js";
import { roomName } from "./chat/naming.js";

export function QueueDialog({ onClose }) {
  useEvents(hub(), ["status"], () => 0);
  const { status } = useStore(link);
  const known = useStore(schema);
  const [asking, setAsking] = useState(null);
  const entries = (hub().outbox?.entries ?? []).filter(isWork);
  const blocked = hub().outbox?.blockedBy;
  const discard = (entry) => hub().outbox.discard(entry.id);
  return html`<${Dialog} title=${t("queue.title")} onClose=${onClose}>
    <p class="muted">${t(status === "online" ? "queue.online" : "queue.why")}</p>
    ${blocked && html`<p class="notice warn">${errorText(blocked)}</p>`}
    ${entries.length === 0 ? html`<${Empty} icon="check" title=${t("queue.none")} />`
      : html`<ol class="plain-list scroll queue" tabindex="-1">${entries.map((entry) => {
          const { icon, title, text } = described(entry.frame, known);
          return html`<li key=${entry.id} class="row"><${Icon} name=${icon} />
            <div class="grow"><strong class="clip" dir="auto">${title}</strong>${text && html`<div class="clip small" dir="auto" title=${text}>${text}</div>`}
              <div class="muted small">${ago(entry.at)} · ${t(entry.sentAt ? "queue.sent" : "queue.waits")}</div></div>
            <${Button} icon="trash" label=${`${t("queue.discard")}: ${title}`} kind="quiet" onClick=${() => setAsking(entry)} /></li>`;
        })}</ol>`}
  <//>${asking && html`<${Confirm} title=${t("queue.discard")} text=${t(asking.sentAt ? "queue.discard.sent" : "queue.discard.sure", { name: described(asking.frame, known).title })} action=${t("queue.discard")}
      onClose=${() => setAsking(null)} onYes=${() => { discard(asking); setAsking(null); }} />`}`;
}

/** A waiting request in words. */
export function described(frame, schema) {
  const room = () => { const found = hub().rooms.get(frame.room); return found ? roomName(found) : "?"; };
  const values = (all) => Object.values(all ?? {}).filter((value) => value !== null && typeof value !== "object").join(" · ");
  switch (frame.type) {
    case "rpc": return { icon: "run", title: titleOf(schema?.functions.find(({ name }) => name === frame.function) ?? { name: frame.function }), text: values(frame.args) };
    case "query": return { icon: "code", title: t("data.sql"), text: frame.query };
    case "batch": return { icon: "code", title: t("data.sql"), text: frame.statements.map(({ query }) => query).join("; ") };
    case "send_message": return { icon: "chat", title: t("queue.message", { name: room() }), text: frame.content || t(frame.kind === "audio" ? "voice.note" : "chat.attach") };
    case "edit_message": return { icon: "edit", title: t("queue.edit", { name: room() }), text: frame.content };
    case "delete_message": return { icon: "trash", title: t("queue.delete", { name: room() }) };
    case "react": return { icon: "chat", title: t("queue.react", { name: room() }), text: frame.emoji };
    case "acknowledge": return { icon: "check", title: t("queue.ack", { name: room() }) };
    case "http": return { icon: "table", title: tableTitle(frame.path, schema), text: values(frame.body) };
    default: return { icon: "refresh", title: frame.type };
  }
}

function tableTitle(path, schema) {
  const name = decodeURIComponent(path.split("/")[3] ?? "");
  return titleOf(schema?.tables.find((one) => one.name === name) ?? { name });
}
