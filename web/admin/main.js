// The console: for administrators, whoever else logs in here is told so.
import { html, render, useEffect, useState } from "../shared/view.js";
import { useStore } from "../shared/store.js";
import { lang, t, useLang, words } from "../shared/i18n.js";
import "../shared/words.js";
import "./words.js";
import { Login, NewPassword } from "../shared/login.js";
import { Button } from "../shared/components/button.js";
import { Empty, Failed } from "../shared/components/states.js";
import { hush, LiveRegion, toast, Toasts } from "../shared/components/toast.js";
import { hub, logout, session, start } from "../shared/hub.js";
import { Shell } from "./shell.js";

words({
  "console.title": ["Comptoir · Console", "Comptoir · Console", "Comptoir · لوحة الإدارة"],
  "console.denied": ["Cette page est réservée aux administrateurs.", "This page is for administrators.", "هذه الصفحة للمديرين فقط."],
  "console.denied.text": ["Le compte {name} n’en fait pas partie.", "The account {name} is not one of them.", "الحساب {name} ليس واحداً منهم."],
  "console.terminal": ["Ouvrir le poste de travail", "Open the terminal", "فتح محطة العمل"],
});

function App() {
  useLang();
  const { state, user, why } = useStore(session);
  useEffect(() => {
    // The account's own language, unless this device was told another.
    if (state === "in" && user.lang && !globalThis.comptoirLook.langChosen && user.lang !== lang()) globalThis.comptoirLook.lang = user.lang;
    if (state === "out") hush();
  }, [state, user?.id]);
  const title = t("console.title");
  const page = {
    starting: () => null,
    out: () => html`<${Login} title=${title} login=${(credentials) => hub().login(credentials)} notice=${why === "ended" ? t("login.again") : null} />`,
    password: () => html`<${NewPassword} title=${title} change=${(passwords) => hub().changePassword(passwords)} cancel=${logout} />`,
    in: () => html`<${Admitted} key=${user.id} user=${user} />`,
  }[state];
  return html`${page()}<${Toasts} /><${LiveRegion} />`;
}

/** What the hub answers decides; this only saves everybody else a page full of refusals. */
function Admitted({ user }) {
  const [role, setRole] = useState(null), [error, setError] = useState(null);
  const ask = () => { setError(null); hub().me().then((me) => setRole(me.role), setError); };
  useEffect(() => {
    ask();
    return hub().on("system_message", ({ level, text }) => toast({ text, kind: { error: "danger", warning: "warn" }[level] ?? "", ms: 0 }));
  }, []);
  if (error) return html`<main><h1 class="sr-only">${t("console.title")}</h1><${Failed} error=${error} onRetry=${ask} /></main>`;
  if (!role) return null;
  if (role.admin) return html`<${Shell} user=${user} />`;
  return html`<main><h1 class="sr-only">${t("console.title")}</h1>
    <${Empty} icon="lock" title=${t("console.denied")} text=${t("console.denied.text", { name: user.username })}>
      <div class="row"><a class="button primary" href="/">${t("console.terminal")}</a><${Button} onClick=${logout}>${t("login.logout")}<//></div>
    <//></main>`;
}

// A hub that nobody has logged in to is set up first, where that can be done from here.
fetch("/api/setup").then((answer) => answer.json()).then(({ open }) => { if (open) location.replace("/setup"); }, () => {});
// Changes of the business tables are the terminals' matter.
start({ tables: [] });
render(html`<${App} />`, document.getElementById("app"));
