// The rooms in which people write to each other: how many, how large, how busy. What is written there is not shown.
import { html, useMemo, useState } from "../shared/view.js";
import { ago, number, t, words } from "../shared/i18n.js";
import { Empty } from "../shared/components/states.js";
import { get, useAnswer } from "./api.js";
import { Page, SearchBox, Table, When } from "./page.js";
import { useRoles } from "./roles.js";

words({
  "rooms.sub": [
    { one: "{n} salon. Ce qui s’y écrit n’est pas affiché ici.", other: "{n} salons. Ce qui s’y écrit n’est pas affiché ici." },
    { one: "{n} room. What is written there is not shown here.", other: "{n} rooms. What is written there is not shown here." },
    { one: "غرفة واحدة. لا يظهر هنا ما يُكتب فيها.", two: "غرفتان. لا يظهر هنا ما يُكتب فيهما.", few: "{n} غرف. لا يظهر هنا ما يُكتب فيها.", other: "{n} غرفة. لا يظهر هنا ما يُكتب فيها." },
  ],
  "rooms.filter": ["Filtrer les salons", "Filter rooms", "تصفية الغرف"],
  "rooms.none": ["Aucun salon", "No room", "لا غرف"],
  "rooms.room": ["Salon", "Room", "الغرفة"],
  "rooms.kind": ["Genre", "Kind", "النوع"],
  "rooms.members": ["Membres", "Members", "الأعضاء"],
  "rooms.messages": ["Messages", "Messages", "الرسائل"],
  "rooms.last": ["Dernier message", "Last message", "آخر رسالة"],
  "rooms.open": ["ouvert", "open", "مفتوحة"],
  "room.direct": ["conversation", "direct", "محادثة"],
  "room.group": ["groupe", "group", "مجموعة"],
  "room.role": ["rôle", "role", "دور"],
  "room.everyone": ["général", "everyone", "عامة"],
  "room.legacy": ["ancien réseau", "legacy", "شبكة قديمة"],
});

export function Rooms() {
  const answer = useAnswer(() => get("rooms"), [], 15_000);
  const roles = useRoles();
  const [filter, setFilter] = useState("");
  const nameOf = ({ kind, name, role, usernames }) => name ?? { direct: usernames.join(" – "), everyone: t("everyone") }[kind] ?? (role ? roles.title(role) : "–");
  const all = answer.data?.rooms ?? [];
  const rows = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return all.filter((room) => !wanted || [nameOf(room), room.role ?? "", ...room.usernames].some((text) => text.toLowerCase().includes(wanted)));
  }, [all, filter]);
  const columns = [
    { key: "name", label: t("rooms.room"), cell: (room) => html`<strong dir="auto">${nameOf(room)}</strong>` },
    { key: "kind", label: t("rooms.kind"), cell: ({ kind, open }) => html`<span class="row wrap"><span class="chip">${t(`room.${kind}`)}</span>${open && html`<span class="chip info">${t("rooms.open")}</span>`}</span>` },
    { key: "members", label: t("rooms.members"), cell: ({ member_count }) => number(member_count), number: true },
    { key: "messages", label: t("rooms.messages"), cell: ({ messages }) => number(messages), number: true },
    { key: "last", label: t("rooms.last"), wide: true, cell: ({ last_message_at: at }) => at ? html`<${When} at=${at} text=${ago(at)} />` : html`<span class="muted">${t("never")}</span>` },
  ];
  return html`<${Page} title=${t("nav.rooms")} sub=${answer.data && t("rooms.sub", { n: answer.data.total })} answer=${answer}>
    <div class="toolbar"><${SearchBox} label=${t("rooms.filter")} value=${filter} onValue=${setFilter} /></div>
    <${Table} label=${t("nav.rooms")} columns=${columns} rows=${rows} keyOf=${({ id }) => id} empty=${all.length ? undefined : html`<${Empty} icon="chat" title=${t("rooms.none")} />`} />
  <//>`;
}
