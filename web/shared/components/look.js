// Choosing language and theme; remembered on this device.
import { html } from "../view.js";
import { t, useLang } from "../i18n.js";
import { Button } from "./button.js";

const look = globalThis.comptoirLook;
const names = { fr: "Français", en: "English", ar: "العربية" };

export function LanguageChoice() {
  const current = useLang();
  return html`<select class="input" style=${{ inlineSize: "auto" }} aria-label=${t("language")} value=${current} onChange=${(event) => { look.lang = event.target.value; }}>
    ${look.languages.map((lang) => html`<option key=${lang} value=${lang} lang=${lang} selected=${lang === current}>${names[lang]}</option>`)}
  </select>`;
}

export function ThemeButton() {
  useLang();
  const dark = document.documentElement.dataset.theme === "dark";
  return html`<${Button} icon=${dark ? "sun" : "moon"} kind="quiet" label=${t(dark ? "theme.light" : "theme.dark")} onClick=${() => { look.theme = dark ? "light" : "dark"; }} />`;
}
