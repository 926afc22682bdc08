// What a statement or a function answered, as a table that can be exported.
import { html, useMemo } from "../../shared/view.js";
import { t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { DataGrid, valueText } from "../../shared/components/data-grid.js";
import { Empty } from "../../shared/components/states.js";
import { csv, download } from "../../shared/csv.js";

export function ResultTable({ label, names, titles, rows, truncated }) {
  const numbered = useMemo(() => new Map(rows.map((row, i) => [row, i])), [rows]);
  if (rows.length === 0) return html`<${Empty} icon="table" title=${t("data.empty")} />`;
  return html`<div class="result-head"><span class="muted small grow">${truncated ? t("data.truncated", { n: rows.length }) : t("data.rows", { n: rows.length })}</span>
      <${Button} icon="download" kind="quiet" label=${t("data.export")} onClick=${() => download(`${label}.csv`, csv(names, rows, valueText))}>CSV<//></div>
    <div class="result-grid" style=${{ blockSize: `${Math.min(rows.length * 34 + 48, 520)}px` }}>
      <${DataGrid} label=${label} names=${names} titles=${titles} rows=${rows} keyOf=${(row) => numbered.get(row)} /></div>`;
}
