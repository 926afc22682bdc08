// The terminal: who is logged in decides what is drawn.
import { html, render, useEffect } from "../shared/view.js";
import { useStore } from "../shared/store.js";
import { lang, t, useLang } from "../shared/i18n.js";
import "../shared/words.js";
import { Login, NewPassword } from "../shared/login.js";
import { hush, LiveRegion, toast, Toasts } from "../shared/components/toast.js";
import { lazy } from "../shared/lazy.js";
import { hub, logout, session, start } from "../shared/hub.js";
import { forgetMe, loadMe } from "./account.js";
import { keepShell } from "./install.js";

const Shell = lazy(() => import("./shell.js"), "Shell");

function App() {
  useLang();
  const { state, user, why } = useStore(session);
  useEffect(() => {
    if (state === "in") {
      // The account's own language, unless this device was told another.
      if (user.lang && !globalThis.comptoirLook.langChosen && user.lang !== lang()) globalThis.comptoirLook.lang = user.lang;
      loadMe().catch(() => { /* the views that need it ask again, and say why not */ });
    }
    if (state === "out") { forgetMe(); hush(); }
  }, [state, user?.id]);
  const page = {
    starting: () => null,
    out: () => html`<${Login} title="Comptoir" login=${(credentials) => hub().login(credentials)} notice=${why === "ended" ? t("login.again") : null} />`,
    password: () => html`<${NewPassword} title="Comptoir" change=${changePassword} cancel=${logout} />`,
    in: () => html`<${Shell} key=${user.id} user=${user} />`,
  }[state];
  return html`${page()}<${Toasts} /><${LiveRegion} />`;
}

async function changePassword(passwords) {
  await hub().changePassword(passwords);
  toast({ text: t("password.changed") });
}

start();
render(html`<${App} />`, document.getElementById("app"));
// The role, or what it may do, is another now.
hub().on("resync", () => { if (session.get().state === "in") loadMe().catch(() => {}); });
// While somebody types his password, the rest comes.
addEventListener("input", () => Shell.ahead(), { once: true });
session.subscribe(({ state }) => { if (state === "in") keepShell(); });
