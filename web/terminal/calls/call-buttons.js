// Calling the people of a room, for roles that may.
import { html, useState } from "../../shared/view.js";
import { useStore } from "../../shared/store.js";
import { t } from "../../shared/i18n.js";
import { Button } from "../../shared/components/button.js";
import { errorText } from "../../shared/components/states.js";
import { toast } from "../../shared/components/toast.js";
import { hub } from "../../shared/hub.js";
import "../../call/words.js";
import { me } from "../account.js";

export function CallButtons({ room }) {
  const who = useStore(me);
  const [busy, setBusy] = useState(false);
  if (!who?.role.open_calls && !who?.role.admin) return null;
  async function call(media) {
    setBusy(true);
    try { await hub().calls.open(room.id, { media, guests: true }); } catch (error) { toast({ text: errorText(error), kind: "danger" }); } finally { setBusy(false); }
  }
  return html`<${Button} icon="phone" kind="quiet" label=${t("call.audio")} disabled=${busy} onClick=${() => call("audio_only")} />
    <${Button} icon="camera" kind="quiet" label=${t("call.video")} disabled=${busy} onClick=${() => call("audio_video")} />`;
}
