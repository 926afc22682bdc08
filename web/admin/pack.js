// The app pack that is served: its roles, functions and migrations.
import { html, useMemo, useState } from "../shared/view.js";
import { t, words } from "../shared/i18n.js";
import { Dialog } from "../shared/components/dialog.js";
import { Empty } from "../shared/components/states.js";
import { get, useAnswer } from "./api.js";
import { Page, Pairs, SearchBox, Table } from "./page.js";

words({
  "pack.none": ["Sans application", "No app pack", "بدون تطبيق"],
  "pack.none.text": ["Seuls les administrateurs peuvent agir. Relancez le serveur avec --app DOSSIER.", "Only administrators can do anything. Start the hub with --app DIR.", "لا يعمل إلا المديرون. شغّل الخادم مع ‎--app DIR."],
  "pack.embedded": ["comprise dans le programme", "inside the program", "ضمن البرنامج"],
  "pack.directory": ["Dossier", "Directory", "المجلد"],
  "pack.tables": ["Tables", "Tables", "الجداول"],
  "pack.migrations": ["Migrations", "Migrations", "الترحيلات"],
  "pack.roles": ["Rôles", "Roles", "الأدوار"],
  "pack.functions": ["Fonctions", "Functions", "الدوال"],
  "pack.functions.filter": ["Filtrer les fonctions", "Filter functions", "تصفية الدوال"],
  "pack.name": ["Nom", "Name", "الاسم"],
  "pack.params": ["Paramètres", "Parameters", "المعاملات"],
  "pack.who": ["Qui", "Who", "من"],
  "pack.route": ["Route", "Route", "المسار"],
  "pack.kind": ["Nature", "Kind", "النوع"],
  "pack.reads": ["lecture", "reads", "قراءة"],
  "pack.writes": ["écriture", "writes", "كتابة"],
  "pack.statements": ["Instructions", "Statements", "التعليمات"],
  "pack.source": ["Source", "Source", "المصدر"],
  "pack.admins": ["administrateurs", "administrators", "المديرون"],
  "pack.login": ["Se connecte", "Logs in", "يدخل من"],
  "pack.rights": ["Droits", "Rights", "الصلاحيات"],
  "login.server": ["sur le serveur", "at the hub", "من الخادم"],
  "login.client": ["depuis les postes", "from terminals", "من المحطات"],
  "login.anywhere": ["de partout", "from anywhere", "من أي مكان"],
  "right.admin": ["administre", "administers", "يدير"],
  "right.raw_sql": ["SQL libre", "raw SQL", "SQL حر"],
  "right.notify": ["notifie", "notifies", "يُشعر"],
  "right.open_calls": ["appelle", "opens calls", "يفتح المكالمات"],
  "right.external": ["externe", "external", "خارجي"],
  "pack.access": ["Tables accessibles", "Tables it may use", "الجداول المتاحة"],
});

