// A function of the pack as a form made from its declared parameters.
import { html, useEffect, useRef, useState } from "../../shared/view.js";
import { useStore } from "../../shared/store.js";
import { t, titleOf } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { Check, Field } from "../../shared/components/field.js";
import { Icon } from "../../shared/components/icon.js";
import { errorText } from "../../shared/components/states.js";
import { toast } from "../../shared/components/toast.js";
import { hub, link } from "../../shared/hub.js";
import { ResultTable } from "./result.js";

export function FunctionPane({ called, raw }) {
  const [values, setValues] = useState(() => Object.fromEntries(called.params.map((param) => [param.name, initial(param)])));
  const [problems, setProblems] = useState({});
  const [outcome, setOutcome] = useState(null);
  const [busy, setBusy] = useState(false);
  const { status } = useStore(link);
  const running = useRef(null);

  // While the hub is away the write is kept and sent later: the form is free for the next one.
  function keep(run) {
    run.kept = true;
    setBusy(false);
    toast({ text: t("data.queued"), kind: "warn" });
  }
  // Also when it goes away between the press and the answer.
  useEffect(() => {
    if (busy && status !== "online" && !called.read_only && running.current && !running.current.kept) keep(running.current);
  }, [status, busy]);

  async function run(event) {
    event.preventDefault();
    const { args, wrong } = read(called.params, values);
    setProblems(wrong);
    if (Object.keys(wrong).length > 0) return;
    setOutcome(null);
    setBusy(true);
    const mine = running.current = { kept: false };
    if (status !== "online" && !called.read_only) keep(mine);
    try {
      setOutcome({ data: await hub().rpc(called.name, args) });
    } catch (error) {
      setOutcome(error.code === "discarded" ? null : { error });
      if (mine.kept && !["closed", "discarded"].includes(error.code)) toast({ title: titleOf(called), text: errorText(error), kind: "danger", ms: 0 });
    } finally {
      // A later one has the form by now.
      if (running.current === mine) setBusy(false);
    }
  }

  return html`
    <header class="pane-head">
      <a class="button quiet icon-only narrow-only" href="#/data" aria-label=${t("back")}><${Icon} name="back" /></a>
      <h1 class="clip" dir="auto" title=${called.name}>${titleOf(called)}</h1>${raw && called.title && html`<code class="muted small clip" dir="ltr">${called.name}</code>`}
    </header>
    <div class="form-page scroll">
      <form class="card form-card" onSubmit=${run} method="dialog" novalidate>
        ${called.params.length === 0 && html`<p class="muted">${t("data.no-params")}</p>`}
        ${called.params.map((param) => html`<${Param} key=${param.name} param=${param} value=${values[param.name]} problem=${problems[param.name]}
          onValue=${(value) => setValues((old) => ({ ...old, [param.name]: value }))} />`)}
        <div class="row"><${Button} kind="primary" icon="run" type="submit" busy=${busy}>${t(busy ? "data.run.busy" : "data.run")}<//></div>
      </form>
      <div class="result" aria-live="polite">
        ${outcome?.error && html`<p class="notice danger" role="alert"><${Icon} name="alert" />${errorText(outcome.error)}</p>`}
        ${outcome && !outcome.error && html`<${Data} called=${called} data=${outcome.data} />`}
      </div>
    </div>`;
}

function Param({ param, value, problem, onValue }) {
  const label = param.optional ? `${titleOf(param)} (${t("data.optional")})` : titleOf(param);
  if (param.type === "boolean") return html`<${Check} label=${label} checked=${value === true} onValue=${onValue} />`;
  const number = param.type === "integer" || param.type === "real";
  return html`<${Field} label=${label} value=${value} onValue=${onValue} problem=${problem} dir=${number || param.type === "json" ? "ltr" : "auto"}
    inputmode=${param.type === "integer" ? "numeric" : number ? "decimal" : undefined} rows=${param.type === "json" ? 4 : undefined}
    class=${param.type === "json" ? "mono" : ""} autocomplete="off" title=${param.name} name=${param.name} required=${!param.optional} />`;
}

function initial({ type, default: value }) {
  if (value === undefined || value === null) return type === "boolean" ? false : "";
  return type === "boolean" ? value === true || value === 1 : type === "json" ? JSON.stringify(value) : String(value);
}

/** The arguments by name; what is left empty and may be is left out. */
function read(params, values) {
  const args = {}, wrong = {};
  for (const { name, type, optional } of params) {
    const value = values[name];
    if (type === "boolean") { args[name] = value; continue; }
    if (value.trim() === "") {
      if (!optional) wrong[name] = t("data.required");
      continue;
    }
    if (type === "text") args[name] = value;
    else if (type === "json") { try { args[name] = JSON.parse(value); } catch { wrong[name] = t("data.json"); } }
    else {
      const number = Number(value.replace(",", "."));
      if (!Number.isFinite(number) || (type === "integer" && !Number.isInteger(number))) wrong[name] = t("data.number");
      else args[name] = number;
    }
  }
  return { args, wrong };
}

function Data({ called, data }) {
  const { name, columns = {} } = called;
  const titles = Object.fromEntries(Object.entries(columns).map(([key, title]) => [key, titleOf({ name: key, title })]));
  if (Array.isArray(data)) return html`<${ResultTable} label=${name} titles=${titles} names=${Object.keys(data[0] ?? {})} rows=${data} />`;
  if (data === null || data === undefined) return html`<p class="notice">${t("data.nothing")}</p>`;
  const keys = Object.keys(data);
  if (keys.length === 1 && keys[0] === "rows_affected") return html`<p class="notice good"><${Icon} name="check" />${t("data.affected", { n: data.rows_affected })}</p>`;
  return html`<p class="notice good"><${Icon} name="check" />${t("data.done")}</p><${ResultTable} label=${name} titles=${titles} names=${keys} rows=${[data]} />`;
}
