// What to do when the browser gives no microphone or camera: said in words, once.
import { t } from "../shared/i18n.js";
import { toast } from "../shared/components/toast.js";
import { hub } from "../shared/hub.js";
import "./words.js";

/** `kind`: "microphone", "camera" or "screen". `error`: of getUserMedia, if it came so far. */
export function explainRefusal(kind, error) {
  if (kind === "screen" && error?.name === "NotAllowedError") return; // the person chose none
  const insecure = !globalThis.isSecureContext || !navigator.mediaDevices;
  const key = insecure ? "insecure" : kind === "screen" ? "screen" : ["NotAllowedError", "NotFoundError", "NotReadableError"].includes(error?.name) ? error.name : "other";
  toast({ title: t("refusal.title"), text: t(`refusal.${key}`), kind: "warn", ms: 0, ...(insecure ? { action: { text: t("refusal.open-secure"), run: openSecure } } : {}) });
}

/** The same page over HTTPS, where the hub has it; the page that explains trust otherwise. */
async function openSecure() {
  let port = null;
  try { port = (await hub()?.http("GET", "/api/info"))?.ports?.https; } catch { /* guests may not ask */ }
  location.assign(port ? `https://${location.hostname}:${port}${location.pathname}` : "/trust");
}
