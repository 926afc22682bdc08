import { html } from "../view.js";
import { Icon } from "./icon.js";

/**
 * A button. `icon` alone needs a `label`, which screen readers say and the mouse shows.
 * kind: "primary", "danger", "quiet", or nothing.
 */
export function Button({ icon, label, kind = "", busy = false, children, class: more = "", type = "button", ...rest }) {
  const only = icon && !children;
  return html`<button type=${type} class=${`button ${kind} ${only ? "icon-only" : ""} ${more}`} aria-label=${label} title=${label}
    disabled=${busy || rest.disabled} ...${rest}>
    ${busy ? html`<span class="spinner" aria-hidden="true"></span>` : icon && html`<${Icon} name=${icon} />`}
    ${children}
  </button>`;
}
