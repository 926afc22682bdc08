// With whom: one person, several, or an open room that is already there.
import { html, useEffect, useState } from "../../shared/view.js";
import { useEvents, useStore } from "../../shared/store.js";
import { t } from "../../shared/i18n.js";
import { Avatar } from "../../shared/components/avatar.js";
import { Button } from "../../shared/components/button.js";
import { Dialog } from "../../shared/components/dialog.js";
import { Check, Field } from "../../shared/components/field.js";
import { Icon } from "../../shared/components/icon.js";
import { Empty, errorText } from "../../shared/components/states.js";
import { hub } from "../../shared/hub.js";
import { me, roleTitle } from "../account.js";
import { go } from "../route.js";
import { PersonItem } from "./room-list.js";
import { roomName } from "./naming.js";

export function NewConversation({ onClose }) {
  const who = useStore(me);
  const [group, setGroup] = useState(false);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(null);
  const joinable = useEvents(hub().rooms, ["change"], (rooms) => rooms.joinable) ?? [];
  // Who came since this page was loaded is there too.
  const [people, setPeople] = useState(null);
  useEffect(() => {
    const known = () => { /* what is known is shown */ };
    hub().rooms.refresh().catch(known);
    hub().users().then(setPeople, known);
  }, []);
  const everybody = people ?? who?.contacts ?? [];
  const wanted = text.trim().toLowerCase();
  const contacts = everybody.filter((one) => one.id !== hub().user?.id && `${one.display_name} ${one.username}`.toLowerCase().includes(wanted));

  const join = (room) => hub().rooms.join(room.id).then(() => { onClose(); go("chat", room.id); }, (error) => setProblem(errorText(error)));
  if (group) return html`<${NewGroup} contacts=${everybody} onClose=${onClose} />`;
  return html`<${Dialog} title=${t("chat.new")} onClose=${onClose} footer=${html`<${Button} icon="users" onClick=${() => setGroup(true)}>${t("chat.group.new")}<//>`}>
    <div class="search-box"><${Icon} name="search" small /><input type="search" class="input search" placeholder=${t("search")} aria-label=${t("chat.people")} value=${text} onInput=${(e) => setText(e.target.value)} /></div>
    ${problem && html`<p class="notice danger" role="alert">${problem}</p>`}
    <div class="scroll" style=${{ maxBlockSize: "22rem" }} tabindex="-1">
      ${contacts.length === 0 && joinable.length === 0 && html`<${Empty} icon="users" title=${t("chat.none")} />`}
      ${contacts.map((one) => html`<${PersonItem} key=${one.id} person=${one} onOpened=${onClose} />`)}
      ${joinable.length > 0 && html`<h3 class="side-heading">${t("chat.open-rooms")}</h3>`}
      ${joinable.map((room) => html`<div key=${`r${room.id}`} class="room-item"><${Avatar} name=${roomName(room)} seed=${room.id} square><${Icon} name="users" /><//><strong class="grow clip" dir="auto">${roomName(room)}</strong><${Button} onClick=${() => join(room)}>${t("chat.join")}<//></div>`)}
    </div>
  <//>`;
}

function NewGroup({ contacts, onClose }) {
  const [name, setName] = useState(""), [chosen, setChosen] = useState(new Set()), [open, setOpen] = useState(false);
  const [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  const toggle = (id) => setChosen((old) => { const next = new Set(old); if (!next.delete(id)) next.add(id); return next; });
  async function create() {
    if (!name.trim()) { setProblem(t("data.required")); return; }
    setBusy(true);
    try {
      const room = await hub().rooms.create({ name: name.trim(), members: [...chosen], open });
      onClose();
      go("chat", room.id);
    } catch (error) { setProblem(errorText(error)); } finally { setBusy(false); }
  }
  return html`<${Dialog} title=${t("chat.group.new")} onClose=${onClose} onSubmit=${create}
    footer=${html`<${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" type="submit" busy=${busy}>${t("chat.group.create")}<//>`}>
    <${Field} label=${t("chat.group.name")} value=${name} onValue=${setName} problem=${problem} dir="auto" maxlength="80" />
    <${Check} label=${t("chat.group.open")} checked=${open} onValue=${setOpen} />
    <fieldset class="scroll" style=${{ maxBlockSize: "16rem" }}><legend class="small muted">${t("chat.members")}</legend>
      ${contacts.filter((one) => one.id !== hub().user?.id).map((one) => html`<div key=${one.id}><${Check} label=${html`<span dir="auto">${one.display_name}</span> <span class="muted small">${roleTitle(one.role)}</span>`} checked=${chosen.has(one.id)} onValue=${() => toggle(one.id)} /></div>`)}
    </fieldset>
  <//>`;
}
