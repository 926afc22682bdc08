// The rooms in which people write to each other: how many, how large, how busy. What is written there is not shown.
import { html } from "../shared/view.js";
import { t, words } from "../shared/i18n.js";
import { Empty } from "../shared/components/states.js";
import { Page } from "./page.js";

words({
  "rooms.none": ["Aucun salon", "No room", "لا غرف"],
});

export function Rooms() {
  return html`<${Page} title=${t("nav.rooms")}><${Empty} icon="chat" title=${t("rooms.none")} /><//>`;
}
