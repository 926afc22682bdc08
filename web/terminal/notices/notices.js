// The notification centre: a bell with what is unread, the list behind it, a toast for each that comes.
import { html, useEffect, useRef, useState } from "../../shared/view.js";
import { useEvents } from "../../shared/store.js";
import { shortWhen, t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { Icon } from "../../shared/components/icon.js";
import { Empty, Failed, Loading, errorText } from "../../shared/components/states.js";
import { say, toast } from "../../shared/components/toast.js";
import { hub } from "../../shared/hub.js";
import { ring } from "./sound.js";

export function NoticeBell() {
  const unread = useEvents(hub().notifications, ["change"], (one) => one.unread) ?? 0;
  const [open, setOpen] = useState(false);
  const button = useRef();
  const close = () => { setOpen(false); button.current?.querySelector("button")?.focus(); };
  return html`<div class="bell" ref=${button}>
    <${Button} icon="bell" kind="quiet" label=${t("notices.bell", { n: unread })} aria-expanded=${open} onClick=${() => setOpen(!open)} />
    ${unread > 0 && html`<span class="badge danger" aria-hidden="true" data-notices=${unread}>${unread > 99 ? "99+" : unread}</span>`}
    ${open && html`<${NoticePanel} onClose=${close} />`}
  </div>`;
}

function NoticePanel({ onClose }) {
  const list = useEvents(hub().notifications, ["change"], (one) => one.list) ?? [];
  const [state, setState] = useState({ loading: true, error: null });
  const panel = useRef();
  const load = () => { setState({ loading: true, error: null }); hub().notifications.load().then(() => setState({ loading: false }), (error) => setState({ loading: false, error })); };
  useEffect(() => { load(); panel.current.focus(); }, []);
  const read = (ids) => hub().notifications.markRead(ids).catch((error) => toast({ text: errorText(error), kind: "danger" }));
  return html`<section class="notices" ref=${panel} tabindex="-1" aria-label=${t("notices.title")} onKeyDown=${(e) => e.key === "Escape" && onClose()}>
    <header class="pane-head"><h2 class="grow">${t("notices.title")}</h2>
      <${Button} icon="check-all" kind="quiet" label=${t("notices.all-read")} disabled=${!list.some((one) => !one.read)} onClick=${() => read("all")} />
      <${Button} icon="close" kind="quiet" label=${t("close")} onClick=${onClose} /></header>
    <div class="scroll grow" tabindex="-1">
      ${state.error && list.length === 0 ? html`<${Failed} error=${state.error} onRetry=${load} />` : state.loading && list.length === 0 ? html`<${Loading} lines=${4} block="3.5rem" />`
        : list.length === 0 ? html`<${Empty} icon="bell" title=${t("notices.none")} text=${t("notices.none.why")} />`
        : list.map((one) => html`<button key=${one.id} type="button" class=${`notice-item ${one.read ? "" : "unread"}`} onClick=${() => one.read || read([one.id])}>
            <${Icon} name="bell" /><span class="grow"><span class="row"><strong class="grow" dir="auto">${one.title}</strong>${one.count > 1 && html`<span class="badge quiet">${t("notices.count", { n: one.count })}</span>`}</span>
            <span dir="auto" style=${{ display: "block" }}>${one.body}</span><span class="muted small">${shortWhen(one.created_at)}${one.read ? "" : ` · ${t("notices.unread")}`}</span></span></button>`)}
    </div></section>`;
}

/** Starts; the answer ends it. */
export function followNotices() {
  return hub().notifications.on("notification", (one) => {
    if (one.read || Date.now() - new Date(one.created_at) > 120_000) return;
    say(`${one.title}. ${one.body ?? ""}`);
    ring("soft");
    toast({ title: one.title, text: one.body });
  });
}
