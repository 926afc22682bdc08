// How the hub is now, and how it was over the last minutes and hours.
import { html, useMemo, useState } from "../shared/view.js";
import { ago, bytes, number, t, words } from "../shared/i18n.js";
import { Icon } from "../shared/components/icon.js";
import { hub } from "../shared/hub.js";
import { get, useAnswer } from "./api.js";
import { Chart } from "./chart.js";
import { useHistory } from "./history.js";
import { Page } from "./page.js";
import { useRoles } from "./roles.js";

words({
  "overview.sub": ["{name} · version {version} · en marche depuis {uptime}", "{name} · version {version} · running for {uptime}", "{name} · الإصدار {version} · يعمل منذ {uptime}"],
  "overview.span": ["Période", "Period", "الفترة"],
  "overview.5": ["5 min", "5 min", "5 د"],
  "overview.15": ["15 min", "15 min", "15 د"],
  "overview.60": ["1 h", "1 h", "1 س"],
  "overview.1440": ["24 h", "24 h", "24 س"],
  "tile.sessions": ["Connexions ouvertes", "Open sessions", "الاتصالات المفتوحة"],
  "tile.requests": ["Requêtes par seconde", "Requests a second", "الطلبات في الثانية"],
  "tile.failed": ["{n} refusées/min", "{n} refused/min", "{n} مرفوضة/د"],
  "tile.messages": ["Messages par minute", "Messages a minute", "الرسائل في الدقيقة"],
  "tile.delay": ["Délai vers les postes (p95)", "Delay to the terminals (p95)", "التأخير إلى المحطات (p95)"],
  "tile.quiet": ["aucune écriture récente", "no write of late", "لا كتابة حديثة"],
  "tile.delay.p99": ["p99 : {value}", "p99: {value}", "p99: {value}"],
  "tile.reconnects": ["Reconnexions par minute", "Reconnections a minute", "إعادات الاتصال في الدقيقة"],
  "tile.slow": ["{n} trop lents", "{n} too slow", "{n} بطيئة جداً"],
  "tile.queues": ["En attente d’écriture", "Waiting to be written", "في انتظار الكتابة"],
  "tile.queues.read": ["{n} en attente de lecture", "{n} waiting to be read", "{n} في انتظار القراءة"],
  "tile.data": ["Base de l’application", "The app’s database", "قاعدة بيانات التطبيق"],
  "tile.wal": ["journal : {size}", "log: {size}", "السجل: {size}"],
  "tile.disk": ["Espace disque libre", "Free disk space", "المساحة الحرة"],
  "tile.hubdb": ["serveur : {size}", "hub: {size}", "الخادم: {size}"],
  "tile.logins": ["Connexions refusées", "Failed logins", "محاولات دخول فاشلة"],
  "tile.logins.hour": ["dans la dernière heure", "in the last hour", "في الساعة الأخيرة"],
  "tile.backup": ["Dernière sauvegarde", "Last backup", "آخر نسخة احتياطية"],
  "tile.backup.none": ["aucune", "none", "لا توجد"],
  "tile.backup.make": ["Sauvegarder", "Back up", "إنشاء نسخة"],
  "chart.sessions": ["Connexions par rôle", "Sessions by role", "الاتصالات حسب الدور"],
  "chart.requests": ["Requêtes par seconde", "Requests a second", "الطلبات في الثانية"],
  "chart.delay": ["De l’écriture validée au poste", "From commit to terminal", "من تثبيت الكتابة إلى المحطة"],
  "chart.messages": ["Messages par minute", "Messages a minute", "الرسائل في الدقيقة"],
  "chart.queues": ["Files d’attente", "Queues", "طوابير الانتظار"],
  "chart.size": ["Taille des bases", "Size of the databases", "حجم قواعد البيانات"],
  "line.all": ["toutes", "all", "الكل"],
  "line.failed": ["refusées", "refused", "المرفوضة"],
  "line.commits": ["écritures", "writes", "الكتابات"],
  "line.messages": ["messages", "messages", "الرسائل"],
  "line.reconnects": ["reconnexions", "reconnections", "إعادات الاتصال"],
  "line.writer": ["écriture", "writing", "كتابة"],
  "line.reader": ["lecture", "reading", "قراءة"],
  "line.audit": ["audit", "audit", "التدقيق"],
  "line.data": ["application", "app", "التطبيق"],
  "line.wal": ["journal", "log", "السجل"],
  "line.hub": ["serveur", "hub", "الخادم"],
  "line.nobody": ["personne", "nobody", "لا أحد"],
  "worry.backup": ["Aucune sauvegarde régulière n’est prévue, et la dernière date de {when}. Un disque qui meurt emporterait tout depuis.", "No backups are made by the clock, and the last is of {when}. A disk that dies would take everything since with it.", "لا نسخ احتياطية مجدولة، وآخر نسخة كانت {when}. تعطل القرص يضيع كل ما بعدها."],
  "worry.backup.none": ["Il n’existe aucune sauvegarde. Faites-en une maintenant, puis réglez « backup.every_s ».", "There is no backup at all. Make one now, then set “backup.every_s”.", "لا توجد أي نسخة احتياطية. أنشئ واحدة الآن ثم اضبط backup.every_s."],
  "worry.disk": ["Il reste {size} sur le disque. Les écritures échoueront quand il sera plein.", "There are {size} left on the disk. Writes fail once it is full.", "بقي {size} على القرص. ستفشل الكتابة عند امتلائه."],
  "worry.plain": ["Les mots de passe circulent en clair sur le réseau : TLS n’est pas installé.", "Passwords cross the network unencrypted: TLS is not set up.", "كلمات المرور تمر عبر الشبكة دون تشفير: لم يُعدّ TLS."],
  "worry.open": ["Voir", "Look", "عرض"],
  "uptime.days": ["{d} j {h} h", "{d} d {h} h", "{d} ي {h} س"],
  "uptime.hours": ["{h} h {m} min", "{h} h {m} min", "{h} س {m} د"],
  "uptime.minutes": ["{m} min", "{m} min", "{m} د"],
});

