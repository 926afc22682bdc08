// One table, live: rows that change light up once.
import { html, useEffect, useMemo, useState } from "../../shared/view.js";
import { dateTime, lang, t, titleOf } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { DataGrid, shownText, valueText } from "../../shared/components/data-grid.js";
import { Icon } from "../../shared/components/icon.js";
import { Empty, Failed, Loading } from "../../shared/components/states.js";
import { csv, download } from "../../shared/csv.js";
import { FLASH, KEY, liveTable } from "./live-table.js";

/** `raw`: names of the database beside what people call them. */
export function TablePane({ table, raw }) {
  const names = useMemo(() => table.columns.map(({ name }) => name), [table]);
  const titles = useMemo(() => Object.fromEntries(table.columns.filter(({ title }) => title).map((column) => [column.name, titleOf(column)])), [table, lang()]);
  const [state, setState] = useState({ rows: null });
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    const live = liveTable(table, setState);
    return () => live.close();
  }, [table.name, round]);

  const { rows, error, truncated } = state;
  const shown = useMemo(() => filtered(rows ?? [], names, text), [rows, text]);
  const row = chosen !== null && rows?.find((one) => one.key === chosen);
  const count = !rows ? "" : truncated ? t("data.truncated", { n: rows.length })
    : text ? t("data.rows.of", { shown: shown.length, n: rows.length }) : t("data.rows", { n: rows.length });

  return html`
    <header class="pane-head">
      <a class="button quiet icon-only narrow-only" href="#/data" aria-label=${t("back")}><${Icon} name="back" /></a>
      <h1 class="clip" dir="auto" title=${table.name}>${titleOf(table)}</h1>${raw && table.title && html`<code class="muted small clip" dir="ltr">${table.name}</code>`}
      ${rows && !error && html`<span class="chip good"><span class="dot online inline"></span>${t("data.live")}</span>`}
      <span class="muted small number grow clip" role="status">${count}</span>
      <div class="search-box filter"><${Icon} name="search" small /><input type="search" class="input search" placeholder=${t("data.filter")} aria-label=${t("data.filter")} value=${text} onInput=${(e) => setText(e.target.value)} /></div>
      <${Button} icon="download" class="wide-text" label=${t("data.export")} disabled=${!rows}
        onClick=${() => download(`${table.name}.csv`, csv(names, shown.map(({ values }) => values), valueText))}>CSV<//>
    </header>
    ${error && !rows ? html`<${Failed} error=${error} onRetry=${() => setRound(round + 1)} />`
      : !rows ? html`<${Loading} lines=${12} block="1.6rem" />`
      : html`<div class="with-detail">
          <${DataGrid} label=${titleOf(table)} names=${names} titles=${titles} rows=${shown.map(({ values }) => values)} keyOf=${(values) => values[KEY]}
            order=${newestFirst(table)} flashOf=${(values) => values[FLASH]} chosen=${chosen} onRow=${(values) => setChosen(values[KEY] === chosen ? null : values[KEY])}
            empty=${html`<${Empty} icon="table" title=${t(text ? "data.no-match" : "data.empty")} />`} />
          ${row && html`<${RowDetail} table=${table} raw=${raw} row=${row} onClose=${() => setChosen(null)} />`}
        </div>`}`;
}


/** A table of things that happen shows the latest first. */
function newestFirst({ key, columns }) {
  const happens = columns.some(({ name }) => /^(at|date|created_at|horodatage)$/i.test(name));
  return happens && key.length === 1 && columns.some(({ name }) => name === key[0]) ? { name: key[0], down: true } : null;
}

function filtered(rows, names, text) {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return rows;
  return rows.filter(({ values }) => names.some((name) => valueText(values[name]).toLowerCase().includes(wanted) || shownText(values[name]).toLowerCase().includes(wanted)));
}

function RowDetail({ table, raw, row, onClose }) {
  return html`<aside class="detail scroll" aria-label=${t("data.row")}>
    <div class="row"><h2 class="grow">${t("data.row")}</h2><${Button} icon="close" kind="quiet" label=${t("close")} onClick=${onClose} /></div>
    ${row.by && html`<p class="muted small" dir="auto">${t("data.changed-by", { name: row.by })} · ${dateTime(row.at)}</p>`}
    <dl class="pairs">${table.columns.map((column) => { const { name } = column; return html`<div key=${name}><dt dir="auto" title=${name}>${titleOf(column)}${raw && html` <code class="small" dir="ltr">${column.title ? `${name} ` : ""}${column.type}</code>`}</dt>
      <dd dir="auto">${row.values[name] === null ? html`<span class="muted">${t("data.null")}</span>` : shownText(row.values[name])}</dd></div>`; })}</dl>
  </aside>`;
}
