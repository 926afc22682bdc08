// What there is to decide.
import { html, useState } from "../shared/view.js";
import { lang, t } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Field, useId } from "../shared/components/field.js";
import { errorText } from "../shared/components/states.js";

const DAY_S = 86_400;
const titleOf = ({ name, title }) => title[lang()] ?? title.en ?? title.fr ?? name;

export function Form({ offer, onSubmit }) {
  const [form, setForm] = useState({ username: "admin", display_name: "", password: "", again: "", pack: "", backup_dir: offer.backup_dir, every: String(DAY_S) });
  const [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const differs = form.again !== "" && form.again !== form.password;

  async function submit(event) {
    event.preventDefault();
    if (form.again !== form.password) { setProblem(t("setup.again.wrong")); return; }
    setBusy(true);
    setProblem(null);
    const every = Number(form.every);
    const changesBackups = !offer.backup_is_fixed && (every > 0 || form.backup_dir.trim() !== offer.backup_dir);
    try {
      await onSubmit({
        username: form.username.trim(), password: form.password, display_name: form.display_name.trim() || null, lang: lang(), pack: form.pack || null,
        ...(changesBackups && { backup_dir: form.backup_dir.trim(), backup_every_s: every }),
      });
    } catch (error) {
      setProblem(errorText(error));
      setBusy(false);
    }
  }

  return html`<form class="stack" method="dialog" onSubmit=${submit}>
    <fieldset><legend>${t("setup.admin")}</legend>
      <div class="two">
        <${Field} label=${t("setup.username")} name="username" required maxlength="64" autocomplete="username" autocapitalize="none" spellcheck=${false} dir="auto" value=${form.username} onValue=${set("username")} />
        <${Field} label=${t("setup.display")} name="display_name" maxlength="128" autocomplete="name" dir="auto" value=${form.display_name} onValue=${set("display_name")} />
        <${Field} label=${t("setup.password")} hint=${t("setup.password.hint")} name="password" type="password" required minlength="8" autocomplete="new-password" value=${form.password} onValue=${set("password")} />
        <${Field} label=${t("setup.again")} name="again" type="password" required autocomplete="new-password" value=${form.again} onValue=${set("again")} problem=${differs ? t("setup.again.wrong") : null} />
      </div>
    </fieldset>
    <fieldset><legend>${t("setup.pack")}</legend>
      ${offer.packs.length ? html`<div class="choices">
        <${Choice} name="pack" value="" checked=${form.pack === ""} onValue=${set("pack")} title=${t("setup.pack.none")} text=${t("setup.pack.none.text")} />
        ${offer.packs.map((pack) => html`<${Choice} key=${pack.name} name="pack" value=${pack.name} checked=${form.pack === pack.name} onValue=${set("pack")} title=${titleOf(pack)} text=${pack.name} />`)}
      </div>` : html`<p class="muted">${offer.pack ? t("setup.pack.fixed", { name: titleOf(offer.pack) }) : t("setup.pack.none")}</p>`}
    </fieldset>
    <fieldset><legend>${t("setup.backups")}</legend>
      ${offer.backup_is_fixed ? html`<p class="muted">${t("setup.backup.fixed", { dir: offer.backup_dir })}</p>` : html`
        <${Field} label=${t("setup.backup.dir")} hint=${t("setup.backup.hint")} name="backup_dir" required dir="ltr" class="mono" spellcheck=${false} value=${form.backup_dir} onValue=${set("backup_dir")} />
        <${Field} label=${t("setup.backup.every")} name="every" value=${form.every} onValue=${set("every")}
          options=${[[String(DAY_S), t("setup.backup.day")], ["3600", t("setup.backup.hour")], ["0", t("setup.backup.hand")]]} />`}
    </fieldset>
    ${problem && html`<p class="notice danger" role="alert">${problem}</p>`}
    <${Button} kind="primary" type="submit" class="block" busy=${busy}>${t("setup.submit")}<//>
  </form>`;
}

function Choice({ name, value, checked, onValue, title, text }) {
  const id = useId("c");
  return html`<label class="choice" for=${id}><input id=${id} type="radio" name=${name} value=${value} checked=${checked} onChange=${() => onValue(value)} />
    <span class="grow"><span dir="auto">${title}</span><br /><span class="small" dir="auto">${text}</span></span></label>`;
}
