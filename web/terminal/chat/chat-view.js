// Three panes: conversations, timeline, details.
import { html, useEffect, useState } from "../../shared/view.js";
import { useEvents } from "../../shared/store.js";
import { t } from "../../shared/i18n.js";
import { lazy } from "../../shared/lazy.js";
import { Empty, Loading } from "../../shared/components/states.js";
import { hub } from "../../shared/hub.js";
import { RoomList } from "./room-list.js";

// The list of conversations is the first view; what stands beside it comes a moment later.
export const TimelinePane = lazy(() => import("./timeline-pane.js"), "TimelinePane", html`<section class="pane timeline"><div class="pane-head"></div><div class="messages"><${Loading} lines=${6} block="3rem" /></div></section>`);
export const RoomDetails = lazy(() => import("./details.js"), "RoomDetails", html`<aside class="side-detail pane"></aside>`);

const KEPT = "comptoir.details";
const kept = () => { try { return localStorage.getItem(KEPT) !== "closed"; } catch { return true; } };
const wide = () => matchMedia("(min-width: 70rem)").matches;

/** `around`: the seq of a message to show, from a search. */
export function ChatView({ room: id, around }) {
  const room = useEvents(hub().rooms, ["change"], (rooms) => (id ? rooms.get(id) : null));
  const [details, setDetails] = useState(wide() && kept());
  useEffect(() => { if (!wide()) setDetails(false); }, [id]);
  const toggle = () => {
    setDetails(!details);
    if (wide()) try { localStorage.setItem(KEPT, details ? "closed" : "open"); } catch { /* private mode */ }
  };
  const shown = Boolean(room && details);
  return html`<div class=${`chat ${id ? "has-room" : ""} ${shown ? "has-detail" : ""}`}>
    <${RoomList} chosen=${id} />
    ${room ? html`<${TimelinePane} key=${room.id} room=${room} around=${around} details=${details} onDetails=${toggle} />`
      : html`<section class="pane timeline" aria-label=${t("nav.chat")}><${Empty} icon="chat" title=${t("chat.choose")} /></section>`}
    ${shown && html`<${RoomDetails} key=${`details${room.id}`} room=${room} onClose=${toggle} />`}
  </div>`;
}
