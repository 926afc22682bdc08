// Oneself: availability, language, password, devices, logging out.
import { html, useEffect, useRef, useState } from "../shared/view.js";
import { useStore } from "../shared/store.js";
import { ago, t, time } from "../shared/i18n.js";
import { Avatar } from "../shared/components/avatar.js";
import { Button } from "../shared/components/button.js";
import { Dialog } from "../shared/components/dialog.js";
import { Field } from "../shared/components/field.js";
import { Icon } from "../shared/components/icon.js";
import { LanguageChoice } from "../shared/components/look.js";
import { Failed, Loading, errorText } from "../shared/components/states.js";
import { toast } from "../shared/components/toast.js";
import { useMenu } from "../shared/components/menu.js";
import { hub, logout } from "../shared/hub.js";
import { me, roleTitle } from "./account.js";
import { sound } from "./notices/sound.js";
import { STATUSES, StatusDialog, setStatus, useOwnStatus } from "./status.js";

export function AccountMenu({ user }) {
  const menu = useMenu();
  const who = useStore(me);
  const [dialog, setDialog] = useState(null);
  const loud = useStore(sound);
  const { status: own, text: note, until } = useOwnStatus();
  const say = (status) => setStatus({ status, text: note }).catch((error) => toast({ text: errorText(error), kind: "danger" }));
  const choose = (run) => () => { menu.close(); run(); };
  return html`<div class="menu-box" ref=${menu.box}>
    <button type="button" class="avatar-button" aria-haspopup="true" aria-expanded=${menu.open} title=${t("nav.me")} onClick=${menu.toggle}><span class="sr-only">${t("nav.me")}: ${user.display_name}, ${t(`me.${own}`)}${note ? `, ${note}` : ""}</span>
      <${Avatar} name=${user.display_name} seed=${user.username} status=${own} /></button>
    ${menu.open && html`<div class="menu end" ref=${menu.list}>
      <div class="menu-who"><strong dir="auto">${user.display_name}</strong><span class="muted small" dir="auto">${roleTitle(user.role)}</span></div>
      <div class="menu-status" role="group" aria-label=${t("me.status")}>
        ${STATUSES.map((one) => html`<button key=${one} type="button" aria-pressed=${own === one} onClick=${choose(() => say(one))}><span class=${`dot inline ${one}`}></span>${t(`me.${one}`)}</button>`)}
        <button type="button" aria-haspopup="dialog" onClick=${choose(() => setDialog("status"))}><${Icon} name="edit" /><span class="clip grow" dir="auto">${note || t("me.note.add")}</span>${until && html`<span class="muted small">${t("me.until.short", { at: time(until) })}</span>`}</button>
      </div><hr />
      <div class="menu-line"><${Icon} name="globe" /><${LanguageChoice} /></div>
      <button type="button" aria-pressed=${loud} onClick=${() => sound.set(!loud)}><${Icon} name=${loud ? "sound" : "sound-off"} />${t("me.sound")}: ${t(loud ? "yes" : "no")}</button>
      <button type="button" onClick=${choose(() => setDialog("password"))}><${Icon} name="lock" />${t("password.change")}</button>
      <button type="button" onClick=${choose(() => setDialog("devices"))}><${Icon} name="server" />${t("me.devices")}</button>
      ${who?.role.admin && html`<a href="/admin" target="_blank" rel="noopener"><${Icon} name="gauge" />${t("nav.console")}</a>`}
      <hr />
      <button type="button" onClick=${choose(logout)}><${Icon} name="logout" />${t("login.logout")}</button>
    </div>`}
    ${dialog === "status" && html`<${StatusDialog} onClose=${() => setDialog(null)} />`}
    ${dialog === "password" && html`<${PasswordDialog} onClose=${() => setDialog(null)} />`}
    ${dialog === "devices" && html`<${DevicesDialog} onClose=${() => setDialog(null)} />`}
  </div>`;
}

function PasswordDialog({ onClose }) {
  const [current, setCurrent] = useState(""), [next, setNext] = useState("");
  const [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  async function submit() {
    setBusy(true);
    try { await hub().changePassword({ current, new: next }); toast({ text: t("password.changed") }); onClose(); }
    catch (error) { setProblem(errorText(error)); } finally { setBusy(false); }
  }
  return html`<${Dialog} title=${t("password.title")} onClose=${onClose} onSubmit=${submit}
    footer=${html`<${Button} onClick=${onClose}>${t("cancel")}<//><${Button} kind="primary" type="submit" busy=${busy}>${t("password.change")}<//>`}>
    <${Field} label=${t("password.current")} type="password" autocomplete="current-password" value=${current} onValue=${setCurrent} />
    <${Field} label=${t("password.new")} type="password" autocomplete="new-password" value=${next} onValue=${setNext} problem=${problem} />
  <//>`;
}

function DevicesDialog({ onClose }) {
  const [sessions, setSessions] = useState(null), [error, setError] = useState(null);
  const load = () => hub().http("GET", "/api/me/sessions").then(({ sessions }) => setSessions(sessions)).catch(setError);
  useEffect(() => { load(); }, []);
  const end = (id) => hub().http("DELETE", `/api/me/sessions/${encodeURIComponent(id)}`).then(load).catch((error) => toast({ text: errorText(error), kind: "danger" }));
  return html`<${Dialog} title=${t("me.devices")} onClose=${onClose}>
    ${error ? html`<${Failed} error=${error} />` : !sessions ? html`<${Loading} lines=${3} />` : html`<ul class="plain-list">${sessions.map((one) => html`<li key=${one.id} class="row">
      <${Icon} name="server" /><div class="grow"><div class="clip" dir="auto" title=${one.user_agent}>${deviceName(one.user_agent) ?? one.user_agent ?? one.address}</div>
      <div class="muted small"><span dir="ltr">${one.address ?? ""}</span> ${one.last_used_at ? ago(one.last_used_at) : ""}</div></div>
      ${one.current ? html`<span class="chip good">${t("me.device.this")}</span>` : html`<${Button} onClick=${() => end(one.id)}>${t("me.device.end")}<//>`}</li>`)}</ul>`}
  <//>`;
}

const BROWSERS = [["Edg", "Edge"], ["OPR", "Opera"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]];
/** "Chrome · Windows" of what a browser says of itself. */
function deviceName(agent = "") {
  const [browser, system] = [BROWSERS, SYSTEMS].map((known) => known.find(([mark]) => agent?.includes(mark))?.[1]);
  return browser && system ? `${browser} · ${system}` : null;
}
