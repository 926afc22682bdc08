// A call as one sees it: pictures, names, and what one can do. The same in the terminal and on the page of a guest.
import { html, useEffect, useMemo, useRef, useState } from "../shared/view.js";
import { useEvents, useStore } from "../shared/store.js";
import { t } from "../shared/i18n.js";
import { Avatar } from "../shared/components/avatar.js";
import { Button } from "../shared/components/button.js";
import { Dialog } from "../shared/components/dialog.js";
import { Field } from "../shared/components/field.js";
import { Icon } from "../shared/components/icon.js";
import { errorText } from "../shared/components/states.js";
import { toast } from "../shared/components/toast.js";
import { chosenDevice, devices, Media } from "./media.js";
import { Peers } from "./peers.js";
import "./words.js";

const failed = (error) => toast({ text: errorText(error), kind: "danger" });

/** `media`: what was started before (a guest's preview); otherwise it is started here. */
export function CallStage({ call, media: given, title, onLeft, tools }) {
  const media = useMemo(() => given ?? new Media(), []);
  const peers = useMemo(() => new Peers(call, media), []);
  const info = useEvents(call, ["change"], () => call.info) ?? call.info;
  const remote = useStore(peers.remote);
  const own = useStore(media.state);
  const [dialog, setDialog] = useState(null);
  const audioOnly = info.media === "audio_only";

  useEffect(() => {
    let over = false;
    (async () => {
      if (!given) await media.start({ video: !audioOnly });
      if (!over) await peers.join();
    })();
    return () => { over = true; peers.close(); media.stop(); };
  }, []);
  useEffect(() => {
    if (own.ready) call.setMedia({ audio: own.audio, video: own.video, screen: own.screen }).catch(() => { /* told again at the next change */ });
  }, [own]);

  // Here it ends at once, whether or not the hub is there to hear it.
  const leave = () => {
    peers.close();
    media.stop();
    const said = Promise.race([call.hangUp().catch(() => {}), new Promise((done) => { setTimeout(done, 2000); })]);
    onLeft?.(said);
  };
  const host = call.me?.host;
  const waiting = info.state === "ringing" || info.state === "initiating" ? t("call.ringing") : t("call.alone");
  return html`<section class="stage" aria-label=${title}>
    <header class="stage-head"><h2 class="clip grow" dir="auto">${title}</h2>${tools}</header>
    ${host && call.lobby.map((guest) => html`<div key=${guest.participant} class="notice lobby" role="alert"><${Icon} name="user" /><span class="grow" dir="auto">${t("call.lobby", { name: guest.name })}</span>
      <${Button} kind="primary" onClick=${() => call.admit(guest.participant).catch(failed)}>${t("call.admit")}<//><${Button} onClick=${() => call.deny(guest.participant).catch(failed)}>${t("call.deny")}<//></div>`)}
    <div class="tiles" data-count=${call.others.length + 1}>
      ${call.others.map((one) => html`<${Tile} key=${one.participant} name=${one.name} media=${one.media} away=${one.state === "away"} remote=${remote.get(one.participant)}
        onRemove=${host && one.guest ? () => call.deny(one.participant).catch(failed) : null} />`)}
      ${call.others.length === 0 && html`<div class="tile-video waiting"><span class="spinner"></span><p role="status">${waiting}</p></div>`}
      <${OwnTile} media=${media} state=${own} />
    </div>
    <div class="controls" role="toolbar" aria-label=${title}>
      <${Button} icon=${own.audio ? "mic" : "mic-off"} label=${t(own.audio ? "call.mute" : "call.unmute")} aria-pressed=${!own.audio} onClick=${() => media.toggleAudio()} />
      <${Button} icon=${own.video ? "camera" : "camera-off"} label=${t(own.video ? "call.camera.off" : "call.camera.on")} aria-pressed=${!own.video} onClick=${() => media.toggleVideo()} />
      <${Button} icon="screen" label=${t(own.screen ? "call.screen.stop" : "call.screen")} aria-pressed=${own.screen} onClick=${() => media.toggleScreen()} />
      <${Button} icon="settings" label=${t("call.devices")} onClick=${() => setDialog("devices")} />
      ${call.link && html`<${Button} icon="link" label=${t("call.invite")} onClick=${() => setDialog("invite")} />`}
      <${Button} icon="hangup" kind="danger" label=${t("call.hangup")} onClick=${leave} />
      ${host && call.others.length > 1 && html`<${Button} kind="danger" onClick=${() => call.end().catch(failed)}>${t("call.end")}<//>`}
    </div>
    ${dialog === "devices" && html`<${Devices} media=${media} onClose=${() => setDialog(null)} />`}
    ${dialog === "invite" && html`<${Invite} link=${call.link} onClose=${() => setDialog(null)} />`}
  </section>`;
}

function Tile({ name, media, away, remote, onRemove }) {
  const shows = (media?.video || media?.screen) && remote;
  return html`<figure class=${`tile-video ${media?.screen ? "screen" : ""}`} data-state=${remote?.state ?? "none"}>
    <${Video} stream=${remote?.stream} hidden=${!shows} label=${name} />
    ${!shows && html`<${Avatar} size="large" name=${name} />`}
    <figcaption>${media && !media.audio && html`<${Icon} name="mic-off" small /><span class="sr-only">${t("call.muted")}</span>`}<span class="clip" dir="auto">${name}</span>
      ${away ? html`<span>· ${t("call.away")}</span>` : remote?.state !== "connected" && html`<span>· ${t("call.connecting")}</span>`}
      ${onRemove && html`<${Button} icon="close" kind="quiet" label=${t("call.remove", { name })} onClick=${onRemove} />`}</figcaption>
  </figure>`;
}

export function OwnTile({ media, state }) {
  const stream = useMemo(() => (media.videoTrack ? new MediaStream([media.videoTrack]) : null), [state]);
  return html`<figure class=${`tile-video own ${state.screen ? "screen" : ""}`}>
    <${Video} stream=${stream} muted hidden=${!stream} label=${t("guest.preview")} />
    ${!stream && html`<${Avatar} size="large" name=${t("call.you")}><${Icon} name="user" /><//>`}
    <figcaption>${state.ready && !state.audio && html`<${Icon} name="mic-off" small /><span class="sr-only">${t("call.muted")}</span>`}<span>${t("call.you")}</span></figcaption>
  </figure>`;
}

function Video({ stream, muted = false, hidden, label }) {
  const ref = useRef();
  useEffect(() => {
    if (ref.current.srcObject !== (stream ?? null)) ref.current.srcObject = stream ?? null;
    if (stream) ref.current.play().catch(() => { /* plays with the next press of the person */ });
    const speaker = chosenDevice("audiooutput");
    if (!muted && speaker) ref.current.setSinkId?.(speaker).catch(() => {});
  }, [stream]);
  // Hidden, not absent: it also plays the sound.
  return html`<video ref=${ref} class=${hidden ? "sr-only" : ""} autoplay playsinline muted=${muted} aria-label=${label}></video>`;
}

function Devices({ media, onClose }) {
  const [found, setFound] = useState(null);
  useEffect(() => { devices().then(setFound); }, []);
  return html`<${Dialog} title=${t("call.devices")} onClose=${onClose}>
    ${found && Object.entries(found).map(([kind, list]) => list.length > 0 && html`<${Field} key=${kind} label=${t(`call.device.${kind}`)} value=${chosenDevice(kind) || list[0].id}
      options=${list.map(({ id, label }) => [id, label])} onChange=${(e) => media.choose(kind, e.target.value)} />`)}
  <//>`;
}

function Invite({ link, onClose }) {
  const copy = (text) => navigator.clipboard?.writeText(text).then(() => toast({ text: t("call.copied"), ms: 2000 }), () => {});
  return html`<${Dialog} title=${t("call.invite")} onClose=${onClose}>
    <p class="muted">${t("call.invite.why")}</p>
    <div class="row"><div class="grow"><${Field} label=${t("call.invite.link")} value=${link.fullLink} readonly dir="ltr" onFocus=${(e) => e.target.select()} /></div>
      <${Button} icon="link" label=${t("call.copy")} onClick=${() => copy(link.fullLink)} /></div>
    <p>${t("call.invite.code")}: <code dir="ltr">${link.joinCode}</code></p>
  <//>`;
}

export function overText(reason) {
  const key = `call.reason.${reason}`;
  const text = t(key);
  return text === key ? "" : text;
}
