// The frame of a view (heading, actions, content), and the table that all views use.
import { html } from "../shared/view.js";
import { t } from "../shared/i18n.js";
import { Icon } from "../shared/components/icon.js";
import { Failed, Loading } from "../shared/components/states.js";

/** `answer`: from `useAnswer`; until it has data there is a skeleton, and an error where it fails. */
export function Page({ title, sub, actions, answer, children }) {
  const body = !answer || answer.data !== undefined ? children
    : answer.error ? html`<${Failed} error=${answer.error} onRetry=${answer.reload} />` : html`<${Loading} lines=${8} />`;
  return html`<div class="page">
    <header class="page-head"><div class="grow"><h1>${title}</h1>${sub && html`<p class="muted">${sub}</p>`}</div>
      ${actions && html`<div class="row wrap">${actions}</div>`}</header>
    ${answer?.data !== undefined && answer.error && html`<${Failed} error=${answer.error} onRetry=${answer.reload} />`}
    ${body}
  </div>`;
}

/** More rows than a person reads; the rest is found by filtering. */
const MOST = 500;

/**
 * `columns`: [{ key, label, cell(row), number, wide }]; `wide` ones are left out on narrow screens. `onRow(row)` makes the
 * first cell a button. Cells are text, or what a template makes of text.
 */
export function Table({ label, columns, rows, keyOf, onRow, empty }) {
  if (!rows.length) return empty ?? html`<div class="state"><p>${t("nothing.found")}</p></div>`;
  const kind = ({ key, number, wide }) => `${number ? "number" : ""} ${wide ? "wide-only" : ""} ${key === "actions" ? "at-end" : ""}`;
  return html`<div class="table-box" tabindex="0" role="group" aria-label=${label}><table class="table" aria-label=${label}>
    <thead><tr>${columns.map((column) => html`<th key=${column.key} scope="col" class=${kind(column)}>${column.label}</th>`)}</tr></thead>
    <tbody>${rows.slice(0, MOST).map((row) => html`<tr key=${keyOf(row)}>
      ${columns.map((column, i) => html`<td key=${column.key} class=${kind(column)}>
        ${onRow && i === 0 ? html`<button type="button" class="link-button" onClick=${() => onRow(row)}>${column.cell(row)}</button>` : column.cell(row)}</td>`)}
    </tr>`)}</tbody></table></div>
    ${rows.length > MOST && html`<p class="muted small">${t("shown.first", { n: MOST })}</p>`}`;
}

/** Names and values, one below the other. `pairs`: [[label, value]]; what has no value is left out. */
export function Pairs({ pairs }) {
  return html`<dl class="pairs">${pairs.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd dir="auto">${value}</dd></div>`)}</dl>`;
}

export function SearchBox({ label, value, onValue }) {
  return html`<div class="search-box"><${Icon} name="search" small=${true} /><input type="search" class="input search" aria-label=${label}
    placeholder=${label} value=${value} onInput=${(event) => onValue(event.target.value)} /></div>`;
}

/** "Firefox 128 · Windows" of what a browser says about itself; anything else as it is. */
export function agentName(text) {
  const browser = [["Edg(?:e|A|iOS)?", "Edge"], ["OPR", "Opera"], ["SamsungBrowser", "Samsung Internet"], ["(?:Firefox|FxiOS)", "Firefox"], ["(?:HeadlessChrome|Chrome|CriOS)", "Chrome"], ["Version(?=.* Safari/)", "Safari"]]
    .map(([mark, name]) => { const found = new RegExp(`\\b${mark}/(\\d+)`).exec(text); return found && `${name} ${found[1]}`; }).find(Boolean);
  const system = [[/Windows/, "Windows"], [/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/CrOS/, "ChromeOS"], [/Mac OS X|Macintosh/, "macOS"], [/Linux/, "Linux"]].find(([mark]) => mark.test(text))?.[1];
  return browser ? [browser, system].filter(Boolean).join(" · ") : text;
}

/** A time with the date in its tip. */
export const When = ({ at, text }) => html`<time datetime=${at} title=${at} class="nowrap">${text}</time>`;