/** Minutes shown, and which of the hub's two memories holds them. */
const SPANS = [[5, "hour"], [15, "hour"], [60, "hour"], [1_440, "day"]];
const LITTLE_DISK = 1_000_000_000;
const OLD_BACKUP_MS = 2 * 86_400_000;

const rate = (value) => number(value ?? 0, { maximumFractionDigits: value < 10 ? 1 : 0 });
const delay = (seconds) => seconds === null || seconds === undefined ? "–"
  : seconds < 0.001 ? number(Math.round(seconds * 1e6), { style: "unit", unit: "microsecond" })
  : seconds < 1 ? number(seconds * 1e3, { style: "unit", unit: "millisecond", maximumFractionDigits: seconds < 0.01 ? 1 : 0 })
  : number(seconds, { style: "unit", unit: "second", maximumFractionDigits: 1 });
const short = (size) => number(size, { notation: "compact", style: "unit", unit: "byte", unitDisplay: "narrow", maximumFractionDigits: 1 });

export function Overview() {
  const [minutes, setMinutes] = useState(15);
  const span = SPANS.find(([length]) => length === minutes)[1];
  const { history, error } = useHistory(span);
  const answer = { data: history ?? undefined, error, reload: () => {} };
  const info = useAnswer(() => hub().http("GET", "/api/info"), [], 60_000).data;
  const backups = useAnswer(() => get("backup"), [], 60_000).data;
  const network = useAnswer(() => get("network")).data;
  const roles = useRoles();
  const choice = html`<div class="segments" role="group" aria-label=${t("overview.span")}>${SPANS.map(([length]) => html`<button key=${length} type="button"
    aria-pressed=${minutes === length} onClick=${() => setMinutes(length)}>${t(`overview.${length}`)}</button>`)}</div>`;
  const sub = info && t("overview.sub", { name: info.hostname, version: info.version, uptime: uptime(info.uptime_s) });
  return html`<${Page} title=${t("nav.overview")} sub=${sub ?? " "} actions=${choice} answer=${answer}>
    <${Worries} history=${history} backups=${backups} network=${network} />
    ${history && html`<${Tiles} history=${history} backups=${backups} roles=${roles} /><${Charts} history=${history} minutes=${minutes} titleOf=${roles.title} />`}
  <//>`;
}

function uptime(seconds) {
  const [d, h, m] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  return t(`uptime.${d ? "days" : h ? "hours" : "minutes"}`, { d, h, m });
}

/** What a person should do something about. */
function Worries({ history, backups, network }) {
  const free = history?.series.disk_free_bytes.at(-1);
  const last = backups?.backups.find(({ commit }) => commit !== null);
  const worries = [
    backups && !last && ["danger", t("worry.backup.none"), "#/backups"],
    backups && last && !backups.every_s && Date.now() - new Date(last.at) > OLD_BACKUP_MS && ["warn", t("worry.backup", { when: ago(last.at) }), "#/backups"],
    free > 0 && free < LITTLE_DISK && ["danger", t("worry.disk", { size: bytes(free) }), "#/backups"],
    network && !network.ports.https && network.plain_http && network.addresses.some(({ loopback }) => !loopback) && ["warn", t("worry.plain"), "#/network"],
  ].filter(Boolean);
  return worries.map(([kind, text, link]) => html`<div key=${text} class=${`notice ${kind}`}><${Icon} name="alert" /><span class="grow">${text}</span>
    <a class="link-button" href=${link}>${t("worry.open")}</a></div>`);
}

