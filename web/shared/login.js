// Logging in, and choosing a password of one's own: the same card on every page.
import { html, useState, useRef, useEffect } from "./view.js";
import { t, useLang } from "./i18n.js";
import { Button } from "./components/button.js";
import { Field } from "./components/field.js";
import { Mark } from "./components/icon.js";
import { LanguageChoice, ThemeButton } from "./components/look.js";
import { errorText } from "./components/states.js";

const REMEMBERED = "comptoir.username";
const remembered = () => { try { return localStorage.getItem(REMEMBERED) ?? ""; } catch { return ""; } };
const remember = (name) => { try { localStorage.setItem(REMEMBERED, name); } catch { /* private mode */ } };

/** `title`: what one logs in to. `login({username, password})` fails with the hub's error. `notice`: why one is here again. */
export function Login({ title, login, notice }) {
  useLang();
  const [username, setUsername] = useState(remembered());
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const name = useRef(), secret = useRef();
  useEffect(() => { (username ? secret : name).current?.focus(); }, []);

  async function submit(event) {
    event.preventDefault();
    if (!username.trim() || !password) { (username.trim() ? secret : name).current?.focus(); return; }
    setBusy(true);
    setProblem(null);
    try {
      await login({ username: username.trim(), password });
      remember(username.trim());
    } catch (error) {
      setProblem(errorText(error));
      setPassword("");
      secret.current?.focus();
    } finally {
      setBusy(false);
    }
  }

  return html`<${Card} title=${title} heading=${t("login.title")} onSubmit=${submit}>
    ${notice && html`<p class="notice warn">${notice}</p>`}
    <${Field} label=${t("login.username")} name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} dir="auto"
      value=${username} onValue=${setUsername} inputRef=${name} />
    <${Field} label=${t("login.password")} name="password" type="password" autocomplete="current-password"
      value=${password} onValue=${setPassword} inputRef=${secret} />
    ${problem && html`<p class="notice danger" role="alert">${problem}</p>`}
    <${Button} kind="primary" type="submit" class="block" busy=${busy}>${t(busy ? "login.busy" : "login.submit")}<//>
  <//>`;
}

/** `change({current, new})`; `cancel` logs out. */
export function NewPassword({ title, change, cancel }) {
  useLang();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  async function submit(event) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try { await change({ current, new: next }); } catch (error) { setProblem(errorText(error)); } finally { setBusy(false); }
  }
  return html`<${Card} title=${title} heading=${t("password.title")} onSubmit=${submit}>
    <p class="muted">${t("password.why")}</p>
    <${Field} label=${t("password.current")} type="password" autocomplete="current-password" value=${current} onValue=${setCurrent} required />
    <${Field} label=${t("password.new")} type="password" autocomplete="new-password" minlength="8" value=${next} onValue=${setNext} required />
    ${problem && html`<p class="notice danger" role="alert">${problem}</p>`}
    <${Button} kind="primary" type="submit" class="block" busy=${busy}>${t("password.change")}<//>
    <${Button} kind="quiet" class="block" onClick=${cancel}>${t("login.logout")}<//>
  <//>`;
}

export function Card({ title, heading, onSubmit, children }) {
  return html`<main class="login-page"><form class="login-card" method="dialog" onSubmit=${onSubmit} novalidate>
    <div class="brand"><${Mark} /><span dir="auto">${title}</span></div>
    <h1>${heading}</h1>
    ${children}
    <div class="login-choices"><${LanguageChoice} /><${ThemeButton} /></div>
  </form></main>`;
}
