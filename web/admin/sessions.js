// Who is connected now, live; message, disconnect.
import { html, useEffect, useMemo, useState } from "../shared/view.js";
import { ago, bytes, number, t, words } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Confirm, Dialog } from "../shared/components/dialog.js";
import { Empty } from "../shared/components/states.js";
import { hub } from "../shared/hub.js";
import { get, post, remove, useAct, useAnswer } from "./api.js";
import { AnnouncementFields } from "./announcement.js";
import { agentName, Page, Pairs, SearchBox, Table, When } from "./page.js";
import { useRoles } from "./roles.js";

words({
  "sessions.sub": [
    { one: "{n} connexion ouverte", other: "{n} connexions ouvertes" },
    { one: "{n} open session", other: "{n} open sessions" },
    { zero: "لا اتصالات مفتوحة", one: "اتصال واحد مفتوح", two: "اتصالان مفتوحان", few: "{n} اتصالات مفتوحة", other: "{n} اتصالاً مفتوحاً" },
  ],
  "sessions.filter": ["Filtrer par nom, rôle ou adresse", "Filter by name, role or address", "تصفية بالاسم أو الدور أو العنوان"],
  "sessions.this": ["cette console", "this console", "هذه اللوحة"],
  "sessions.transport": ["Liaison", "Link", "الوصلة"],
  "sessions.latency": ["Latence", "Latency", "زمن الاستجابة"],
  "sessions.queue": ["À envoyer", "To be sent", "بانتظار الإرسال"],
  "sessions.inflight": ["Requêtes en cours", "Requests under way", "طلبات جارية"],
  "sessions.frames": [{ one: "{n} trame", other: "{n} trames" }, { one: "{n} frame", other: "{n} frames" }, { one: "إطار واحد", two: "إطاران", few: "{n} إطارات", other: "{n} إطاراً" }],
  "sessions.id": ["Identifiant de la connexion", "Session id", "معرّف الاتصال"],
  "sessions.sid": ["Identifiant de l’ouverture de session", "Login id", "معرّف تسجيل الدخول"],
  "sessions.none": ["Personne n’est connecté", "Nobody is connected", "لا أحد متصل"],
  "sessions.message": ["Écrire", "Message", "رسالة"],
  "sessions.message.to": ["Message à {name}", "Message to {name}", "رسالة إلى {name}"],
  "sessions.sent": ["Message envoyé", "Message sent", "أُرسلت الرسالة"],
  "sessions.send": ["Envoyer", "Send", "إرسال"],
  "sessions.cut": ["Déconnecter", "Disconnect", "قطع الاتصال"],
  "sessions.cut.title": ["Déconnecter {name} ?", "Disconnect {name}?", "قطع اتصال {name}؟"],
  "sessions.cut.text": ["Toutes les connexions de cette ouverture de session se ferment, et il faudra son mot de passe pour revenir.", "All sockets of this login close, and coming back takes the password.", "تُغلق كل اتصالات تسجيل الدخول هذا، وتلزم كلمة المرور للعودة."],
  "sessions.cut.done": ["{name} est déconnecté", "{name} is disconnected", "قُطع اتصال {name}"],
});

