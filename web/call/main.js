// The page of a call: a guest gives a name and waits to be let in. Somebody with an account uses the terminal.
import { html, render, useEffect, useMemo, useState } from "../shared/view.js";
import { useEvents, useStore } from "../shared/store.js";
import { t, useLang } from "../shared/i18n.js";
import "../shared/words.js";
import "./words.js";
import { memoryOutbox, memoryTokens } from "/sdk/index.js";
import { Button } from "../shared/components/button.js";
import { Field } from "../shared/components/field.js";
import { Card } from "../shared/login.js";
import { Icon } from "../shared/components/icon.js";
import { errorText } from "../shared/components/states.js";
import { LiveRegion, Toasts } from "../shared/components/toast.js";
import { hub, start } from "../shared/hub.js";
import { Ribbon } from "../shared/ribbon.js";
import { Media } from "./media.js";
import { CallStage, OwnTile, overText } from "./stage.js";

const id = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const code = new URLSearchParams(location.search).get("code") ?? "";
// The code lets people in: it does not stay in the address, where it would be shared and remembered.
history.replaceState(null, "", location.pathname);

function Page() {
  useLang();
  const [joined, setJoined] = useState(false);
  return html`${joined ? html`<${InCall} />` : html`<${Join} onJoined=${() => setJoined(true)} />`}<${Toasts} /><${LiveRegion} />`;
}

function Join({ onJoined }) {
  const [name, setName] = useState(""), [given, setGiven] = useState(code);
  const [problem, setProblem] = useState(null), [busy, setBusy] = useState(false);
  async function submit(event) {
    event.preventDefault();
    if (!name.trim() || !given.trim()) return;
    setBusy(true);
    setProblem(null);
    try {
      const answer = await join({ code: given.trim().toUpperCase(), name: name.trim() });
      start({ token: { token: answer.token, expires_in: answer.expires_in }, tokens: memoryTokens(), outbox: memoryOutbox });
      onJoined();
    } catch (error) {
      setProblem(error.code === "not_found" ? t("guest.wrong") : errorText(error));
    } finally { setBusy(false); }
  }
  return html`<${Card} title="Comptoir" heading=${t("guest.title")} onSubmit=${submit}>
    <${Field} label=${t("guest.name")} value=${name} onValue=${setName} autocomplete="name" maxlength="80" dir="auto" required />
    ${!code && html`<${Field} label=${t("guest.code")} value=${given} onValue=${setGiven} autocomplete="off" maxlength="8" class="mono" dir="ltr" required />`}
    ${problem && html`<p class="notice danger" role="alert">${problem}</p>`}
    <${Button} kind="primary" type="submit" class="block" busy=${busy} disabled=${!name.trim() || !given.trim()}>${t("guest.join")}<//>
  <//>`;
}

async function join(body) {
  let answer;
  try {
    answer = await fetch(`/api/messaging/webrtc/sessions/${encodeURIComponent(id)}/join`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  } catch { throw { code: "network" }; }
  const json = await answer.json().catch(() => ({}));
  if (!answer.ok) throw { code: json.code, message: json.detail };
  return json;
}

function InCall() {
  const media = useMemo(() => new Media(), []);
  const own = useStore(media.state);
  useEvents(hub().calls, ["change"], () => 0);
  const found = hub().calls.list[0];
  const [call, setCall] = useState(null), [over, setOver] = useState(null);
  useEffect(() => { if (found && !call) setCall(found); }, [found]);
  useEffect(() => { void media.start({ video: true }); }, []);
  useEffect(() => {
    if (!call) return;
    const end = (reason) => { media.stop(); setOver(reason ?? "hung_up"); };
    if (call.isOver) end(call.info.reason);
    return call.on("ended", end);
  }, [call]);
  useEvents(call, ["change"], () => 0);
  // The token of a guest is good for his call: where it is not taken any more, the call is gone, also if nobody said so.
  useEffect(() => hub().on("status", ({ status }) => {
    if (status !== "login_required") return;
    media.stop();
    setOver((old) => old ?? "gone");
  }), []);

  if (over !== null) return html`<main class="guest-wait"><div class="state"><${Icon} name="hangup" /><h1>${t("call.over")}</h1><p>${overText(over)} ${t("guest.bye")}</p></div></main>`;
  const seated = call?.me && call.me.state !== "lobby";
  if (seated && own.ready) return html`<main class="call-page"><h1 class="sr-only">${t("call.video")}</h1><${CallStage} call=${call} media=${media} title=${call.info.host?.name ?? t("call.video")} tools=${html`<${Ribbon} />`} onLeft=${(said) => { setOver("hung_up"); said.finally(() => hub().close()); }} /></main>`;
  return html`<main class="guest-wait"><div class="guest-card">
    <div class="row wrap"><h1 class="grow">${t("guest.title")}</h1><${Ribbon} /></div>
    <p class="notice" role="status"><span class="spinner"></span><span dir="auto">${t("guest.waiting", { name: call?.info.host?.name ?? "…" })}</span></p>
    <${OwnTile} media=${media} state=${own} />
    <div class="row"><${Button} icon=${own.audio ? "mic" : "mic-off"} label=${t(own.audio ? "call.mute" : "call.unmute")} aria-pressed=${!own.audio} onClick=${() => media.toggleAudio()} />
      <${Button} icon=${own.video ? "camera" : "camera-off"} label=${t(own.video ? "call.camera.off" : "call.camera.on")} aria-pressed=${!own.video} onClick=${() => media.toggleVideo()} /></div>
  </div></main>`;
}

render(html`<${Page} />`, document.getElementById("app"));
