// How one is: available, away or busy, with a note, until when. What was chosen lives as long as this tab, so that a reload
// says it again: the hub forgets it when one is gone.
import { html, useState } from "../shared/view.js";
import { store, useEvents, useStore } from "../shared/store.js";
import { t, time } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Dialog } from "../shared/components/dialog.js";
import { Field } from "../shared/components/field.js";
import { errorText } from "../shared/components/states.js";
import { hub } from "../shared/hub.js";

export const STATUSES = ["online", "away", "busy"];
const KEPT = "comptoir.status";
const NOTHING = { status: "online", text: "", until: null };
const chosen = store(NOTHING);

/** `text`: a line for others; `until`: when it ends by itself, ms. */
export async function setStatus({ status, text = "", until = null }) {
  await hub().presence.set(status, { text, ...(until ? { until: new Date(until) } : {}) });
  chosen.set({ status, text, until });
  try { sessionStorage.setItem(KEPT, JSON.stringify({ user: hub().user?.id, status, text, until })); } catch { /* no room */ }
}

/** Says again what was said before this page was loaded. */
export function keepStatus() {
  chosen.set(NOTHING);
  try {
    const { user, ...kept } = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
    if (user !== hub().user?.id || (kept.until && kept.until <= Date.now())) return;
    chosen.set(kept);
    hub().presence.set(kept.status, { text: kept.text, ...(kept.until ? { until: new Date(kept.until) } : {}) }).catch(() => { /* said with the next welcome */ });
  } catch { /* not ours */ }
}

/** One's own status as others see it, current: { status, text, until }. */
export function useOwnStatus() {
  const mine = useStore(chosen);
  const seen = useEvents(hub().presence, ["change"], (presence) => presence.get(hub().user?.id));
  if (!seen || seen.status === "offline") return mine.until && mine.until <= Date.now() ? NOTHING : mine;
  return { status: seen.status, text: seen.status_text ?? "", until: seen.until ? Date.parse(seen.until) : null };
}

const HOURS = [["", null], ["30", 30], ["60", 60], ["240", 240]];
const endOfDay = () => new Date().setHours(23, 59, 59, 0);

export function StatusDialog({ onClose }) {
  const now = useOwnStatus();
  const [status, setChoice] = useState(now.status), [text, setText] = useState(now.text), [until, setUntil] = useState("");
  const [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  async function save(next) {
    setBusy(true);
    try { await setStatus(next); onClose(); } catch (error) { setProblem(errorText(error)); } finally { setBusy(false); }
  }
  const submit = () => save({ status, text: text.trim(), until: until === "day" ? endOfDay() : until ? Date.now() + Number(until) * 60_000 : null });
  return html`<${Dialog} title=${t("me.status")} onClose=${onClose} onSubmit=${submit}
    footer=${html`${(now.text || now.status !== "online") && html`<${Button} kind="quiet" onClick=${() => save(NOTHING)}>${t("me.status.clear")}<//><span class="grow"></span>`}
      <${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" type="submit" busy=${busy}>${t("save")}<//>`}>
    <fieldset class="choices"><legend class="sr-only">${t("me.status")}</legend>
      ${STATUSES.map((one) => html`<label key=${one} class="choice"><input type="radio" name="status" value=${one} checked=${status === one} onChange=${() => setChoice(one)} /><span class=${`dot inline ${one}`}></span><span>${t(`me.${one}`)}</span></label>`)}</fieldset>
    <${Field} label=${t("me.note")} hint=${t("me.note.hint")} value=${text} onValue=${setText} maxlength="200" dir="auto" problem=${problem} autocomplete="off" />
    <${Field} label=${t("me.until")} value=${until} onValue=${setUntil}
      options=${[...HOURS.map(([key, minutes]) => [key, minutes ? t("me.until.minutes", { n: minutes }) : t("me.until.changed")]), ["day", t("me.until.day")]]} />
    ${now.until && html`<p class="muted small">${t("me.until.now", { at: time(now.until) })}</p>`}
  <//>`;
}
