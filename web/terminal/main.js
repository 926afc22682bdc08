// The terminal: who is logged in decides what is drawn. The first view stands on few files; the connection comes behind it.
import { html, render } from "../shared/view.js";
import { useStore } from "../shared/store.js";
import { t, useLang } from "../shared/i18n.js";
import "../shared/words.js";
import { Login, NewPassword } from "../shared/login.js";
import { LiveRegion, Toasts } from "../shared/components/toast.js";
import { lazy } from "../shared/lazy.js";
import { session, wasIn } from "../shared/session.js";

const Shell = lazy(() => import("./shell.js"), "Shell");
const begin = () => import("./begin.js").catch(() => { throw { code: "network" }; });
const act = (name) => async (...what) => (await begin())[name](...what);

function App() {
  useLang();
  const { state, user, why } = useStore(session);
  const page = {
    starting: () => null,
    out: () => html`<${Login} title="Comptoir" login=${act("login")} notice=${why === "ended" ? t("login.again") : null} />`,
    password: () => html`<${NewPassword} title="Comptoir" change=${act("changePassword")} cancel=${act("logout")} />`,
    in: () => html`<${Shell} key=${user.id} user=${user} />`,
  }[state];
  return html`${page()}<${Toasts} /><${LiveRegion} />`;
}

// Loaded again while logged in: all that will be needed is asked for at once, not as one file names the next.
if (wasIn()) {
  for (const href of document.querySelector("meta[name=comptoir-later]")?.content.split(" ") ?? []) {
    document.head.append(Object.assign(document.createElement("link"), { rel: "modulepreload", href }));
  }
  Shell.ahead();
}
render(html`<${App} />`, document.getElementById("app"));
// Without it there is nothing but the form, which says why when it is sent.
const connect = () => begin().catch(() => session.set((old) => (old.state === "starting" ? { ...old, state: "out" } : old)));
// The form is painted first.
if (wasIn()) void connect();
else requestAnimationFrame(() => setTimeout(connect));
// While somebody types his password, the rest comes.
addEventListener("input", () => Shell.ahead(), { once: true });
