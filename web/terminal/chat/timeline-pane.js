// One room: its messages and the place to write.
import { html, useCallback, useEffect, useMemo, useRef, useState } from "../../shared/view.js";
import { useEvents } from "../../shared/store.js";
import { day, lang, t } from "../../shared/i18n.js";
import { Avatar } from "../../shared/components/avatar.js";
import { Button } from "../../shared/components/button.js";
import { Icon } from "../../shared/components/icon.js";
import { Empty, Failed, Loading, errorText } from "../../shared/components/states.js";
import { settle, toast } from "../../shared/components/toast.js";
import { VariableList } from "../../shared/components/variable-list.js";
import { hub } from "../../shared/hub.js";
import { CallButtons } from "../calls/call-buttons.js";
import { Composer } from "./composer.js";
import { MessageRow } from "./message.js";
import { isMine, otherOf, roomName } from "./naming.js";
import { keyOfMessage, timelineRows } from "./rows.js";

export function TimelinePane({ room, around, details, onDetails }) {
  const timeline = hub().rooms.timeline(room.id);
  const messages = useEvents(timeline, ["change"], () => timeline.messages) ?? [];
  const [error, setError] = useState(null);
  const [reply, setReply] = useState(null);
  const [editing, setEditing] = useState(null);
  const [atEnd, setAtEnd] = useState(true);
  const [toEnd, setToEnd] = useState(0);
  const [aim, setAim] = useState(null);
  const [dropping, setDropping] = useState(false);
  const [dropped, setDropped] = useState(null);
  // Where "new" begins is settled when the room is opened; reading on does not move it.
  const newFrom = useRef(room.unread ? room.read_up_to : Infinity).current;
  const rows = useMemo(() => timelineRows(messages, { gaps: timeline.gaps, newFrom, isMine, day }), [messages]);
  const fill = useFilling(timeline, setAim);

  const load = () => { setError(null); timeline.load().catch(setError); };
  useEffect(() => { load(); settle(`room ${room.id}`); }, []);
  useEffect(() => { if (around && timeline.loaded) void showAround(around); }, [around, timeline.loaded]);
  useEffect(() => {
    if (!atEnd || document.hidden || !timeline.loaded) return;
    timeline.markRead().catch(() => { /* said again with the next message */ });
  }, [messages, atEnd]);
  useEffect(() => {
    const seen = () => { if (!document.hidden && atEnd && timeline.loaded) timeline.markRead().catch(() => {}); };
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [atEnd]);

  async function showAround(seq) {
    // What lies between stays away until somebody scrolls there.
    try { await timeline.loadAround(seq, 100); } catch (error) { toast({ text: errorText(error), kind: "danger" }); return; }
    const found = timeline.messages.find((message) => message.seq === seq);
    if (found) setAim({ key: keyOfMessage(found), seq });
  }
  const act = useMemo(() => ({ onReply: setReply, onEdit: (message) => { setReply(null); setEditing(message); }, onShow: (message) => showAround(message.seq), timeline, room }), [room]);
  const render = useCallback((row) => row.gap ? html`<div class="gap" role="presentation"></div>`
    : row.day ? html`<div class="day">${row.day}</div>`
    : row.newLine ? html`<div class="new-line">${t("chat.new-line")}</div>`
    : html`<${MessageRow} message=${row.message} first=${row.first} group=${room.kind !== "direct"} quoted=${timeline.get(row.message.reply_to)} aimed=${aim?.key === row.key && aim.seq ? aim : null} act=${act} />`,
  [act, aim, messages, lang()]);

  const other = otherOf(room);
  const holdsFiles = ({ dataTransfer }) => [...(dataTransfer?.types ?? [])].includes("Files");
  const drop = {
    onDragOver: (e) => { if (holdsFiles(e)) { e.preventDefault(); setDropping(true); } },
    onDragLeave: (e) => { if (!e.currentTarget.contains(e.relatedTarget)) setDropping(false); },
    onDrop: (e) => { if (!holdsFiles(e)) return; e.preventDefault(); setDropping(false); setDropped([...e.dataTransfer.files]); },
  };
  return html`<section class=${`pane timeline ${dropping ? "dropping" : ""}`} data-drop=${t("chat.drop")} aria-label=${t("chat.messages", { name: roomName(room) })} ...${drop}>
    <header class="pane-head">
      <a class="button quiet icon-only narrow-only" href="#/chat" aria-label=${t("back")}><${Icon} name="back" /></a>
      <${Avatar} name=${roomName(room)} seed=${other?.username ?? room.id} square=${!other} status=${other && hub().presence.status(other.user_id)}>${!other && html`<${Icon} name="users" />`}<//>
      <div class="room-title grow"><h1 class="clip" dir="auto">${roomName(room)}</h1><${Subtitle} room=${room} other=${other} /></div>
      <${CallButtons} room=${room} />
      <${Button} icon="info" kind="quiet" label=${t("chat.details")} aria-pressed=${details} onClick=${onDetails} />
    </header>
    ${error && !timeline.loaded ? html`<div class="messages"><${Failed} error=${error} onRetry=${load} /></div>`
      : !timeline.loaded && messages.length === 0 ? html`<div class="messages"><${Loading} lines=${6} block="3rem" /></div>`
      : rows.length === 0 ? html`<div class="messages"><${Empty} icon="chat" title=${t("chat.empty")} text=${t("chat.empty.why")} /></div>`
      : html`<${VariableList} class="messages" role="log" aria-live="off" aria-label=${t("chat.messages", { name: roomName(room) })} items=${rows} keyOf=${(row) => row.key} render=${render}
          missing=${missing} holds=${holds} onMissing=${fill} onEnd=${setAtEnd} aim=${aim} toEnd=${toEnd} />`}
    <${TypingLine} timeline=${timeline} room=${room} />
    <div style=${{ position: "relative" }}>
      ${!atEnd && html`<div class="to-bottom"><button type="button" class="button" onClick=${() => { setToEnd(toEnd + 1); setAtEnd(true); }}>${room.unread > 0 ? t("chat.unread", { n: room.unread }) : t("chat.new-below")} ↓</button></div>`}
      <${Composer} key=${editing?.id ?? "new"} timeline=${timeline} room=${room} reply=${reply} onReply=${setReply} editing=${editing} onEdited=${() => setEditing(null)} onSent=${() => setToEnd((n) => n + 1)} dropped=${dropped} onDropped=${() => setDropped(null)} />
    </div>
  </section>`;
}

const missing = (row) => row.height ?? 0;
const holds = (row) => Boolean(row.message);

/** Fetches what is missing where one looks, one page at a time: at an edge at once, within it when the scrolling rests for a moment. */
function useFilling(timeline, setAim) {
  const state = useRef({ timer: null, busy: false, wanted: null, since: 0 }).current;
  useEffect(() => () => clearTimeout(state.timer), []);
  const go = async () => {
    const { gap: { after, before }, from, to } = state.wanted;
    state.wanted = null;
    // What was fetched meanwhile drew the list anew, which asks again.
    if (!timeline.gaps.some((gap) => gap.after === after && gap.before === before)) return;
    state.busy = true;
    try {
      // From the end that is in view; else from the middle of the view, which then stays there.
      if (to >= 1) { await timeline.loadBefore(100, before); timeline.forget(before); }
      else if (from <= 0) { await timeline.loadAfter(after, 100); timeline.forget(after); }
      else {
        const seq = Math.round(after + ((from + to) / 2) * (before - after));
        await timeline.loadAround(seq, 100);
        const found = timeline.messages.find((message) => message.seq >= seq);
        if (found) setAim({ key: keyOfMessage(found), part: 1 / 2 });
        timeline.forget(seq);
      }
    } catch { /* asked again when it is drawn again */ } finally { state.busy = false; }
  };
  return useCallback(({ gap }, part) => {
    const near = part.to >= 1 || part.from <= 0;
    if (!state.wanted) state.since = Date.now();
    state.wanted = { gap, ...part };
    clearTimeout(state.timer);
    const soon = () => { if (!state.wanted) return; if (state.busy) state.timer = setTimeout(soon, 50); else void go(); };
    state.timer = setTimeout(soon, near ? 0 : Math.max(0, Math.min(120, state.since + 400 - Date.now())));
  }, [timeline]);
}

function Subtitle({ room, other }) {
  useEvents(hub().presence, ["change"], () => 0);
  const status = other && hub().presence.get(other.user_id);
  const text = other ? [t(`me.${status?.status ?? "offline"}`), status?.status_text].filter(Boolean).join(" · ") : t("chat.members.n", { n: room.member_count ?? room.members.length });
  return html`<span class="muted small clip" dir="auto">${text}</span>`;
}

function TypingLine({ timeline, room }) {
  const users = useEvents(timeline, ["typing"], () => timeline.typing.users) ?? [];
  const nameOf = (id) => room.members.find(({ user_id }) => user_id === id)?.display_name ?? hub().presence.get(id)?.username ?? "…";
  return html`<div class="typing clip" dir="auto">${users.length === 1 ? t("chat.typing.one", { name: nameOf(users[0]) }) : users.length > 1 ? t("chat.typing.many") : ""}</div>`;
}