function Tiles({ history, backups, roles }) {
  const { series, sessions } = history;
  const now = (name) => series[name].at(-1);
  // Rates over the last minute: one quiet interval is no news.
  const count = Math.max(1, Math.min(history.at.length, Math.round(60 / 5)));
  const mean = (name) => {
    const values = series[name].slice(-count);
    return values.reduce((sum, value) => sum + (value ?? 0), 0) / Math.max(1, values.length);
  };
  const latest = (name) => series[name].findLast((value) => value !== null);
  const open = Object.values(sessions).reduce((sum, values) => sum + values.at(-1), 0);
  const byRole = Object.entries(sessions).filter(([, values]) => values.at(-1) > 0).map(([role, values]) => `\u2068${roles.title(role)}\u2069 ${number(values.at(-1))}`).join(" · ");
  const last = backups?.backups.find(({ commit }) => commit !== null);
  // Rates become a number again: each holds for the time since the one before.
  const hour = history.at.at(-1) - 3_600_000;
  const failedLogins = history.at.reduce((sum, at, i) => sum + (i > 0 && at > hour ? (series.failed_logins[i] ?? 0) * (at - history.at[i - 1]) / 1000 : 0), 0);
  return html`<div class="tiles">
    <${Tile} label=${t("tile.sessions")} value=${number(open)} under=${byRole} />
    <${Tile} label=${t("tile.requests")} value=${rate(mean("requests"))} under=${t("tile.failed", { n: Math.round(mean("failed") * 60) })} />
    <${Tile} label=${t("tile.messages")} value=${number(Math.round(mean("messages") * 60))} />
    <${Tile} label=${t("tile.delay")} value=${delay(latest("commit_to_socket_p95"))}
      under=${latest("commit_to_socket_p99") === undefined ? t("tile.quiet") : t("tile.delay.p99", { value: delay(latest("commit_to_socket_p99")) })} />
    <${Tile} label=${t("tile.reconnects")} value=${number(Math.round(mean("reconnects") * 60))} under=${t("tile.slow", { n: Math.round(mean("slow_consumers") * 60) })} />
    <${Tile} label=${t("tile.logins")} value=${number(Math.round(failedLogins))} under=${t("tile.logins.hour")} />
    <${Tile} label=${t("tile.queues")} value=${number(now("writer_queue") ?? 0)} under=${t("tile.queues.read", { n: now("reader_queue") ?? 0 })} />
    <${Tile} label=${t("tile.data")} value=${bytes(now("data_db_bytes") ?? 0)} under=${t("tile.wal", { size: bytes(now("data_wal_bytes") ?? 0) })} />
    <${Tile} label=${t("tile.disk")} value=${bytes(now("disk_free_bytes") ?? 0)} under=${t("tile.hubdb", { size: bytes(now("hub_db_bytes") ?? 0) })}
      bad=${now("disk_free_bytes") > 0 && now("disk_free_bytes") < LITTLE_DISK} />
    <${Tile} label=${t("tile.backup")} value=${last ? ago(last.at) : backups ? t("tile.backup.none") : "–"} under=${last ? bytes(last.bytes) : ""} bad=${backups && !last} />
  </div>`;
}

const Tile = ({ label, value, under, bad }) => html`<div class=${`tile ${bad ? "bad" : ""}`}><div class="label">${label}</div>
  <div class="value">${value}</div><div class="under clip" title=${under}>${under}</div></div>`;

function Charts({ history, minutes, titleOf }) {
  const at = useMemo(() => history.at.map((ms) => ms / 1000), [history]);
  // A hub that just started fills the width with what it has.
  const now = at.at(-1) ?? Date.now() / 1000;
  const from = Math.min(Math.max(now - minutes * 60, at[0] ?? 0), now - 60);
  const line = (label, name, by = 1) => ({ label: t(label), values: by === 1 ? history.series[name] : history.series[name].map((value) => value === null ? null : value * by) });
  const roles = Object.entries(history.sessions).sort(([a], [b]) => a.localeCompare(b)).slice(0, 5).map(([role, values]) => ({ label: titleOf(role), values }));
  const whole = (value) => number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
  return html`<div class="charts">
    <${Chart} title=${t("chart.sessions")} at=${at} from=${from} whole=${true} show=${whole} series=${roles.length ? roles : [{ label: t("line.nobody"), values: at.map(() => 0) }]} />
    <${Chart} title=${t("chart.requests")} at=${at} from=${from} show=${rate} series=${[line("line.all", "requests"), line("line.failed", "failed"), line("line.commits", "commits")]} />
    <${Chart} title=${t("chart.delay")} at=${at} from=${from} show=${delay}
      series=${["p50", "p95", "p99"].map((name) => ({ label: name, values: history.series[`commit_to_socket_${name}`] }))} />
    <${Chart} title=${t("chart.messages")} at=${at} from=${from} whole=${true} show=${whole} series=${[line("line.messages", "messages", 60), line("line.reconnects", "reconnects", 60)]} />
    <${Chart} title=${t("chart.queues")} at=${at} from=${from} whole=${true} show=${whole} series=${[line("line.writer", "writer_queue"), line("line.reader", "reader_queue"), line("line.audit", "audit_pending")]} />
    <${Chart} title=${t("chart.size")} at=${at} from=${from} show=${short} series=${[line("line.data", "data_db_bytes"), line("line.wal", "data_wal_bytes"), line("line.hub", "hub_db_bytes")]} />
  </div>`;
}
