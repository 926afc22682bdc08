import { html } from "../view.js";

/** First letters of the first two words. */
const initials = (name) => (name ?? "?").trim().split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("").toLocaleUpperCase() || "?";

function tint(key) {
  let sum = 0;
  for (const c of String(key)) sum = (sum * 31 + c.codePointAt(0)) >>> 0;
  return (sum % 8) + 1;
}

/** A person or a room: initials, and a dot for presence ("online", "away", "busy", "offline"). */
export function Avatar({ name, seed, size = "", square = false, status, children }) {
  return html`<span class=${`avatar ${size} ${square ? "square" : ""} p${tint(seed ?? name)}`} aria-hidden="true">
    ${children || initials(name)}${status && html`<span class=${`dot ${status}`}></span>`}
  </span>`;
}
