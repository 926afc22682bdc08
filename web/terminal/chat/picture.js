import { html, useEffect, useState } from "../../shared/view.js";
import { t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { Dialog } from "../../shared/components/dialog.js";
import { errorText } from "../../shared/components/states.js";
import { fileUrl, saveFile } from "./files.js";

/** A picture in its place before it is loaded: its size is known, so that nothing jumps. */
export function Picture({ file }) {
  const [url, setUrl] = useState(null), [error, setError] = useState(null), [open, setOpen] = useState(false);
  useEffect(() => { fileUrl(file).then(setUrl, setError); }, [file.id]);
  const width = file.width || 320, height = file.height || 240;
  const label = t("chat.image", { name: file.name });
  return html`<button type="button" class="picture" style=${{ inlineSize: `${Math.min(width, 320)}px` }} aria-label=${label} onClick=${() => url && setOpen(true)}>
      ${error ? html`<span class="small">${errorText(error)}</span>` : url ? html`<img src=${url} alt=${label} width=${width} height=${height} />`
        : html`<span class="skeleton" style=${{ display: "block", aspectRatio: `${width} / ${height}`, maxBlockSize: "20rem" }}></span>`}</button>
    ${open && html`<${Dialog} wide title=${file.name} onClose=${() => setOpen(false)} footer=${html`<${Button} icon="download" onClick=${() => saveFile(file)}>${t("chat.download", { name: "" })}<//>`}>
      <img class="viewer" src=${url} alt=${label} /><//>`}`;
}
