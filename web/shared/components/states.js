// What stands where there is nothing yet, nothing at all, or nothing because of an error.
import { html } from "../view.js";
import { inLang, t } from "../i18n.js";
import { Icon } from "./icon.js";
import { Button } from "./button.js";

export function Empty({ icon = "info", title, text, children }) {
  return html`<div class="state"><${Icon} name=${icon} /><strong>${title}</strong>${text && html`<p>${text}</p>`}${children}</div>`;
}

/** `error`: what the hub answered (`code`, `message`) or any Error. */
export function Failed({ error, onRetry }) {
  return html`<div class="state" role="alert"><${Icon} name="alert" /><strong>${errorText(error)}</strong>
    ${error?.requestId && html`<p class="small">${t("error.reference")} <code dir="ltr">${error.requestId}</code></p>`}
    ${onRetry && html`<${Button} icon="refresh" onClick=${onRetry}>${t("retry")}<//>`}</div>`;
}

/** Grey bars of the size of what is to come, so that nothing jumps. */
export function Loading({ lines = 6, block = "2.5rem" }) {
  return html`<div class="stack" role="status" aria-label=${t("loading")} style=${{ padding: "var(--gap-3)" }}>
    ${Array.from({ length: lines }, (_, i) => html`<div key=${i} class="skeleton" style=${{ blockSize: block }}></div>`)}</div>`;
}

/** A sentence for an error of the catalogue, in the user's language; what the hub said, where it says more. */
export function errorText(error) {
  const code = error?.code;
  if (code === "precondition_failed" && error.message) return inLang(error.texts, error.message);
  const key = `error.${code ?? "unknown"}`;
  const text = t(key);
  const ours = text === key ? t("error.unknown") : text;
  return ["invalid_sql", "constraint_violation", "invalid_request"].includes(code) && error.message ? `${ours} ${error.message}` : ours;
}
