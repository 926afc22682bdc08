// The fields of a message that the hub itself sends: to one session, or to everybody.
import { html } from "../shared/view.js";
import { t, words } from "../shared/i18n.js";
import { Field } from "../shared/components/field.js";

words({
  "announcement.text": ["Message", "Message", "الرسالة"],
  "announcement.level": ["Importance", "Level", "المستوى"],
  "level.info": ["Information", "Information", "معلومة"],
  "level.warning": ["Avertissement", "Warning", "تحذير"],
  "level.error": ["Alerte", "Alert", "إنذار"],
});

/** `value`: { text, level }. */
export function AnnouncementFields({ value, onValue }) {
  return html`<${Field} label=${t("announcement.text")} rows=${3} maxlength="2000" dir="auto" required value=${value.text} onValue=${(text) => onValue({ ...value, text })} />
    <${Field} label=${t("announcement.level")} value=${value.level} onValue=${(level) => onValue({ ...value, level })}
      options=${["info", "warning", "error"].map((level) => [level, t(`level.${level}`)])} />`;
}
