// How other machines reach the hub: addresses, codes for phones, the certificate.
import { html } from "../shared/view.js";
import { t, words } from "../shared/i18n.js";
import { Button } from "../shared/components/button.js";
import { Icon } from "../shared/components/icon.js";
import { toast } from "../shared/components/toast.js";
import { get, useAnswer } from "./api.js";
import { Page, Pairs } from "./page.js";

words({
  "network.sub": ["Ouvrez l’une de ces adresses sur un autre poste, ou visez le code avec un téléphone.", "Open one of these addresses on another machine, or point a phone at the code.", "افتح أحد هذه العناوين على جهاز آخر، أو وجّه هاتفاً نحو الرمز."],
  "network.qr": ["Code QR de {url}", "QR code of {url}", "رمز QR للعنوان {url}"],
  "network.copy": ["Copier", "Copy", "نسخ"],
  "network.copied": ["Adresse copiée", "Address copied", "نُسخ العنوان"],
  "network.here": ["Cette machine seulement", "This machine only", "هذا الجهاز فقط"],
  "network.loopback": ["Le serveur n’écoute que sur cette machine. Pour que les autres l’atteignent : --listen 0.0.0.0:{port}.", "The hub listens on this machine only. For others to reach it: --listen 0.0.0.0:{port}.", "لا يستمع الخادم إلا على هذا الجهاز. لكي تصل إليه الأجهزة الأخرى: \u2066--listen 0.0.0.0:{port}\u2069."],
  "network.tls": ["Chiffrement", "Encryption", "التشفير"],
  "network.fingerprint": ["Empreinte du certificat (SHA-256)", "Fingerprint of the certificate (SHA-256)", "بصمة الشهادة (SHA-256)"],
  "network.fingerprint.how": ["Un poste qui affiche une autre empreinte ne parle pas à ce serveur.", "A machine that shows another fingerprint does not talk to this hub.", "الجهاز الذي يعرض بصمة أخرى لا يتصل بهذا الخادم."],
  "network.plain": ["TLS n’est pas installé : mots de passe et jetons circulent en clair. N’utilisez ce serveur que sur un réseau de confiance.", "TLS is not set up: passwords and tokens cross the network unencrypted. Use this hub on a trusted network only.", "لم يُعدّ TLS: تمر كلمات المرور والرموز دون تشفير. استخدم هذا الخادم على شبكة موثوقة فقط."],
  "network.hostname": ["Nom de la machine", "Name of the machine", "اسم الجهاز"],
  "network.port": ["Ports", "Ports", "المنافذ"],
  "network.hosts": ["Autres noms acceptés", "Other names taken", "أسماء أخرى مقبولة"],
  "network.origins": ["Pages d’ailleurs acceptées", "Pages of elsewhere let in", "صفحات خارجية مقبولة"],
  "network.proxies": ["Relais de confiance", "Trusted proxies", "وكلاء موثوقون"],
});

export function Network() {
  const answer = useAnswer(() => get("network"));
  const network = answer.data;
  const outside = network?.addresses.filter(({ loopback }) => !loopback) ?? [];
  return html`<${Page} title=${t("nav.network")} sub=${t("network.sub")} answer=${answer}>
    ${network && html`
      ${outside.length ? html`<div class="cards">${outside.map((one) => html`<${Address} key=${one.address} one=${one} />`)}</div>`
        : html`<div class="notice"><${Icon} name="info" /><span>${t("network.loopback", { port: network.ports.http })}</span></div>`}
      <section class="section"><h2>${t("network.tls")}</h2>
        ${network.certificate_fingerprint
          ? html`<div class="card stack"><div class="muted small">${t("network.fingerprint")}</div><div class="fingerprint">${network.certificate_fingerprint}</div><p class="muted">${t("network.fingerprint.how")}</p></div>`
          : html`<div class="notice warn"><${Icon} name="alert" /><span>${t("network.plain")}</span></div>`}
      </section>
      <div class="card"><${Pairs} pairs=${[
        [t("network.hostname"), network.hostname], [t("network.port"), [network.ports.http && `HTTP ${network.ports.http}`, network.ports.https && `HTTPS ${network.ports.https}`].filter(Boolean).join(" · ")],
        [t("network.here"), html`<span dir="ltr">${network.addresses.filter(({ loopback }) => loopback).map(({ url }) => url).join(", ")}</span>`],
        [t("network.hosts"), network.allowed_hosts.join(", ")], [t("network.origins"), network.allowed_origins.join(", ")], [t("network.proxies"), network.trusted_proxies.join(", ")],
      ]} /></div>`}
  <//>`;
}

function Address({ one }) {
  const copy = () => navigator.clipboard?.writeText(one.url).then(() => toast({ text: t("network.copied") }), () => {});
  // Dark on white in both themes: phones read nothing else. Four modules of white all round belong to the code.
  return html`<div class="card stack">
    <a class="url" href=${one.url}>${one.url}</a>
    ${one.qr && html`<svg class="qr" role="img" aria-label=${t("network.qr", { url: one.url })} viewBox=${`-2 -2 ${one.qr.size + 4} ${one.qr.size + 4}`} shape-rendering="crispEdges">
      <path d=${one.qr.path} fill="currentColor" /></svg>`}
    ${navigator.clipboard && html`<div><${Button} icon="link" onClick=${copy}>${t("network.copy")}<//></div>`}
  </div>`;
}
