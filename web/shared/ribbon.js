// The state of the connection, always in the same place: online, reconnecting in n seconds, offline with n writes waiting.
import { html, useEffect, useState } from "./view.js";
import { useStore } from "./store.js";
import { t } from "./i18n.js";
import { hub, link } from "./hub.js";

/** A count that is gone within a moment is not worth a flicker: while online, it shows what stays for a second. */
function useSettled(count) {
  const [shown, setShown] = useState(0);
  useEffect(() => {
    if (!count) { setShown(0); return; }
    const timer = setTimeout(() => setShown(count), 1000);
    return () => clearTimeout(timer);
  }, [count]);
  return count === null ? null : count && shown;
}

/** `onQueue`: shows what waits. */
export function Ribbon({ onQueue }) {
  const { status, retryAt, queued: all } = useStore(link);
  const queued = useSettled(status === "online" ? all : null) ?? all;
  const [, tick] = useState(0);
  const waiting = status === "reconnecting" && retryAt;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(timer);
  }, [waiting]);
  const kind = status === "online" ? (queued ? "waiting" : "") : status === "offline" || status === "disconnected" ? "offline" : "waiting";
  const text = {
    online: () => t("link.online"),
    reconnecting: () => t("link.waiting", { n: Math.max(0, Math.ceil((retryAt - Date.now()) / 1000)) }),
    offline: () => t("link.offline"),
    disconnected: () => t("link.denied"),
  }[status]?.() ?? t("link.connecting");
  return html`<div class=${`ribbon ${kind}`} role="status" data-status=${status}><span class="dot inline"></span>
    <span><span class="ribbon-state">${text}${queued > 0 && " · "}</span>${queued > 0 && html`${onQueue ? html`<button type="button" class="ribbon-now" data-queued=${queued} title=${t("link.queued.title")} aria-haspopup="dialog" onClick=${onQueue}>${t("link.queued", { n: queued })}</button>`
      : html`<span data-queued=${queued}>${t("link.queued", { n: queued })}</span>`}`}</span>
    ${waiting && html`<button type="button" class="ribbon-now" title=${t("link.now.title")} onClick=${() => hub().reconnect()}>${t("link.now")}</button>`}</div>`;
}
