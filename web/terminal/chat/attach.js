// Files that were chosen, dropped or pasted, before they are sent: what they are, a few words, and the way back.
import { html, useEffect, useRef, useState } from "../../shared/view.js";
import { bytes, t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { Dialog } from "../../shared/components/dialog.js";
import { Icon } from "../../shared/components/icon.js";
import { roomName } from "./naming.js";

export const isPicture = ({ type }) => /^image\/(png|jpeg|gif|webp)$/.test(type);

/** `onSend(files, caption)`; the caption goes with the first. */
export function AttachDialog({ room, files: given, caption: begun, onSend, onClose }) {
  const [files, setFiles] = useState(given);
  const [caption, setCaption] = useState(begun);
  const input = useRef();
  useEffect(() => { input.current?.focus(); }, []);
  const remove = (file) => { const left = files.filter((one) => one !== file); if (left.length) setFiles(left); else onClose(); };
  const keys = (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); onSend(files, caption.trim()); } };
  return html`<${Dialog} title=${t("attach.title", { n: files.length, name: roomName(room) })} onClose=${onClose} onSubmit=${() => onSend(files, caption.trim())}
    footer=${html`<${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" icon="send" type="submit">${t("chat.send")}<//>`}>
    <ul class="plain-list scroll attach-list" tabindex="-1">${files.map((file) => html`<li key=${file} class=${isPicture(file) && files.length === 1 ? "attach-one" : "row"}>
      <${Thumbnail} file=${file} large=${files.length === 1} />
      <div class="row grow"><div class="grow"><div class="clip" dir="auto" title=${file.name}>${file.name}</div><div class="muted small">${bytes(file.size)}</div></div>
        ${files.length > 1 && html`<${Button} icon="close" kind="quiet" label=${t("attach.remove", { name: file.name })} onClick=${() => remove(file)} />`}</div></li>`)}</ul>
    <textarea ref=${input} class="input" rows="2" dir="auto" placeholder=${t("attach.caption")} aria-label=${t("attach.caption")} value=${caption} maxlength="20000" onInput=${(e) => setCaption(e.target.value)} onKeyDown=${keys}></textarea>
  <//>`;
}

function Thumbnail({ file, large }) {
  const [url, setUrl] = useState(null);
  useEffect(() => {
    if (!isPicture(file)) return;
    const made = URL.createObjectURL(file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  if (!isPicture(file)) return html`<span class="attach-icon"><${Icon} name="file" /></span>`;
  return html`<img class=${large ? "attach-picture" : "attach-icon"} src=${url} alt="" />`;
}
