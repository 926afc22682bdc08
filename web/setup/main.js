// The set-up of a hub that nobody has logged in to: its first administrator, pack, place of backups.
import { html, render, useEffect, useState } from "../shared/view.js";
import { lang, t, useLang } from "../shared/i18n.js";
import "../shared/words.js";
import "./words.js";
import { Mark } from "../shared/components/icon.js";
import { LanguageChoice, ThemeButton } from "../shared/components/look.js";
import { Empty, Failed } from "../shared/components/states.js";
import { hub, start } from "../shared/hub.js";
import { Form } from "./form.js";

/** How long a hub may take to start anew, ms. */
const PATIENCE_MS = 60_000;

async function ask(method, body) {
  let answer;
  try {
    answer = await fetch("/api/setup", { method, headers: body && { "content-type": "application/json" }, body: body && JSON.stringify(body) });
  } catch {
    throw Object.assign(new Error("network"), { code: "network" });
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(said.detail), { code: said.code, message: said.detail, requestId: said.request_id });
  return said;
}

/** Logs in as soon as the hub is back, and goes to the console. */
async function enter(credentials) {
  const until = Date.now() + PATIENCE_MS;
  start({ tables: [] });
  while (true) {
    try {
      await hub().login(credentials);
      return location.replace("/admin");
    } catch (error) {
      if (Date.now() > until || error.code === "invalid_credentials") throw error;
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
  }
}

function App() {
  useLang();
  const [offer, setOffer] = useState(null), [error, setError] = useState(null);
  const [phase, setPhase] = useState("form");
  const load = () => { setError(null); ask("GET").then(setOffer, setError); };
  useEffect(load, []);
  useEffect(() => { document.title = `${t("setup.title")} · Comptoir`; });

  async function setUp(choice) {
    await ask("POST", { ...choice, key: offer.key, lang: choice.lang ?? lang() });
    setPhase("starting");
    enter({ username: choice.username, password: choice.password }).catch(() => setPhase("slow"));
  }

  const body = () => {
    if (error) return html`<${Failed} error=${error} onRetry=${load} />`;
    if (!offer) return null;
    if (phase === "starting") return html`<div class="state" role="status"><span class="spinner"></span><strong>${t("setup.starting")}</strong></div>`;
    if (phase === "slow") return html`<${Empty} icon="alert" title=${t("setup.slow")}><a class="button" href="/admin">${t("setup.console")}</a><//>`;
    if (!offer.open) return html`<${Empty} icon="lock" title=${t("setup.closed")} text=${t("setup.closed.text")}><a class="button" href="/admin">${t("setup.console")}</a><//>`;
    return html`<p class="muted">${t("setup.intro")}</p><${Form} offer=${offer} onSubmit=${setUp} />`;
  };
  return html`<main class="setup-page"><div class="setup-card">
    <div class="setup-top"><div class="brand"><${Mark} /><span>Comptoir</span></div><div class="row"><${LanguageChoice} /><${ThemeButton} /></div></div>
    <h1>${t("setup.title")}</h1>
    ${body()}
  </div></main>`;
}

render(html`<${App} />`, document.getElementById("app"));
