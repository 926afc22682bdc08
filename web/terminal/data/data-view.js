// The data view: tables, actions (the pack's functions) and, for roles that may, SQL.
import { html, useEffect, useState } from "../../shared/view.js";
import { useStore } from "../../shared/store.js";
import { t, titleOf } from "../../shared/i18n.js";
import { Icon } from "../../shared/components/icon.js";
import { Empty, Failed, Loading } from "../../shared/components/states.js";
import { me, schema, loadMe } from "../account.js";
import { TablePane } from "./table-pane.js";
import { FunctionPane } from "./function-pane.js";
import { SqlPane } from "./sql-pane.js";
import { readableTables } from "./readable.js";
import "./words.js";

/** `what`: ["table", name], ["run", function] or ["sql"]. */
export function DataView({ what }) {
  const who = useStore(me), tables = useStore(schema);
  const [error, setError] = useState(null);
  const load = () => { setError(null); loadMe().catch(setError); };
  useEffect(() => { if (!tables) load(); }, []);
  if (error && !tables) return html`<div class="pane"><${Failed} error=${error} onRetry=${load} /></div>`;
  if (!who || !tables) return html`<div class="pane"><${Loading} /></div>`;
  const [kind, name] = what;
  return html`<div class=${`data ${kind ? "has-main" : ""}`}>
    <${Contents} who=${who} schema=${tables} chosen=${what} />
    <section class="data-main pane" aria-label=${nameOf(kind, name, tables) ?? t(kind === "sql" ? "data.sql" : "nav.data")}>${main(kind, name, who, tables)}</section>
  </div>`;
}

function main(kind, name, who, schema) {
  if (kind === "table") {
    const table = readableTables(schema).find((one) => one.name === name);
    if (table) return html`<${TablePane} key=${name} table=${table} raw=${mayWriteSql(who)} />`;
  }
  if (kind === "run") {
    const called = schema.functions.find((one) => one.name === name);
    if (called) return html`<${FunctionPane} key=${name} called=${called} raw=${mayWriteSql(who)} />`;
  }
  if (kind === "sql" && mayWriteSql(who)) return html`<${SqlPane} />`;
  return html`<${Empty} icon="table" title=${t("data.choose")} text=${t("data.choose.why")} />`;
}

function nameOf(kind, name, { tables, functions }) {
  const found = { table: tables, run: functions }[kind]?.find((one) => one.name === name);
  return found && titleOf(found);
}

const mayWriteSql = (who) => who.role.raw_sql || who.role.admin;

const byTitle = (all) => [...all].sort((a, b) => titleOf(a).localeCompare(titleOf(b)));

function Contents({ who, schema, chosen }) {
  const [text, setText] = useState("");
  const fits = (one) => `${one.name} ${titleOf(one)}`.toLowerCase().includes(text.trim().toLowerCase());
  const tables = readableTables(schema).filter(fits);
  const functions = schema.functions.filter(fits);
  const item = (kind, one, icon) => { const { name } = one; return html`<li key=${`${kind}/${name}`}><a class="side-item" href=${`#/data/${kind}/${encodeURIComponent(name)}`}
    aria-current=${chosen[0] === kind && chosen[1] === name ? "page" : undefined}><${Icon} name=${icon} small /><span class="clip" dir="auto" title=${name}>${titleOf(one)}</span></a></li>`; };
  return html`<nav class="side pane scroll" aria-label=${t("nav.data")}>
    <div class="side-top"><div class="search-box"><${Icon} name="search" small /><input type="search" class="input search" placeholder=${t("search")} aria-label=${t("data.find")} value=${text} onInput=${(e) => setText(e.target.value)} /></div></div>
    ${mayWriteSql(who) && html`<a class="side-item" href="#/data/sql" aria-current=${chosen[0] === "sql" ? "page" : undefined}><${Icon} name="code" small /><span>${t("data.sql")}</span></a>`}
    <h2 class="side-heading">${t("data.functions")}</h2>
    <ul class="side-list">${byTitle(functions).map((one) => item("run", one, "run"))}</ul>
    <h2 class="side-heading">${t("data.tables")}</h2>
    ${tables.length === 0 && !text && html`<p class="muted small side-note">${t("data.none")}</p>`}
    <ul class="side-list">${byTitle(tables).map((one) => item("table", one, "table"))}</ul>
  </nav>`;
}
