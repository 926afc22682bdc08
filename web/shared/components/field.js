import { html, useState } from "../view.js";

let last = 0;
/** An id that no other element has, the same at each drawing. */
export const useId = (prefix = "f") => useState(() => `${prefix}${++last}`)[0];

/** A labelled input. Further properties go to the <input> (or <textarea rows>, or <select> with `options` [[value, text]]). */
export function Field({ label, hint, problem, options, rows, value, onValue, class: more = "", inputRef, ...rest }) {
  const id = useId();
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  const shared = {
    id, class: `input ${more}`, value, ref: inputRef,
    "aria-invalid": problem ? "true" : undefined, "aria-describedby": described,
    onInput: onValue && ((event) => onValue(event.target.value)), ...rest,
  };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${options ? html`<select ...${shared}>${options.map(([key, text]) => html`<option value=${key} selected=${key === value}>${text}</option>`)}</select>`
      : rows ? html`<textarea rows=${rows} ...${shared}></textarea>`
      : html`<input type="text" ...${shared} />`}
    ${hint && html`<span class="hint" id=${`${id}-hint`}>${hint}</span>`}
    ${problem && html`<span class="problem" id=${`${id}-problem`} role="alert">${problem}</span>`}
  </div>`;
}

export function Check({ label, checked, onValue, ...rest }) {
  return html`<label class="check"><input type="checkbox" checked=${checked} onChange=${(event) => onValue(event.target.checked)} ...${rest} /><span>${label}</span></label>`;
}