export function Sessions() {
  const answer = useAnswer(() => get("sessions"), [], 5_000);
  const roles = useRoles();
  const [live, setLive] = useState(null);
  const [filter, setFilter] = useState("");
  const [opened, setOpened] = useState(null), [writing, setWriting] = useState(null), [cutting, setCutting] = useState(null);
  // Told at each coming and going; the poll adds what changes in between, latency and queues.
  useEffect(() => hub().on("clients_update", ({ sessions }) => setLive(sessions)), []);
  useEffect(() => { if (answer.data) setLive(answer.data.sessions); }, [answer.data]);
  const all = live ?? answer.data?.sessions ?? [];
  const rows = useMemo(() => {
    const wanted = filter.trim().toLowerCase();
    return all.filter((one) => !wanted || [one.username, one.role, roles.title(one.role), one.address, one.user_agent].some((text) => text.toLowerCase().includes(wanted)));
  }, [all, filter]);
  const own = hub().welcome?.session;
  const shown = opened && (all.find(({ id }) => id === opened.id) ?? opened);

  const columns = [
    { key: "user", label: t("user"), cell: (one) => html`<span class="row"><span dir="auto">${one.username}</span>${one.id === own && html`<span class="chip info">${t("sessions.this")}</span>`}</span>` },
    { key: "role", label: t("role"), cell: (one) => html`<span dir="auto">${roles.title(one.role)}</span>` },
    { key: "address", label: t("address"), cell: (one) => html`<span dir="ltr" class="number">${one.address}</span>`, wide: true },
    { key: "device", label: t("device"), cell: (one) => html`<span class="clip muted" dir="auto" title=${one.user_agent}>${agentName(one.user_agent ?? "") || "–"}</span>`, wide: true },
    { key: "since", label: t("since"), cell: (one) => html`<${When} at=${one.connected_at} text=${ago(one.connected_at)} />`, wide: true },
    { key: "latency", label: t("sessions.latency"), cell: (one) => latency(one.latency_ms), number: true, wide: true },
    { key: "queue", label: t("sessions.queue"), cell: (one) => one.outbox_bytes ? bytes(one.outbox_bytes) : "–", number: true, wide: true },
    { key: "actions", label: html`<span class="sr-only">${t("actions")}</span>`, cell: (one) => html`<div class="actions">
      <${Button} icon="chat" kind="quiet" label=${t("sessions.message.to", { name: one.username })} onClick=${() => setWriting(one)} />
      <${Button} icon="logout" kind="quiet" label=${`${t("sessions.cut")}: ${one.username}`} disabled=${one.id === own} onClick=${() => setCutting(one)} /></div>` },
  ];
  return html`<${Page} title=${t("nav.sessions")} sub=${t("sessions.sub", { n: all.length })} answer=${answer}>
    <div class="toolbar"><${SearchBox} label=${t("sessions.filter")} value=${filter} onValue=${setFilter} /></div>
    <${Table} label=${t("nav.sessions")} columns=${columns} rows=${rows} keyOf=${({ id }) => id} onRow=${setOpened}
      empty=${all.length ? undefined : html`<${Empty} icon="link" title=${t("sessions.none")} />`} />
    ${shown && html`<${Details} one=${shown} own=${own} role=${roles.title(shown.role)} onClose=${() => setOpened(null)}
      onWrite=${() => { setOpened(null); setWriting(shown); }} onCut=${() => { setOpened(null); setCutting(shown); }} />`}
    ${writing && html`<${Write} one=${writing} onClose=${() => setWriting(null)} />`}
    ${cutting && html`<${Cut} one=${cutting} onClose=${() => setCutting(null)} onDone=${answer.reload} />`}
  <//>`;
}

const latency = (ms) => ms === null || ms === undefined ? "–" : number(ms, { style: "unit", unit: "millisecond", maximumFractionDigits: ms < 10 ? 1 : 0 });

function Details({ one, own, role, onClose, onWrite, onCut }) {
  return html`<${Dialog} title=${one.username} wide=${true} onClose=${onClose}
    footer=${html`<${Button} icon="chat" onClick=${onWrite}>${t("sessions.message")}<//><${Button} kind="danger" icon="logout" disabled=${one.id === own} onClick=${onCut}>${t("sessions.cut")}<//>`}>
    <${Pairs} pairs=${[
      [t("role"), role], [t("address"), html`<span dir="ltr">${one.address}</span>`], [t("sessions.transport"), one.transport],
      [t("since"), html`<${When} at=${one.connected_at} text=${ago(one.connected_at)} />`], [t("sessions.latency"), latency(one.latency_ms)],
      [t("sessions.queue"), `${bytes(one.outbox_bytes)} · ${t("sessions.frames", { n: one.outbox_frames })}`], [t("sessions.inflight"), number(one.in_flight)],
      [t("device"), one.user_agent || "–"], [t("sessions.id"), html`<code dir="ltr">${one.id}</code>`], [t("sessions.sid"), html`<code dir="ltr">${one.sid}</code>`],
    ]} />
  <//>`;
}

function Write({ one, onClose }) {
  const [message, setMessage] = useState({ text: "", level: "info" });
  const [busy, act] = useAct();
  const send = async () => {
    if (await act(() => post(`sessions/${one.id}/message`, message), t("sessions.sent"))) onClose();
  };
  return html`<${Dialog} title=${t("sessions.message.to", { name: one.username })} onClose=${onClose} onSubmit=${send}
    footer=${html`<${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" icon="send" type="submit" busy=${busy} disabled=${!message.text.trim()}>${t("sessions.send")}<//>`}>
    <${AnnouncementFields} value=${message} onValue=${setMessage} />
  <//>`;
}

function Cut({ one, onClose, onDone }) {
  const [busy, act] = useAct();
  const cut = async () => {
    if (await act(() => remove(`sessions/${one.id}`), t("sessions.cut.done", { name: one.username }))) { onClose(); onDone(); }
  };
  return html`<${Confirm} title=${t("sessions.cut.title", { name: one.username })} text=${t("sessions.cut.text")} action=${t("sessions.cut")} busy=${busy} onYes=${cut} onClose=${onClose} />`;
}
