// Making an account and changing one.
import { html, useState } from "../shared/view.js";
import { ago, t, words } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Dialog } from "../shared/components/dialog.js";
import { Check, Field } from "../shared/components/field.js";
import { errorText, Failed, Loading } from "../shared/components/states.js";
import { toast } from "../shared/components/toast.js";
import { get, patch, post, remove, useAct, useAnswer } from "./api.js";

words({
  "users.lang": ["Langue", "Language", "اللغة"],
  "users.password": ["Mot de passe", "Password", "كلمة المرور"],
  "users.password.hint": ["8 à 72 octets. À transmettre de vive voix.", "8 to 72 bytes. To be told in person.", "من 8 إلى 72 بايت. تُسلّم شفهياً."],
  "users.password.new": ["Nouveau mot de passe", "New password", "كلمة مرور جديدة"],
  "users.password.reset.hint": ["Laisser vide pour ne pas le changer. Un nouveau mot de passe ferme toutes ses connexions.", "Leave empty to keep it. A new password ends all of its logins.", "اتركه فارغاً للإبقاء عليها. كلمة المرور الجديدة تنهي كل جلساته."],
  "users.must.ask": ["À changer à la prochaine connexion", "To be changed at the next login", "يجب تغييرها عند الدخول التالي"],
  "users.generate": ["Proposer", "Suggest", "اقتراح"],
  "users.create": ["Créer le compte", "Make the account", "إنشاء الحساب"],
  "users.created": ["Le compte {name} est créé", "The account {name} is made", "أُنشئ الحساب {name}"],
  "users.saved": ["Le compte {name} est à jour", "The account {name} is up to date", "حُدّث الحساب {name}"],
  "users.may": ["Peut se connecter", "May log in", "يمكنه الدخول"],
  "users.self": ["C’est votre propre compte : vous pourriez perdre l’accès à cette console.", "This is your own account: you might lose access to this console.", "هذا حسابك أنت: قد تفقد الوصول إلى هذه اللوحة."],
  "users.logins": ["Où ce compte est connecté", "Where it is logged in", "أماكن تسجيل الدخول"],
  "users.logins.none": ["Nulle part.", "Nowhere.", "لا مكان."],
  "users.logins.end": ["Mettre fin", "End", "إنهاء"],
  "users.logins.ended": ["L’ouverture de session est close", "The login is ended", "انتهى تسجيل الدخول"],
});

const LANGS = [["fr", "Français"], ["en", "English"], ["ar", "العربية"]];
// Without what is mistaken for another: 0 and o, 1, i and l.
const ALPHABET = "abcdefghjkmnpqrstwxyz23456789";
function suggestion() {
  const random = crypto.getRandomValues(new Uint32Array(12));
  return [...random].map((n) => ALPHABET[n % ALPHABET.length]).join("").replace(/(.{4})(?=.)/g, "$1-");
}

/** The password stays readable: whoever makes it tells it to its owner. */
function PasswordField({ label, hint, value, onValue, required }) {
  return html`<div class="row wrap password-row"><div class="grow"><${Field} label=${label} hint=${hint} value=${value} onValue=${onValue} required=${required} minlength="8"
    autocomplete="off" autocapitalize="none" spellcheck=${false} dir="ltr" class="mono" /></div>
    <${Button} icon="refresh" onClick=${() => onValue(suggestion())}>${t("users.generate")}<//></div>`;
}

const roleOptions = (roles, current) => [
  ...roles.map(({ name, title }) => [name, title === name ? name : `${title} (${name})`]),
  ...(roles.some(({ name }) => name === current) || !current ? [] : [[current, current]]),
];

