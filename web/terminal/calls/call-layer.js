// Calls over everything else of the terminal: those that ring, and the one that one is in.
import { html, useEffect, useState } from "../../shared/view.js";
import { useEvents } from "../../shared/store.js";
import { t } from "../../shared/i18n.js";
import { Avatar } from "../../shared/components/avatar.js";
import { Button } from "../../shared/components/button.js";
import { errorText } from "../../shared/components/states.js";
import { toast } from "../../shared/components/toast.js";
import { hub } from "../../shared/hub.js";
import { CallStage, overText } from "../../call/stage.js";
import { ring } from "../notices/sound.js";
import { roomName } from "../chat/naming.js";

/** The calls there are, current: one that is answered or declined here changes without a word of the hub. */
function useCalls() {
  const calls = useEvents(hub().calls, ["change", "invite"], (all) => all.list) ?? [];
  const [, redraw] = useState(0);
  useEffect(() => {
    const stops = calls.map((call) => call.on("change", () => redraw((n) => n + 1)));
    return () => stops.forEach((stop) => stop());
  }, [calls.map(({ id }) => id).join()]);
  return calls;
}

export function CallLayer() {
  const calls = useCalls();
  const ringing = calls.filter((call) => call.ringing && !call.me);
  const current = calls.find((call) => call.me);
  const [small, setSmall] = useState(false);
  useEffect(() => {
    if (ringing.length === 0) return;
    ring("call");
    const timer = setInterval(() => ring("call"), 2500);
    return () => clearInterval(timer);
  }, [ringing.length]);
  useEffect(() => {
    if (!current) return;
    setSmall(false);
    return current.on("ended", (reason) => toast({ title: t("call.over"), text: overText(reason) }));
  }, [current?.id]);

  return html`${ringing.length > 0 && html`<div class="invites">${ringing.map((call) => html`<${Invite} key=${call.id} call=${call} />`)}</div>`}
    ${current && html`<div class=${`call-window ${small ? "small" : ""}`}><${CallStage} key=${current.id} call=${current} title=${titleOf(current)}
      tools=${html`<${Button} icon=${small ? "grow" : "shrink"} kind="quiet" label=${t(small ? "call.large" : "call.small")} onClick=${() => setSmall(!small)} />`} /></div>`}`;
}

function Invite({ call }) {
  useEvents(call, ["change"], () => 0);
  const name = call.from?.name ?? call.info.host?.name ?? "?";
  const act = (what) => () => call[what]().catch((error) => toast({ text: errorText(error), kind: "danger" }));
  useEffect(() => call.on("answered_elsewhere", () => toast({ text: t("call.elsewhere") })), []);
  return html`<div class="invite" role="alertdialog" aria-label=${t("call.incoming", { name })}><${Avatar} name=${name} />
    <div class="grow"><strong dir="auto">${t("call.incoming", { name })}</strong><br /><span class="muted small">${t(call.info.media === "audio_only" ? "call.audio" : "call.video")}</span></div>
    <${Button} icon="hangup" kind="danger" label=${t("call.decline")} onClick=${act("decline")} />
    <${Button} icon="phone" kind="primary" onClick=${act("accept")}>${t("call.accept")}<//></div>`;
}

function titleOf(call) {
  const room = hub().rooms.get(call.info.room);
  return room ? roomName(room) : call.info.host?.name ?? t("call.video");
}
