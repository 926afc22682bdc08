// The conversations, the liveliest first; what one types finds conversations, people and messages.
import { html, useEffect, useState } from "../../shared/view.js";
import { useEvents, useStore } from "../../shared/store.js";
import { shortWhen, t } from "../../shared/i18n.js";
import { Avatar } from "../../shared/components/avatar.js";
import { Button } from "../../shared/components/button.js";
import { Icon } from "../../shared/components/icon.js";
import { Empty, Loading, errorText } from "../../shared/components/states.js";
import { lazy } from "../../shared/lazy.js";
import { toast } from "../../shared/components/toast.js";
import { hub, link } from "../../shared/hub.js";
import { go } from "../route.js";
import { me, roleTitle } from "../account.js";
import { isMine, otherOf, roomName, senderName, summary } from "./naming.js";

export const NewConversation = lazy(() => import("./new-conversation.js"), "NewConversation");

export function RoomList({ chosen }) {
  const rooms = useEvents(hub().rooms, ["change"], (all) => all.list) ?? [];
  useEvents(hub().presence, ["change"], () => 0);
  const { status } = useStore(link);
  const who = useStore(me);
  const [text, setText] = useState("");
  const [dialog, setDialog] = useState(false);
  const wanted = text.trim().toLowerCase();
  const found = wanted ? rooms.filter((room) => roomName(room).toLowerCase().includes(wanted)) : rooms;
  const known = new Set(rooms.filter(({ kind }) => kind === "direct").map((room) => otherOf(room)?.user_id));
  const people = wanted ? (who?.contacts ?? []).filter((one) => !known.has(one.id) && one.id !== hub().user?.id && `${one.display_name} ${one.username}`.toLowerCase().includes(wanted)) : [];
  const hits = useMessageSearch(wanted);

  return html`<nav class="side pane" aria-label=${t("chat.rooms")}>
    <div class="side-top"><div class="search-box"><${Icon} name="search" small /><input type="search" class="input search" placeholder=${t("search")} aria-label=${t("chat.find")} value=${text} onInput=${(e) => setText(e.target.value)} /></div>
      <${Button} icon="plus" kind="primary" label=${t("chat.new")} onClick=${() => setDialog(true)} /></div>
    <div class="scroll grow" tabindex="-1">
      <ul class="side-list">${found.map((room) => html`<li key=${room.id}><${RoomItem} room=${room} chosen=${room.id === chosen} /></li>`)}</ul>
      ${people.length > 0 && html`<h2 class="side-heading">${t("chat.people")}</h2><ul class="side-list">${people.map((one) => html`<li key=${one.id}><${PersonItem} person=${one} onOpened=${() => setText("")} /></li>`)}</ul>`}
      ${wanted.length > 1 && html`<h2 class="side-heading">${t("nav.chat")}</h2><${Hits} hits=${hits} />`}
      ${rooms.length === 0 && !wanted && (status === "online"
        ? html`<${Empty} icon="chat" title=${t("chat.none")} text=${t("chat.none.why")} />` : html`<${Loading} lines=${5} block="3rem" />`)}
    </div>
    ${dialog && html`<${NewConversation} onClose=${() => setDialog(false)} />`}
  </nav>`;
}

function RoomItem({ room, chosen }) {
  const other = otherOf(room), last = room.last_message, unread = room.unread ?? 0;
  const line = last && !last.deleted && room.kind !== "direct" ? t("chat.said", { name: senderName(last), text: summary(last) })
    : last ? (isMine(last) ? t("chat.said", { name: t("chat.you"), text: summary(last) }) : summary(last)) : "";
  return html`<a class=${`room-item ${unread ? "unread" : ""}`} href=${`#/chat/${room.id}`} aria-current=${chosen ? "page" : undefined}>
    <${Avatar} name=${roomName(room)} seed=${other?.username ?? room.id} square=${!other} status=${other && hub().presence.status(other.user_id)}>
      ${!other && html`<${Icon} name="users" />`}<//>
    <span class="grow">
      <span class="line"><strong class="clip grow" dir="auto">${roomName(room)}</strong>${last && html`<span class="muted small">${shortWhen(last.created_at)}</span>`}</span>
      <span class="line"><span class="muted small clip grow" dir="auto">${line}</span>
        ${unread > 0 && html`<span class=${`badge ${room.mentions ? "danger" : ""}`}><span aria-hidden="true">${room.mentions ? "@ " : ""}${unread > 99 ? "99+" : unread}</span><span class="sr-only">${t("chat.unread", { n: unread })}</span></span>`}</span>
    </span></a>`;
}

export function PersonItem({ person, onOpened }) {
  const open = async () => {
    try {
      const room = await hub().rooms.openDirect(person.id ?? person.user_id);
      onOpened?.();
      go("chat", room.id);
    } catch (error) { toast({ text: errorText(error), kind: "danger" }); }
  };
  const status = hub().presence.status(person.id ?? person.user_id);
  return html`<button type="button" class="room-item" onClick=${open}>
    <${Avatar} name=${person.display_name} seed=${person.username} status=${status} />
    <span class="grow"><strong class="clip" dir="auto">${person.display_name}</strong><br /><span class="muted small" dir="auto">${roleTitle(person.role)} · ${t(`me.${status}`)}</span></span></button>`;
}

/** Messages that hold what is typed, a moment after the last key. */
function useMessageSearch(text) {
  const [hits, setHits] = useState(null);
  useEffect(() => {
    setHits(null);
    if (text.length < 2) return;
    let over = false;
    const timer = setTimeout(() => {
      hub().rooms.search(text, { limit: 30 }).then((found) => over || setHits(found), () => over || setHits([]));
    }, 250);
    return () => { over = true; clearTimeout(timer); };
  }, [text]);
  return hits;
}

function Hits({ hits }) {
  if (!hits) return html`<${Loading} lines=${2} />`;
  if (hits.length === 0) return html`<p class="muted small side-note">${t("chat.search.none")}</p>`;
  return html`<ul class="side-list">${hits.map((message) => {
    const room = hub().rooms.get(message.room);
    return html`<li key=${message.id}><a class="room-item" href=${`#/chat/${message.room}/${message.seq}`}><span class="grow">
      <span class="line"><strong class="clip grow small" dir="auto">${senderName(message)}${room ? ` · ${roomName(room)}` : ""}</strong><span class="muted small">${shortWhen(message.created_at)}</span></span>
      <span class="small clip" dir="auto" style=${{ display: "block" }}><${Marked} text=${message.content} words=${message.highlights} /></span></span></a></li>`;
  })}</ul>`;
}

/** A text with some of its words marked. */
export function Marked({ text, words }) {
  const parts = words?.length ? text.split(new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "iu")) : [text];
  return parts.map((part, i) => (i % 2 ? html`<mark key=${i}>${part}</mark>` : part));
}