export function NewUser({ roles, onClose, onDone }) {
  const [form, setForm] = useState({ username: "", display_name: "", role: roles.find(({ admin }) => !admin)?.name ?? roles[0]?.name ?? "", lang: globalThis.comptoirLook.lang, password: suggestion(), must_change_password: true });
  const [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  async function create() {
    setBusy(true);
    setProblem(null);
    const { display_name, ...rest } = form;
    try {
      await post("users", { ...rest, username: form.username.trim(), ...(display_name.trim() && { display_name: display_name.trim() }) });
      toast({ text: t("users.created", { name: form.username.trim() }) });
      onDone();
      onClose();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  }
  return html`<${Dialog} title=${t("users.new")} onClose=${onClose} onSubmit=${create}
    footer=${html`<${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" type="submit" busy=${busy}>${t("users.create")}<//>`}>
    <${Field} label=${t("users.username")} name="new-username" value=${form.username} onValue=${set("username")} required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck=${false} dir="auto" />
    <${Field} label=${t("users.display")} value=${form.display_name} onValue=${set("display_name")} maxlength="128" autocomplete="off" dir="auto" />
    <${Field} label=${t("role")} value=${form.role} onValue=${set("role")} options=${roleOptions(roles, form.role)} />
    <${Field} label=${t("users.lang")} value=${form.lang} onValue=${set("lang")} options=${LANGS} />
    <${PasswordField} label=${t("users.password")} hint=${t("users.password.hint")} value=${form.password} onValue=${set("password")} required=${true} />
    <${Check} label=${t("users.must.ask")} checked=${form.must_change_password} onValue=${set("must_change_password")} />
    ${problem && html`<p class="notice danger" role="alert">${problem}</p>`}
  <//>`;
}

export function EditUser({ user, self, roles, onClose, onDone }) {
  const [form, setForm] = useState({ display_name: user.display_name, role: user.role, lang: user.lang, active: user.active });
  const [password, setPassword] = useState(""), [must, setMust] = useState(true);
  const [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  async function save() {
    const changes = Object.fromEntries(Object.entries(form).filter(([name, value]) => value !== user[name]));
    if (password) Object.assign(changes, { password, must_change_password: must });
    if (!Object.keys(changes).length) return onClose();
    setBusy(true);
    setProblem(null);
    try {
      await patch(`users/${user.id}`, changes);
      toast({ text: t("users.saved", { name: user.username }) });
      onDone();
      onClose();
    } catch (error) {
      setProblem(errorText(error));
    } finally {
      setBusy(false);
    }
  }
  return html`<${Dialog} title=${t("users.edit", { name: user.username })} onClose=${onClose} onSubmit=${save}
    footer=${html`<${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" type="submit" busy=${busy}>${t("save")}<//>`}>
    ${self.id === user.id && html`<p class="notice warn">${t("users.self")}</p>`}
    <${Field} label=${t("users.display")} value=${form.display_name} onValue=${set("display_name")} required maxlength="128" autocomplete="off" dir="auto" />
    <${Field} label=${t("role")} value=${form.role} onValue=${set("role")} options=${roleOptions(roles, form.role)} />
    <${Field} label=${t("users.lang")} value=${form.lang} onValue=${set("lang")} options=${LANGS} />
    <${Check} label=${t("users.may")} checked=${form.active} onValue=${set("active")} />
    <${PasswordField} label=${t("users.password.new")} hint=${t("users.password.reset.hint")} value=${password} onValue=${setPassword} />
    ${password && html`<${Check} label=${t("users.must.ask")} checked=${must} onValue=${setMust} />`}
    ${problem && html`<p class="notice danger" role="alert">${problem}</p>`}
    <${Logins} user=${user} />
  <//>`;
}

function Logins({ user }) {
  const { data, error, reload } = useAnswer(() => get(`users/${user.id}/logins`));
  const [busy, act] = useAct();
  const end = async (id) => { if (await act(() => remove(`logins/${id}`), t("users.logins.ended"))) reload(); };
  return html`<section class="section"><h3>${t("users.logins")}</h3>
    ${error ? html`<${Failed} error=${error} onRetry=${reload} />` : !data ? html`<${Loading} lines=${2} />`
      : !data.sessions.length ? html`<p class="muted">${t("users.logins.none")}</p>`
      : html`<ul class="list">${data.sessions.map((one) => html`<li key=${one.id}><div class="grow">
        <div class="clip" dir="auto" title=${one.user_agent}>${one.user_agent || "–"}</div>
        <div class="muted small"><span dir="ltr">${one.address}</span> · ${ago(one.last_used_at)}</div></div>
        ${one.current ? html`<span class="chip info">${t("sessions.this")}</span>`
          : html`<${Button} busy=${busy} onClick=${() => end(one.id)} label=${`${t("users.logins.end")}: ${one.address}`}>${t("users.logins.end")}<//>`}</li>`)}</ul>`}
  </section>`;
}
