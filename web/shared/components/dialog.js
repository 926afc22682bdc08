import { html, useEffect, useRef } from "../view.js";
import { t } from "../i18n.js";
import { Button } from "./button.js";
import { useId } from "./field.js";

/** A modal dialog: the browser keeps the focus in it, Escape and a press outside close it. */
export function Dialog({ title, onClose, wide = false, children, footer, onSubmit }) {
  const ref = useRef();
  const id = useId("d");
  useEffect(() => {
    const before = document.activeElement, dialog = ref.current;
    if (!dialog.open) dialog.showModal();
    // Closed first: as long as it is open, nothing outside of it takes the focus.
    return () => { dialog.close(); before?.focus?.(); };
  }, []);
  const outside = (event) => event.target === ref.current && onClose();
  const submit = (event) => { event.preventDefault(); onSubmit?.(event); };
  return html`<dialog ref=${ref} class=${`dialog ${wide ? "wide" : ""}`} aria-labelledby=${id}
    onCancel=${(event) => { event.preventDefault(); onClose(); }} onMouseDown=${outside}>
    <form method="dialog" onSubmit=${submit}>
      <div class="row"><h2 id=${id} class="grow">${title}</h2><${Button} icon="close" kind="quiet" label=${t("close")} onClick=${onClose} /></div>
      ${children}
      ${footer && html`<footer>${footer}</footer>`}
    </form>
  </dialog>`;
}

/** Asks before something that cannot be taken back. */
export function Confirm({ title, text, action, onYes, onClose, busy }) {
  return html`<${Dialog} title=${title} onClose=${onClose} onSubmit=${onYes}
    footer=${html`<${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="danger" type="submit" busy=${busy}>${action}<//>`}>
    <p>${text}</p>
  <//>`;
}
