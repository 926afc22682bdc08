// Runs before the first paint (a plain script in <head>): theme, language and direction on <html>.
// What was chosen is remembered; without a choice the system decides. i18n.js and theme switches use `comptoirLook`.
"use strict";
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const languages = ["fr", "en", "ar"];
  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const write = (key, value) => { try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch { /* private mode */ } };

  const look = {
    languages,
    /** "light", "dark" or "system". */
    get theme() { return read("comptoir.theme") ?? "system"; },
    set theme(value) { write("comptoir.theme", value === "system" ? null : value); apply(); },
    get lang() {
      const wanted = [read("comptoir.lang"), ...(navigator.languages ?? [])];
      for (const tag of wanted) {
        const lang = tag?.slice(0, 2);
        if (languages.includes(lang)) return lang;
      }
      return "en";
    },
    set lang(value) { write("comptoir.lang", value); apply(); },
    get langChosen() { return read("comptoir.lang") !== null; },
  };
  function apply() {
    const theme = look.theme === "system" ? (dark.matches ? "dark" : "light") : look.theme;
    root.dataset.theme = theme;
    root.lang = look.lang;
    root.dir = look.lang === "ar" ? "rtl" : "ltr";
    dispatchEvent(new Event("comptoir-look"));
  }
  dark.addEventListener("change", apply);
  globalThis.comptoirLook = look;
  apply();
})();
