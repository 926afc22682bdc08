// Announcements to everybody who is connected, those sent before, and the rules by which the pack notifies.
import { html, useState } from "../shared/view.js";
import { dateTime, t, words } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Empty } from "../shared/components/states.js";
import { AnnouncementFields } from "./announcement.js";
import { get, post, useAct, useAnswer } from "./api.js";
import { Notify } from "./notify.js";
import { Page, Table, When } from "./page.js";

words({
  "notices.sub": ["Un message du serveur à tous les postes ouverts en ce moment.", "A message of the hub to every terminal that is open now.", "رسالة من الخادم إلى كل المحطات المفتوحة الآن."],
  "notices.send": ["Annoncer à tous", "Announce to everyone", "إعلان للجميع"],
  "notices.sent": ["Annonce envoyée", "Announcement sent", "أُرسل الإعلان"],
  "notices.before": ["Annonces précédentes", "Earlier announcements", "الإعلانات السابقة"],
  "notices.before.none": ["Aucune annonce jusqu’ici.", "No announcement so far.", "لا إعلانات حتى الآن."],
  "notices.by": ["Par", "By", "بواسطة"],
  "notices.text": ["Texte", "Text", "النص"],
  "notices.rules": ["Règles de l’application", "Rules of the app pack", "قواعد التطبيق"],
  "notices.rules.none": ["L’application ne notifie personne d’elle-même.", "The app pack notifies nobody by itself.", "لا يُشعر التطبيق أحداً من تلقاء نفسه."],
  "notices.event": ["Événement", "Event", "الحدث"],
  "notices.on": ["Quand", "When", "متى"],
  "notices.to": ["Destinataire", "To", "إلى"],
  "notices.title": ["Titre", "Title", "العنوان"],
  "on.insert": ["ajout dans {table}", "insert into {table}", "إضافة إلى {table}"],
  "on.update": ["modification de {table}", "update of {table}", "تعديل {table}"],
  "on.delete": ["suppression de {table}", "delete from {table}", "حذف من {table}"],
});

/** The audit keeps an announcement as `level: text`. */
function Sent({ detail }) {
  const [, level, text = detail] = /^(info|warning|error): ([\s\S]*)$/.exec(detail) ?? [];
  return html`${level && level !== "info" && html`<span class=${`chip ${level === "error" ? "danger" : "warn"}`}>${t(`level.${level}`)}</span> `}<span class="pre-line" dir="auto">${text}</span>`;
}

export function Notices() {
  const [message, setMessage] = useState({ text: "", level: "info" });
  const [busy, act] = useAct();
  const before = useAnswer(() => get("audit?action=admin&text=announce&limit=50"));
  const pack = useAnswer(() => get("pack")).data;
  const rules = pack?.rules ?? [];
  const sent = (before.data?.entries ?? []).filter(({ subject, outcome }) => subject === "announce" && outcome === "ok");
  async function send(event) {
    event.preventDefault();
    if (!message.text.trim()) return;
    if (await act(() => post("announce", message), t("notices.sent"))) {
      setMessage({ text: "", level: "info" });
      before.reload();
    }
  }
  return html`<${Page} title=${t("nav.notices")} sub=${t("notices.sub")} answer=${before}>
    <form class="card stack announce" onSubmit=${send}>
      <${AnnouncementFields} value=${message} onValue=${setMessage} />
      <div class="row"><${Button} kind="primary" icon="sound" type="submit" busy=${busy} disabled=${!message.text.trim()}>${t("notices.send")}<//></div>
    </form>
    <${Notify} roles=${pack?.roles ?? []} />
    <section class="section"><h2>${t("notices.before")}</h2>
      <${Table} label=${t("notices.before")} rows=${sent} keyOf=${({ id }) => id} empty=${html`<p class="muted">${t("notices.before.none")}</p>`} columns=${[
        { key: "at", label: t("when"), cell: ({ at }) => html`<${When} at=${at} text=${dateTime(at)} />` },
        { key: "by", label: t("notices.by"), wide: true, cell: ({ username }) => html`<span dir="auto">${username}</span>` },
        { key: "text", label: t("notices.text"), cell: ({ detail }) => html`<${Sent} detail=${detail} />` },
      ]} />
    </section>
    <section class="section"><h2>${t("notices.rules")}</h2>
      <${Table} label=${t("notices.rules")} rows=${rules} keyOf=${({ event, file, line }) => `${event}:${file}:${line}`}
        empty=${html`<${Empty} icon="bell" title=${t("notices.rules.none")} />`} columns=${[
        { key: "event", label: t("notices.event"), cell: ({ event }) => html`<code dir="ltr">${event}</code>` },
        { key: "on", label: t("notices.on"), cell: ({ on, table, when }) => html`${t(`on.${on}`, { table })}${when && html`<br /><code class="small muted" dir="ltr">${when}</code>`}` },
        { key: "to", label: t("notices.to"), cell: ({ to }) => (to.value ? html`<code dir="ltr">${to.value}</code>` : t("everyone")) },
        { key: "title", label: t("notices.title"), cell: ({ title }) => html`<span dir="auto">${title}</span>`, wide: true },
      ]} />
    </section>
  <//>`;
}
