// What a conversation is: who is in it, and leaving it.
import { html, useState } from "../../shared/view.js";
import { useEvents, useStore } from "../../shared/store.js";
import { ago, t } from "../../shared/i18n.js";
import { Avatar } from "../../shared/components/avatar.js";
import { Button } from "../../shared/components/button.js";
import { Field } from "../../shared/components/field.js";
import { Icon } from "../../shared/components/icon.js";
import { errorText } from "../../shared/components/states.js";
import { toast } from "../../shared/components/toast.js";
import { hub } from "../../shared/hub.js";
import { me, roleTitle } from "../account.js";
import { go } from "../route.js";
import { otherOf, roomName } from "./naming.js";

const failed = (error) => toast({ text: errorText(error), kind: "danger" });

export function RoomDetails({ room, onClose }) {
  useEvents(hub().presence, ["change"], () => 0);
  const who = useStore(me);
  const other = otherOf(room);
  const mine = room.kind === "group" && (room.created_by === hub().user?.id || who?.role.admin);
  const outside = (who?.contacts ?? []).filter((one) => !room.members.some(({ user_id }) => user_id === one.id));
  const [adding, setAdding] = useState("");
  const add = (id) => { setAdding(""); if (id) hub().rooms.addMember(room.id, Number(id)).catch(failed); };
  const leave = () => hub().rooms.leave(room.id).then(() => go("chat"), failed);
  const presence = other && hub().presence.get(other.user_id);
  return html`<aside class="side-detail pane scroll" aria-label=${t("chat.details")}>
    <header class="pane-head"><h2 class="grow">${t("chat.details")}</h2><${Button} icon="close" kind="quiet" label=${t("close")} onClick=${onClose} /></header>
    <div class="room-card"><${Avatar} size="large" name=${roomName(room)} seed=${other?.username ?? room.id} square=${!other}>${!other && html`<${Icon} name="users" />`}<//>
      <strong dir="auto">${roomName(room)}</strong>
      ${other ? html`<span class="muted small" dir="auto">@${other.username} · ${roleTitle(other.role)}</span>
        <span class="chip"><span class=${`dot inline ${presence?.status ?? ""}`}></span>${t(`me.${presence?.status ?? "offline"}`)}${presence?.status_text ? ` · ${presence.status_text}` : ""}</span>
        ${presence?.last_seen && presence.status === "offline" && html`<span class="muted small">${ago(presence.last_seen)}</span>`}`
        : html`<span class="muted small">${t("chat.members.n", { n: room.member_count ?? room.members.length })}</span>`}</div>
    ${!other && room.members.length > 0 && html`<div class="section"><h3>${t("chat.members")}</h3>
      <ul class="plain-list">${room.members.map((one) => html`<li key=${one.user_id} class="person"><${Avatar} size="small" name=${one.display_name} seed=${one.username} status=${hub().presence.status(one.user_id)} />
        <span class="grow"><span dir="auto">${one.display_name}</span><br /><span class="muted small" dir="auto">${roleTitle(one.role)}</span></span>
        ${mine && one.user_id !== hub().user?.id && html`<${Button} icon="close" kind="quiet" label=${`${t("chat.remove")} ${one.display_name}`} onClick=${() => hub().rooms.removeMember(room.id, one.user_id).catch(failed)} />`}</li>`)}</ul>
      ${room.kind === "group" && outside.length > 0 && html`<${Field} label=${t("chat.add-member")} value=${adding} options=${[["", "—"], ...outside.map((one) => [one.id, one.display_name])]} onChange=${(e) => add(e.target.value)} />`}
    </div>`}
    ${room.kind === "group" && html`<div class="section"><${Button} icon="logout" onClick=${leave}>${t("chat.leave")}<//></div>`}
  </aside>`;
}
