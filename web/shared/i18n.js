// Words in French, English and Arabic. A feature keeps its own in its `words.js`:
//   words({ "sale.done": ["Vente faite", "Sale made", "تم البيع"] })
// and shows them by `t("sale.done")`. `{name}` in a text is replaced: t("hello", { name }).
// A text that counts is an object by plural category: { one: "{n} message", other: "{n} messages" }.
import { useState, useEffect } from "./view.js";

const look = globalThis.comptoirLook;
const order = { fr: 0, en: 1, ar: 2 };
const known = new Map();

export function words(more) {
  for (const [key, texts] of Object.entries(more)) known.set(key, texts);
}

export const lang = () => look.lang;
/** Latin digits in Arabic too: they stand beside figures of the database. */
const locale = () => ({ fr: "fr-FR", en: "en-GB", ar: "ar-u-nu-latn" })[lang()];

export function t(key, values) {
  const texts = known.get(key);
  if (!texts) return key;
  let text = texts[order[lang()]] ?? texts[1];
  if (typeof text === "object") {
    const category = new Intl.PluralRules(locale()).select(values?.n ?? 0);
    text = text[category] ?? text.other;
  }
  return values ? text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? shown(values[name]) : whole)) : text;
}

/** A text of a pack, one for all or `{ fr, en, ar }`, in the user's language; `otherwise` where it has none of that. */
export const inLang = (text, otherwise) => (typeof text === "string" ? text : text?.[lang()]) ?? otherwise;
/** What people call a table, column, function or parameter of the schema. */
export const titleOf = ({ name, title }) => inLang(title, title?.en ?? title?.fr ?? name);

/** What people wrote keeps its own direction within a sentence: it is isolated where it could turn the rest round. */
const shown = (value) => {
  if (typeof value === "number") return number(value);
  const text = String(value);
  return lang() === "ar" || /[\u0590-\u08ff\ufb1d-\ufeff]/.test(text) ? `\u2068${text}\u2069` : text;
};

/** Wakes the component when the language changes. */
export function useLang() {
  const [current, set] = useState(lang());
  useEffect(() => {
    const follow = () => set(lang());
    addEventListener("comptoir-look", follow);
    return () => removeEventListener("comptoir-look", follow);
  }, []);
  return current;
}

const formats = new Map();
function format(kind, options) {
  const key = `${locale()} ${kind} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl[kind](locale(), options));
  return formats.get(key);
}

export const number = (value, options = {}) => format("NumberFormat", options).format(value);
export const time = (at) => format("DateTimeFormat", { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
export const date = (at) => format("DateTimeFormat", { dateStyle: "medium" }).format(new Date(at));
export const dateTime = (at) => format("DateTimeFormat", { dateStyle: "short", timeStyle: "medium" }).format(new Date(at));
/** "Today", "Yesterday", or the date. */
export function day(at) {
  const then = new Date(at);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(then).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0 || days === 1) {
    const text = format("RelativeTimeFormat", { numeric: "auto" }).format(-days, "day");
    return text[0].toLocaleUpperCase(lang()) + text.slice(1);
  }
  return format("DateTimeFormat", { weekday: "long", day: "numeric", month: "long" }).format(then);
}
/** The time today, the day otherwise: for lists. */
export function shortWhen(at) {
  const then = new Date(at);
  const sameDay = then.toDateString() === new Date().toDateString();
  return sameDay ? time(at) : format("DateTimeFormat", { day: "numeric", month: "short" }).format(then);
}
/** "3 min ago". */
export function ago(at) {
  const seconds = Math.round((new Date(at) - Date.now()) / 1000);
  const relative = format("RelativeTimeFormat", { numeric: "auto", style: "short" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(seconds, "second");
}
export const duration = (ms) => {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};
export function bytes(count) {
  for (const [unit, size] of [["gigabyte", 1e9], ["megabyte", 1e6], ["kilobyte", 1e3]]) {
    if (count >= size) return number(count / size, { style: "unit", unit, maximumFractionDigits: 1 });
  }
  return number(count, { style: "unit", unit: "byte" });
}
