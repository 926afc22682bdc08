import { html } from "../view.js";
import { store, useStore } from "../store.js";
import { t } from "../i18n.js";
import { Button } from "./button.js";

const shown = store([]);
let last = 0;

/** Shows a line for some seconds. kind: "", "warn", "danger". `mark`: a word before it. `actions`: [{ text, run }], or one `action`. `about`: see `settle`. */
export function toast({ title, text, kind = "", mark, action, actions = action ? [action] : [], about, ms = 6000 }) {
  const id = ++last;
  shown.set((all) => [...all.slice(-3), { id, title, text, kind, mark, actions, about }]);
  if (ms) setTimeout(() => dismiss(id), ms);
}
/** Takes away what was said about something that one looks at now. */
export const settle = (about) => shown.set((all) => (all.some((one) => one.about === about) ? all.filter((one) => one.about !== about) : all));
const dismiss = (id) => shown.set((all) => all.filter((one) => one.id !== id));

/** Once per page. Errors interrupt a screen reader, the rest waits for its turn. */
export function Toasts() {
  const all = useStore(shown);
  return html`<div class="toasts" role="region" aria-label=${t("notices")}>
    ${all.map((one) => html`<div key=${one.id} class=${`toast ${one.kind}`} role=${one.kind === "danger" ? "alert" : "status"}>
      <div class="grow">${(one.mark || one.title) && html`<div class="row toast-head">${one.title && html`<strong class="clip" dir="auto">${one.title}</strong>`}${one.mark && html`<span class="chip danger">${one.mark}</span>`}</div>`}
        ${one.text && html`<div dir="auto">${one.text}</div>`}
        ${one.actions.length > 0 && html`<div class="row wrap toast-actions">${one.actions.map(({ text, run }, i) => html`<button key=${text} type="button" class=${`button ${i === 0 && one.actions.length > 1 ? "primary" : ""}`} onClick=${() => { dismiss(one.id); run(); }}>${text}</button>`)}</div>`}
      </div>
      <${Button} icon="close" kind="quiet" label=${t("close")} onClick=${() => dismiss(one.id)} />
    </div>`)}
  </div>`;
}

const said = store("");
/** Says something to screen readers alone, when they have a moment. */
export function say(text) { said.set(text); }
/** Nothing of what was said to one person stays for the next. */
export function hush() { said.set(""); shown.set([]); }
export function LiveRegion() {
  const text = useStore(said);
  return html`<div class="sr-only" aria-live="polite" dir="auto">${text}</div>`;
}
