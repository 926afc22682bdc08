// A notification to the people of a role, or to all: unlike an announcement it waits for whoever is away.
import { html, useEffect, useState } from "../shared/view.js";
import { t, words } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Field } from "../shared/components/field.js";
import { toast } from "../shared/components/toast.js";
import { hub } from "../shared/hub.js";
import { get, useAct } from "./api.js";

words({
  "notify.heading": ["Notifier, même les absents", "Notify, whoever is away too", "إشعار، حتى الغائبين"],
  "notify.to": ["Destinataires", "To", "إلى"],
  "notify.title": ["Titre", "Title", "العنوان"],
  "notify.body": ["Texte", "Text", "النص"],
  "notify.send": ["Notifier", "Notify", "إشعار"],
  "notify.sent": [
    { one: "{n} personne notifiée", other: "{n} personnes notifiées" }, { one: "{n} person notified", other: "{n} people notified" },
    { zero: "لم يُشعر أحد", one: "أُشعر شخص واحد", two: "أُشعر شخصان", few: "أُشعر {n} أشخاص", other: "أُشعر {n} شخصاً" },
  ],
});

/** The application's name for it, by which a terminal may sort. */
const EVENT = "administration";

/** Only for roles that may notify: `notify = true` in the pack. */
export function Notify({ roles }) {
  const [may, setMay] = useState(false);
  const [form, setForm] = useState({ to: "everyone", title: "", body: "" });
  const [busy, act] = useAct();
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  useEffect(() => { hub().me().then((me) => setMay(me.role.notify), () => {}); }, []);
  if (!may) return null;

  async function send(event) {
    event.preventDefault();
    if (!form.title.trim()) return;
    await act(async () => {
      const to = form.to === "everyone" ? { to_room: await everyone() } : { to_role: form.to };
      const { notified } = await hub().request({ type: "notify", ...to, event: EVENT, title: form.title.trim(), body: form.body.trim() });
      toast({ text: t("notify.sent", { n: notified }) });
      setForm((old) => ({ ...old, title: "", body: "" }));
    });
  }
  return html`<section class="section"><h2>${t("notify.heading")}</h2><form class="card stack" onSubmit=${send}>
    <${Field} label=${t("notify.to")} value=${form.to} onValue=${set("to")} options=${[["everyone", t("everyone")], ...roles.map(({ name, title }) => [name, title])]} />
    <${Field} label=${t("notify.title")} value=${form.title} onValue=${set("title")} required maxlength="200" dir="auto" />
    <${Field} label=${t("notify.body")} rows=${2} value=${form.body} onValue=${set("body")} maxlength="2000" dir="auto" />
    <div class="row"><${Button} kind="primary" icon="bell" type="submit" busy=${busy} disabled=${!form.title.trim()}>${t("notify.send")}<//></div>
  </form></section>`;
}

async function everyone() {
  const { rooms } = await get("rooms");
  return rooms.find(({ kind }) => kind === "everyone")?.id;
}
