// What was done, by whom, from where: filters, pages, export.
import { html, useEffect, useState } from "../shared/view.js";
import { dateTime, number, t, words } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Dialog } from "../shared/components/dialog.js";
import { Field } from "../shared/components/field.js";
import { Empty, errorText, Failed, Loading } from "../shared/components/states.js";
import { toast } from "../shared/components/toast.js";
import { hub } from "../shared/hub.js";
import { get } from "./api.js";
import { Page, Pairs, Table, When } from "./page.js";

words({
  "audit.sub": ["Chaque connexion, écriture, refus et acte d’administration. Rien ne s’y efface.", "Every login, write, refusal and act of administration. Nothing in it can be erased.", "كل دخول وكتابة ورفض وعمل إداري. لا يمكن محو شيء منه."],
  "audit.text": ["Texte", "Text", "نص"],
  "audit.text.hint": ["objet, détail, nom, adresse, table", "subject, detail, name, address, table", "الموضوع أو التفاصيل أو الاسم أو العنوان أو الجدول"],
  "audit.action": ["Action", "Action", "الإجراء"],
  "audit.any": ["Toutes", "Any", "الكل"],
  "audit.since": ["Du", "From", "من"],
  "audit.until": ["Au", "To", "إلى"],
  "audit.outcome": ["Résultat", "Outcome", "النتيجة"],
  "audit.subject": ["Objet", "Subject", "الموضوع"],
  "audit.detail": ["Détail", "Detail", "التفاصيل"],
  "audit.tables": ["Tables", "Tables", "الجداول"],
  "audit.rows": ["Lignes", "Rows", "الصفوف"],
  "audit.commit": ["Écriture n°", "Commit", "رقم الكتابة"],
  "audit.session": ["Session", "Session", "الجلسة"],
  "audit.entry": ["Entrée n° {id}", "Entry {id}", "القيد رقم {id}"],
  "audit.more": ["Plus anciennes", "Older", "الأقدم"],
  "audit.clear": ["Effacer les filtres", "Clear filters", "مسح المرشحات"],
  "audit.export.csv": ["Exporter en CSV", "Export as CSV", "تصدير CSV"],
  "audit.export.json": ["JSON", "JSON", "JSON"],
  "audit.none": ["Aucune entrée ne correspond", "No entry matches", "لا قيد مطابق"],
  "audit.ok": ["réussi", "ok", "نجح"],
  "action.login": ["connexion", "login", "دخول"],
  "action.login_failed": ["connexion refusée", "login failed", "فشل الدخول"],
  "action.logout": ["déconnexion", "logout", "خروج"],
  "action.password_change": ["mot de passe", "password change", "تغيير كلمة المرور"],
  "action.refresh_reuse": ["jeton volé ?", "token reuse", "إعادة استعمال رمز"],
  "action.refused": ["refus", "refused", "رفض"],
  "action.admin": ["administration", "administration", "إدارة"],
  "action.write": ["écriture", "write", "كتابة"],
  "action.setup": ["installation", "set-up", "الإعداد"],
});

const ACTIONS = ["login", "login_failed", "logout", "password_change", "refresh_reuse", "refused", "admin", "write", "setup"];
const EMPTY = { text: "", user: "", action: "", since: "", until: "" };
const actionText = (action) => (ACTIONS.includes(action) ? t(`action.${action}`) : action);

/** The filters as the hub takes them; days are those of this machine. */
function query(filters, more = {}) {
  const parameters = new URLSearchParams(more);
  for (const name of ["text", "user", "action"]) if (filters[name].trim()) parameters.set(name, filters[name].trim());
  if (filters.since) parameters.set("since", new Date(`${filters.since}T00:00`).toISOString());
  if (filters.until) {
    const end = new Date(`${filters.until}T00:00`);
    end.setDate(end.getDate() + 1);
    parameters.set("until", end.toISOString());
  }
  return parameters.toString();
}

