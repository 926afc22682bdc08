// A statement of one's own, for roles that may.
import { html, useState } from "../../shared/view.js";
import { t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { Field } from "../../shared/components/field.js";
import { Icon } from "../../shared/components/icon.js";
import { errorText } from "../../shared/components/states.js";
import { hub } from "../../shared/hub.js";
import { ResultTable } from "./result.js";

/** Of this page's life only: a statement may hold data. */
const recent = [];

export function SqlPane() {
  const [query, setQuery] = useState(recent[0] ?? "SELECT ");
  const [outcome, setOutcome] = useState(null);
  const [busy, setBusy] = useState(false);

  async function run(event) {
    event?.preventDefault();
    if (!query.trim() || busy) return;
    setBusy(true);
    try {
      const { columns, rows, rows_affected, truncated } = await hub().query(query);
      const names = unique(columns ?? []);
      setOutcome({ names, rows: (rows ?? []).map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]]))), affected: rows_affected, truncated });
      if (recent[0] !== query) recent.unshift(query);
      recent.splice(12);
    } catch (error) {
      setOutcome({ error });
    } finally {
      setBusy(false);
    }
  }
  const keys = (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(event); };

  return html`
    <header class="pane-head"><a class="button quiet icon-only narrow-only" href="#/data" aria-label=${t("back")}><${Icon} name="back" /></a><h1>${t("data.sql")}</h1></header>
    <div class="form-page scroll">
      <form class="card form-card wide" method="dialog" onSubmit=${run}>
        <${Field} label=${t("data.sql.label")} hint=${t("data.sql.hint")} rows=${5} class="mono" dir="ltr" spellcheck=${false} autocapitalize="none" value=${query} onValue=${setQuery} onKeyDown=${keys} />
        <div class="row wrap"><${Button} kind="primary" icon="run" type="submit" busy=${busy}>${t(busy ? "data.run.busy" : "data.run")}<//>
          ${recent.length > 1 && html`<select class="input" style=${{ inlineSize: "14rem" }} aria-label=${t("data.sql.history")} onChange=${(e) => { setQuery(recent[e.target.value]); e.target.value = ""; }}>
            <option value="">${t("data.sql.history")}</option>${recent.map((one, i) => html`<option key=${one} value=${i}>${one.slice(0, 80)}</option>`)}</select>`}</div>
      </form>
      <div class="result" aria-live="polite">
        ${outcome?.error && html`<p class="notice danger" role="alert"><${Icon} name="alert" />${errorText(outcome.error)}</p>`}
        ${outcome?.names?.length > 0 && html`<${ResultTable} label="query" names=${outcome.names} rows=${outcome.rows} truncated=${outcome.truncated} />`}
        ${outcome?.names?.length === 0 && html`<p class="notice good"><${Icon} name="check" />${t("data.affected", { n: outcome.affected ?? 0 })}</p>`}
      </div>
    </div>`;
}

/** Two columns of one name would hide each other. */
function unique(columns) {
  const seen = new Map();
  return columns.map((name) => {
    const n = (seen.get(name) ?? 0) + 1;
    seen.set(name, n);
    return n === 1 ? name : `${name} (${n})`;
  });
}
