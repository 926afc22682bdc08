// A table of any number of rows: only those in view are drawn; the columns take their widths from the first rows.
import { html, useMemo, useRef, useState } from "../view.js";
import { dateTime, t } from "../i18n.js";
import { FixedList } from "./virtual-list.js";
import { Icon } from "./icon.js";

const ROW_HEIGHT = 34;

/** How a value of the database is shown. Always text. */
export function valueText(value) {
  if (value === null || value === undefined) return "";
  if (value instanceof Uint8Array) return `⟨${value.length} B⟩`;
  if (typeof value === "object") return "$blob_bytes" in value ? `⟨${value.$blob_bytes} B⟩` : JSON.stringify(value);
  return String(value);
}

/** As `valueText`, for people: a moment in the form of their country. */
export function shownText(value) {
  const isMoment = typeof value === "string" && value.length < 30 && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value) && !Number.isNaN(Date.parse(value));
  return isMoment ? dateTime(value) : valueText(value);
}

const isNumber = (value) => typeof value === "number" || typeof value === "bigint";

/** Room beside the text of a cell, and of a heading with its arrow, px. */
const AROUND = 28, AROUND_HEADING = 44;
/** What a column is given for itself, and what it takes where there is room, px. */
const LEAST = 76, WANTED = 300, MOST = 640;

let pen;
/** How wide a text is in a cell, px. */
function widthOf(text) {
  if (!pen) {
    pen = document.createElement("canvas").getContext("2d");
    // As `.grid-row` in components.css.
    const { fontFamily } = getComputedStyle(document.body), { fontSize } = getComputedStyle(document.documentElement);
    pen.font = `500 ${0.9 * parseFloat(fontSize)}px ${fontFamily}`;
  }
  return pen.measureText(text.slice(0, 120)).width;
}

/** Columns for arrays of objects: [{ name, number, width, full }]. `titles`: what people call them, by name. `full`: what would show everything, within reason. */
export function columnsOf(names, rows, titles = {}) {
  const sample = rows.slice(0, 200);
  return names.map((name) => {
    const values = sample.map((row) => row[name]);
    const filled = values.filter((value) => value !== null && value !== undefined);
    const number = filled.length > 0 && filled.every(isNumber);
    const widest = Math.max(widthOf(titles[name] ?? name) + AROUND_HEADING, ...filled.map((value) => widthOf(shownText(value)) + AROUND));
    const full = Math.ceil(Math.min(Math.max(widest, LEAST), MOST));
    return { name, number, width: Math.min(full, WANTED), full };
  });
}

/** `order`: { name, down } at first. `rows`: objects; `keyOf(row)`; `flashOf(row)`: a number that rises when the row changed, or 0. */
export function DataGrid({ label, names, titles = {}, rows, keyOf, flashOf = () => 0, onRow, chosen, empty, order = null }) {
  const [sort, setSort] = useState(order);
  const widthsOf = useRef(null);
  // Widths are settled by the first rows that come and then stay: nothing jumps while changes stream in.
  const settled = `${names.map((name) => titles[name] ?? name).join("\n")}|${rows.length > 0}`;
  if (widthsOf.current?.settled !== settled) widthsOf.current = { settled, columns: columnsOf(names, rows, titles) };
  const columns = widthsOf.current.columns;
  const sorted = useMemo(() => (sort ? [...rows].sort(by(sort)) : rows), [rows, sort]);
  // What is left of the width goes to a last column of text, or stays empty: a number far from its row is hard to read.
  const template = columns.map(({ width, full, number }, i) => (i < columns.length - 1 ? `minmax(${width}px, ${full}px)` : number ? `${width}px 1fr` : `minmax(${width}px, 1fr)`)).join(" ");
  const total = columns.reduce((sum, { width }) => sum + width, 0);

  const header = html`<div class="grid-head" role="row" style=${{ gridTemplateColumns: template }}>
    ${columns.map(({ name, number }) => html`<div key=${name} role="columnheader" class=${number ? "number" : ""}
      aria-sort=${sort?.name === name ? (sort.down ? "descending" : "ascending") : "none"}>
      <button type="button" title=${`${t("data.sort", { name: titles[name] ?? name })}${titles[name] ? ` (${name})` : ""}`} onClick=${() => setSort(next(sort, name))}>
        <span class="clip" dir="auto">${titles[name] ?? name}</span>${sort?.name === name && html`<span aria-hidden="true">${sort.down ? "▾" : "▴"}</span>`}</button></div>`)}
  </div>`;
  const render = (row, index) => {
    const key = keyOf(row), flash = flashOf(row);
    return html`<div key=${flash} role="row" aria-rowindex=${index + 2} aria-selected=${onRow ? String(chosen === key) : undefined}
      class=${`grid-row ${index % 2 ? "odd" : ""} ${flash ? "flash" : ""} ${onRow ? "can" : ""}`} style=${{ gridTemplateColumns: template, blockSize: `${ROW_HEIGHT}px` }}
      onClick=${onRow && (() => onRow(row))}>
      ${columns.map(({ name, number }, i) => html`<div key=${name} role="cell" class=${`clip ${number ? "number" : ""}`} dir="auto" title=${valueText(row[name])}>
        ${/* its click is the row's */ onRow && i === 0 ? html`<button type="button" class="cell-button">${cell(row[name])}</button>` : cell(row[name])}</div>`)}
    </div>`;
  };
  return html`<div class="grid" role="table" aria-label=${label} aria-rowcount=${rows.length + 1} aria-colcount=${columns.length}>
    <${FixedList} class="grid-body" items=${sorted} rowHeight=${ROW_HEIGHT} keyOf=${keyOf} render=${render} header=${header}
      role="rowgroup" aria-label=${label} style=${{ "--grid-width": `${total}px` }} footer=${rows.length === 0 && empty} />
  </div>`;
}

const cell = (value) => (value === null || value === undefined ? html`<span class="null" title=${t("data.null")}><span aria-hidden="true">—</span><span class="sr-only">${t("data.null")}</span></span>` : shownText(value));

const next = (sort, name) => (sort?.name !== name ? { name, down: false } : sort.down ? null : { name, down: true });
const collator = new Intl.Collator(undefined, { numeric: true });
const by = ({ name, down }) => (a, b) => {
  const [x, y] = [a[name], b[name]];
  const order = x === y ? 0 : x === null || x === undefined ? -1 : y === null || y === undefined ? 1
    : isNumber(x) && isNumber(y) ? (x < y ? -1 : 1) : collator.compare(valueText(x), valueText(y));
  return down ? -order : order;
};
