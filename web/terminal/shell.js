// The frame around the views: where one can go, the state of the connection, notices, oneself.
import { html, useEffect, useState } from "../shared/view.js";
import { useEvents, useStore } from "../shared/store.js";
import { t } from "../shared/i18n.js";
import "./words.js";
import { Icon, Mark } from "../shared/components/icon.js";
import { later, lazy } from "../shared/lazy.js";
import { Loading, errorText } from "../shared/components/states.js";
import { Ribbon } from "../shared/ribbon.js";
import { toast } from "../shared/components/toast.js";
import { ThemeButton } from "../shared/components/look.js";
import { hub, link as connection } from "../shared/hub.js";
import { ChatView, RoomDetails, TimelinePane } from "./chat/chat-view.js";
import { NewConversation } from "./chat/room-list.js";
import { announceMessages } from "./chat/announce.js";
import { NoticeBell, followNotices } from "./notices/notices.js";
import { AccountMenu } from "./account-menu.js";
import { QueueDialog, described } from "./queue.js";
import { keepStatus } from "./status.js";
import { schema } from "./account.js";
import { route } from "./route.js";

const DataView = lazy(() => import("./data/data-view.js"), "DataView", html`<${Loading} />`);
const CallLayer = lazy(() => import("./calls/call-layer.js"), "CallLayer");

export function Shell({ user }) {
  const at = useStore(route);
  const view = at[0] ?? "chat";
  const unread = useEvents(hub().rooms, ["change"], (rooms) => rooms.unread) ?? 0;
  const online = useStore(connection, ({ status }) => status === "online");
  const [queue, setQueue] = useState(false);
  useEffect(() => {
    keepStatus();
    later(() => [TimelinePane, RoomDetails, NewConversation, DataView].forEach(({ ahead }) => ahead()));
    const stops = [announceMessages(), followNotices(), showAnnouncements(), showLateRefusals()];
    return () => stops.forEach((stop) => stop());
  }, []);
  useEffect(() => { document.title = unread ? `(${unread}) Comptoir` : "Comptoir"; }, [unread]);

  const link = (name, icon, badge) => html`<a class="tab" href=${`#/${name}`} aria-current=${view === name ? "page" : undefined}>
    <${Icon} name=${icon} /><span class="tab-text">${t(`nav.${name}`)}</span>
    ${badge > 0 && html`<span class="badge danger"><span aria-hidden="true">${badge > 99 ? "99+" : badge}</span><span class="sr-only">${t("chat.unread", { n: badge })}</span></span>`}</a>`;
  return html`<div class=${`shell ${online ? "" : "unlinked"}`}>
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>${t("skip")}</a>
    <header class="top">
      <a class="brand" href="#/chat" aria-label="Comptoir"><${Mark} /><span class="brand-text">Comptoir</span></a>
      <nav class="tabs" aria-label=${t("nav.main")}>${link("chat", "chat", unread)}${link("data", "table", 0)}</nav>
      <span class="grow"></span>
      <${Ribbon} onQueue=${() => setQueue(true)} />
      <${NoticeBell} />
      <${ThemeButton} />
      <${AccountMenu} user=${user} />
    </header>
    <main id="main" class="view" tabindex="-1">
      ${view === "data" ? html`<${DataView} what=${at.slice(1)} />` : html`<${ChatView} room=${Number(at[1]) || null} around=${Number(at[2]) || null} />`}
    </main>
    <${CallLayer} />
    ${queue && html`<${QueueDialog} onClose=${() => setQueue(false)} />`}
  </div>`;
}

/** Messages of an administrator to everybody. */
function showAnnouncements() {
  return hub().on("system_message", ({ level, text }) => toast({ text, kind: level === "error" ? "danger" : level === "warning" ? "warn" : "", ms: 0 }));
}

/** A write of an earlier life of this page that the hub now refused: nobody else would say so. */
function showLateRefusals() {
  const born = performance.timeOrigin;
  return hub().on("settled", ({ entry, error }) => {
    if (!error || error.code === "discarded" || entry.at > born || entry.frame.type === "send_message") return;
    toast({ title: entry.frame.function ? described(entry.frame, schema.get()).title : t("link.refused"), text: errorText(error), kind: "danger", ms: 0 });
  });
}