export function Pack() {
  const answer = useAnswer(() => get("pack"));
  const [filter, setFilter] = useState(""), [opened, setOpened] = useState(null);
  const pack = answer.data;
  const titles = new Map((pack?.roles ?? []).map(({ name, title }) => [name, title]));
  const names = (roles) => roles.map((name) => titles.get(name) ?? name).join(", ");
  const functions = useMemo(() => (pack?.functions ?? []).filter(({ name }) => name.toLowerCase().includes(filter.trim().toLowerCase())), [pack, filter]);
  return html`<${Page} title=${t("nav.pack")} sub=${pack?.title} answer=${answer}>
    ${pack && (pack.name ? html`<div class="card"><${Pairs} pairs=${[
      [t("pack.name"), pack.name], [t("pack.directory"), pack.directory ? html`<code dir="ltr">${pack.directory}</code>` : t("pack.embedded")],
      [t("pack.migrations"), pack.migrations.map(({ file }) => file.replace("migrations/", "")).join(", ") || t("none")],
      [t("pack.tables"), html`<span dir="ltr">${pack.tables.map(({ name }) => name).join(", ") || t("none")}</span>`],
    ]} /></div>` : html`<${Empty} icon="function" title=${t("pack.none")} text=${t("pack.none.text")} />`)}
    <section class="section"><h2>${t("pack.roles")}</h2>
      <${Table} label=${t("pack.roles")} rows=${pack?.roles ?? []} keyOf=${({ name }) => name} columns=${[
        { key: "role", label: t("role"), cell: ({ name, title }) => html`<span dir="auto">${title}</span> ${title !== name && html`<code class="muted small" dir="ltr">${name}</code>`}` },
        { key: "login", label: t("pack.login"), cell: ({ login_from }) => t(`login.${login_from}`) },
        { key: "rights", label: t("pack.rights"), cell: (role) => html`<span class="row wrap">${["admin", "raw_sql", "notify", "open_calls", "external"].filter((right) => role[right])
          .map((right) => html`<span key=${right} class=${`chip ${right === "admin" ? "accent" : ""}`}>${t(`right.${right}`)}</span>`)}</span>` },
        { key: "access", label: t("pack.access"), wide: true, cell: ({ admin, tables }) => (admin ? t("everyone.tables") : html`<span class="small" dir="ltr">${Object.entries(tables).map(([name, may]) =>
          `${name} (${["select", "insert", "update", "delete"].filter((right) => may[right]).map((right) => right[0].toUpperCase()).join("")})`).join(", ")}</span>`) },
      ]} />
      <p class="muted small wide-only">${t("pack.access.how")}</p></section>
    <section class="section"><h2>${t("pack.functions")}</h2>
      <div class="toolbar"><${SearchBox} label=${t("pack.functions.filter")} value=${filter} onValue=${setFilter} /></div>
      <${Table} label=${t("pack.functions")} rows=${functions} keyOf=${({ name }) => name} onRow=${setOpened} columns=${[
        { key: "name", label: t("pack.name"), cell: ({ name }) => html`<code dir="ltr">${name}</code>` },
        { key: "params", label: t("pack.params"), cell: ({ params }) => html`<span class="small" dir="ltr">${params.map(({ name, type, optional }) => `${name}: ${type}${optional ? "?" : ""}`).join(", ")}</span>`, wide: true },
        { key: "kind", label: t("pack.kind"), cell: ({ read_only, cardinality }) => html`<span class=${`chip ${read_only ? "" : "info"}`}>${t(read_only ? "pack.reads" : "pack.writes")}</span> <code class="small muted" dir="ltr">:${cardinality}</code>` },
        { key: "who", label: t("pack.who"), cell: ({ roles }) => html`<span dir="auto">${names(roles) || t("pack.admins")}</span>` },
        { key: "route", label: t("pack.route"), cell: ({ route }) => route && html`<code class="small" dir="ltr">${route.method} ${route.path}</code>`, wide: true },
      ]} /></section>
    ${opened && html`<${Dialog} title=${opened.name} wide=${true} onClose=${() => setOpened(null)}>
      <${Pairs} pairs=${[
        [t("pack.params"), html`<span dir="ltr">${opened.params.map(({ name, type, optional }) => `${name}: ${type}${optional ? "?" : ""}`).join(", ") || t("none")}</span>`],
        [t("pack.who"), names(opened.roles) || t("pack.admins")], [t("pack.route"), opened.route && html`<code dir="ltr">${opened.route.method} ${opened.route.path}</code>`],
        [t("pack.source"), html`<code dir="ltr">${opened.file}:${opened.line}</code>`],
      ]} />
      <section class="section"><h3>${t("pack.statements")}</h3>${opened.statements.map((sql, i) => html`<pre key=${i} class="pre" dir="ltr" tabindex="0">${sql}</pre>`)}</section>
    <//>`}
  <//>`;
}

words({
  "everyone.tables": ["toutes", "all", "الكل"],
  "pack.access.how": ["S : lire · I : ajouter · U : modifier · D : supprimer", "S: read · I: add · U: change · D: delete", "S: قراءة · I: إضافة · U: تعديل · D: حذف"],
});