export function Audit() {
  const [filters, setFilters] = useState(EMPTY);
  const [pages, setPages] = useState({ entries: null, next: null, error: null, busy: false });
  const [opened, setOpened] = useState(null), [exporting, setExporting] = useState(null);
  const set = (name) => (value) => setFilters((old) => ({ ...old, [name]: value }));

  const load = async (before, isCurrent = () => true) => {
    setPages((old) => ({ ...old, busy: true, error: null }));
    try {
      const page = await get(`audit?${query(filters, { limit: 100, ...(before && { before }) })}`);
      if (isCurrent()) setPages((old) => ({ entries: before ? [...old.entries, ...page.entries] : page.entries, next: page.next_before, error: null, busy: false }));
    } catch (error) {
      if (isCurrent()) setPages((old) => ({ ...old, error, busy: false }));
    }
  };
  // A moment after the last key: typing is not searching.
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => load(null, () => current), pages.entries ? 300 : 0);
    return () => { current = false; clearTimeout(timer); };
  }, [filters]);

  async function save(format) {
    setExporting(format);
    try {
      const answer = await hub().send("GET", `/api/admin/audit/export?${query(filters, { format })}`);
      const url = URL.createObjectURL(await answer.blob());
      const link = document.createElement("a");
      link.href = url;
      link.download = `audit-${new Date().toISOString().slice(0, 10)}.${format}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      toast({ text: errorText(error), kind: "danger" });
    } finally {
      setExporting(null);
    }
  }

  const columns = [
    { key: "at", label: t("when"), cell: ({ at }) => html`<${When} at=${at} text=${dateTime(at)} />` },
    { key: "action", label: t("audit.action"), cell: ({ action }) => html`<span class="nowrap">${actionText(action)}</span>` },
    { key: "user", label: t("user"), cell: (one) => html`<span class="clip short" dir="auto" title=${one.username}>${one.username ?? "–"}</span>` },
    { key: "subject", label: t("audit.subject"), cell: (one) => html`<span class="clip short" dir="auto" title=${one.subject}>${one.subject ?? ""}</span>`, wide: true },
    { key: "detail", label: t("audit.detail"), cell: (one) => html`<span class="clip medium muted" dir="auto" title=${one.detail}>${one.detail ?? ""}</span>`, wide: true },
    { key: "address", label: t("address"), cell: (one) => html`<span dir="ltr">${one.address ?? ""}</span>`, wide: true },
    { key: "outcome", label: t("audit.outcome"), cell: (one) => html`<${Outcome} outcome=${one.outcome} />` },
  ];
  const filtered = JSON.stringify(filters) !== JSON.stringify(EMPTY);
  return html`<${Page} title=${t("nav.audit")} sub=${t("audit.sub")} actions=${html`
    <${Button} icon="download" busy=${exporting === "csv"} onClick=${() => save("csv")}>${t("audit.export.csv")}<//>
    <${Button} busy=${exporting === "json"} onClick=${() => save("json")}>${t("audit.export.json")}<//>`}>
    <form class="filters" role="search" onSubmit=${(event) => event.preventDefault()}>
      <div class="grow"><${Field} label=${t("audit.text")} type="search" placeholder=${t("audit.text.hint")} value=${filters.text} onValue=${set("text")} dir="auto" /></div>
      <${Field} label=${t("user")} value=${filters.user} onValue=${set("user")} autocapitalize="none" spellcheck=${false} dir="auto" />
      <${Field} label=${t("audit.action")} value=${filters.action} onValue=${set("action")} options=${[["", t("audit.any")], ...ACTIONS.map((action) => [action, actionText(action)])]} />
      <${Field} label=${t("audit.since")} type="date" value=${filters.since} onValue=${set("since")} />
      <${Field} label=${t("audit.until")} type="date" value=${filters.until} onValue=${set("until")} />
      <${Button} icon="close" kind="quiet" label=${t("audit.clear")} disabled=${!filtered} onClick=${() => setFilters(EMPTY)} />
    </form>
    ${pages.error && html`<${Failed} error=${pages.error} onRetry=${() => load(null)} />`}
    ${pages.entries ? html`<${Table} label=${t("nav.audit")} columns=${columns} rows=${pages.entries} keyOf=${({ id }) => id} onRow=${setOpened}
      empty=${html`<${Empty} icon="book" title=${t("audit.none")} />`} />` : !pages.error && html`<${Loading} lines=${10} />`}
    ${pages.next && html`<div><${Button} busy=${pages.busy} onClick=${() => load(pages.next)}>${t("audit.more")}<//></div>`}
    ${opened && html`<${Entry} entry=${opened} onClose=${() => setOpened(null)} />`}
  <//>`;
}

const Outcome = ({ outcome }) => html`<span class=${`chip ${outcome === "ok" ? "good" : "danger"}`} dir="ltr">${outcome === "ok" ? t("audit.ok") : outcome}</span>`;

function Entry({ entry, onClose }) {
  return html`<${Dialog} title=${t("audit.entry", { id: number(entry.id, { useGrouping: false }) })} wide=${true} onClose=${onClose}>
    <${Pairs} pairs=${[
      [t("when"), dateTime(entry.at)], [t("audit.action"), actionText(entry.action)], [t("audit.outcome"), html`<${Outcome} outcome=${entry.outcome} />`],
      [t("user"), entry.username], [t("address"), entry.address && html`<span dir="ltr">${entry.address}</span>`], [t("audit.subject"), entry.subject],
      [t("audit.tables"), entry.tables], [t("audit.rows"), entry.rows_affected === null ? null : number(entry.rows_affected)],
      [t("audit.commit"), entry.commit === null ? null : number(entry.commit)], [t("audit.session"), entry.session && html`<code dir="ltr">${entry.session}</code>`],
    ]} />
    ${entry.detail && html`<section class="section"><h3>${t("audit.detail")}</h3><pre class="pre" dir="auto" tabindex="0">${entry.detail}</pre></section>`}
  <//>`;
}
