// The frame around the views: where one can go, the state of the connection, oneself.
import { html, useEffect } from "../shared/view.js";
import { useStore } from "../shared/store.js";
import { t } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Icon, Mark } from "../shared/components/icon.js";
import { LanguageChoice, ThemeButton } from "../shared/components/look.js";
import { Ribbon } from "../shared/ribbon.js";
import { logout } from "../shared/hub.js";
import { route } from "./route.js";
import { Overview } from "./overview.js";
import { Sessions } from "./sessions.js";
import { Users } from "./users.js";
import { Rooms } from "./rooms.js";
import { Audit } from "./audit.js";
import { Notices } from "./notices.js";
import { Backups } from "./backups.js";
import { Pack } from "./pack.js";
import { Network } from "./network.js";

/** Name in the address, icon, view: to add a view, add its line. */
const VIEWS = [
  ["overview", "gauge", Overview],
  ["sessions", "link", Sessions],
  ["users", "users", Users],
  ["rooms", "chat", Rooms],
  ["audit", "book", Audit],
  ["notices", "bell", Notices],
  ["backups", "disk", Backups],
  ["pack", "function", Pack],
  ["network", "network", Network],
];

export function Shell({ user }) {
  const [at = "overview"] = useStore(route);
  const [name, , View] = VIEWS.find(([view]) => view === at) ?? VIEWS[0];
  useEffect(() => {
    document.title = `${t(`nav.${name}`)} · Comptoir`;
    // On narrow screens the sections are a strip: the chosen one comes into view.
    document.querySelector(".console-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  return html`<div class="console">
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.getElementById("main").focus(); }}>${t("skip")}</a>
    <header class="console-top">
      <a class="brand" href="#/overview" aria-label=${t("console.title")}><${Mark} /><span class="brand-text">Comptoir</span></a>
      <span class="grow"></span>
      <${Ribbon} />
      <span class="wide-only"><${LanguageChoice} /></span>
      <${ThemeButton} />
      <span class="who wide-only"><${Icon} name="user" small=${true} /><span class="clip" dir="auto">${user.display_name}</span></span>
      <${Button} icon="logout" kind="quiet" label=${t("login.logout")} onClick=${logout} />
    </header>
    <nav class="console-nav" aria-label=${t("nav.main")}><ul>
      ${VIEWS.map(([view, icon]) => html`<li key=${view}><a class="nav-item" href=${`#/${view}`} aria-current=${view === name ? "page" : undefined}>
        <${Icon} name=${icon} /><span>${t(`nav.${view}`)}</span></a></li>`)}
      <li class="apart"><a class="nav-item" href="/"><${Icon} name="screen" /><span>${t("nav.terminal")}</span></a></li>
      <li class="narrow-only"><${LanguageChoice} /></li>
    </ul></nav>
    <main id="main" class="console-main scroll" tabindex="-1"><${View} key=${name} user=${user} /></main>
  </div>`;
}
