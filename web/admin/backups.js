// Backups: what there is, one now, and what the clock does.
import { html } from "../shared/view.js";
import { ago, bytes, dateTime, number, t, words } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Empty } from "../shared/components/states.js";
import { get, post, useAct, useAnswer } from "./api.js";
import { Page, Pairs, Table, When } from "./page.js";

words({
  "backups.now": ["Sauvegarder maintenant", "Back up now", "إنشاء نسخة الآن"],
  "backups.done": ["La sauvegarde est faite et vérifiée", "The backup is made and verified", "أُنشئت النسخة وفُحصت"],
  "backups.dir": ["Dossier", "Directory", "المجلد"],
  "backups.every": ["Rythme", "How often", "التكرار"],
  "backups.every.hours": [{ one: "toutes les heures", other: "toutes les {n} heures" }, { one: "every hour", other: "every {n} hours" }, { one: "كل ساعة", two: "كل ساعتين", few: "كل {n} ساعات", other: "كل {n} ساعة" }],
  "backups.every.minutes": [{ one: "toutes les minutes", other: "toutes les {n} minutes" }, { one: "every minute", other: "every {n} minutes" }, { one: "كل دقيقة", two: "كل دقيقتين", few: "كل {n} دقائق", other: "كل {n} دقيقة" }],
  "backups.manual": ["à la main seulement (backup.every_s = 0)", "by hand only (backup.every_s = 0)", "يدوياً فقط (backup.every_s = 0)"],
  "backups.keep": ["Gardées", "Kept", "عدد المحفوظ"],
  "backups.keep.n": ["les {n} dernières", "the last {n}", "آخر {n}"],
  "backups.file": ["Fichier", "File", "الملف"],
  "backups.kind": ["Origine", "Made", "المصدر"],
  "backups.size": ["Taille", "Size", "الحجم"],
  "backups.commit": ["Écriture n°", "Commit", "رقم الكتابة"],
  "backups.none": ["Aucune sauvegarde", "No backup", "لا نسخ احتياطية"],
  "backups.none.text": ["Une sauvegarde réunit les deux bases et les fichiers dans un seul fichier vérifié.", "A backup is both databases and the files in one verified file.", "تجمع النسخة قاعدتي البيانات والملفات في ملف واحد مفحوص."],
  "backups.damaged": ["illisible", "unreadable", "غير مقروء"],
  "backups.restore": ["Pour en remettre une en place, lancez sur la machine du serveur :", "To put one back, run on the hub’s machine:", "لاسترجاع نسخة نفّذ على جهاز الخادم:"],
  "backups.restore.stop": ["Arrêtez d’abord le serveur.", "Stop the hub first.", "أوقف الخادم أولاً."],
  "backups.elsewhere": ["Copiez-les aussi ailleurs : une sauvegarde sur le même disque meurt avec lui.", "Copy them elsewhere too: a backup on the same disk dies with it.", "انسخها إلى مكان آخر أيضاً: النسخة على القرص نفسه تتلف معه."],
  "kind.scheduled": ["programmée", "by the clock", "مجدولة"],
  "kind.requested": ["à la demande", "by hand", "يدوية"],
  "kind.before_migration": ["avant mise à jour", "before a migration", "قبل الترقية"],
  "kind.other": ["autre", "other", "أخرى"],
});

const rhythm = (seconds) => !seconds ? t("backups.manual")
  : seconds % 3_600 ? t("backups.every.minutes", { n: Math.max(1, Math.round(seconds / 60)) }) : t("backups.every.hours", { n: seconds / 3_600 });

/** The command that puts one back where it came from. Without `--data` it would go to `./data`, wherever one stands. */
const restoreCommand = ({ dir, data }, file) => `comptoir restore ${quoted(`${dir}/${file}`)} --data ${quoted(data)}`;
const quoted = (path) => (/^[\w./:\\-]+$/.test(path) ? path : `"${path}"`);

export function Backups() {
  const answer = useAnswer(() => get("backup"), [], 30_000);
  const [busy, act] = useAct();
  const make = async () => { if (await act(() => post("backup"), t("backups.done"))) answer.reload(); };
  const { dir, every_s, keep, backups = [] } = answer.data ?? {};
  const newest = backups.find(({ commit }) => commit !== null)?.file ?? "FILE.tar";
  return html`<${Page} title=${t("nav.backups")} sub=${t("backups.elsewhere")} answer=${answer}
    actions=${html`<${Button} kind="primary" icon="disk" busy=${busy} onClick=${make}>${t("backups.now")}<//>`}>
    <div class="card"><${Pairs} pairs=${[
      [t("backups.dir"), html`<code dir="ltr">${dir}</code>`], [t("backups.every"), rhythm(every_s)],
      [t("backups.keep"), every_s ? t("backups.keep.n", { n: keep }) : null],
    ]} /></div>
    <${Table} label=${t("nav.backups")} rows=${backups} keyOf=${({ file }) => file}
      empty=${html`<${Empty} icon="disk" title=${t("backups.none")} text=${t("backups.none.text")} />`} columns=${[
      { key: "at", label: t("when"), cell: ({ at }) => html`<${When} at=${at} text=${dateTime(at)} /> <span class="muted small">${ago(at)}</span>` },
      { key: "kind", label: t("backups.kind"), cell: ({ kind, commit }) => html`${t(`kind.${kind}`)} ${commit === null && html`<span class="chip danger">${t("backups.damaged")}</span>`}` },
      { key: "file", label: t("backups.file"), cell: ({ file }) => html`<code class="clip" dir="ltr" title=${file}>${file}</code>`, wide: true },
      { key: "commit", label: t("backups.commit"), cell: ({ commit }) => (commit === null ? "–" : number(commit)), number: true, wide: true },
      { key: "size", label: t("backups.size"), cell: (one) => bytes(one.bytes), number: true },
    ]} />
    <section class="section"><p><strong>${t("backups.restore.stop")}</strong> ${t("backups.restore")}</p><pre class="pre" dir="ltr" tabindex="0">${answer.data && restoreCommand(answer.data, newest)}</pre></section>
  <//>`;
}
