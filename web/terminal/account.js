// Who one is and what one may do: kept for the life of this tab, so that a terminal that is loaded while the hub is away
// still has its forms.
import { inLang } from "../shared/i18n.js";
import { store } from "../shared/store.js";
import { hub } from "../shared/hub.js";

/** GET /api/me */
export const me = store(null);
/** GET /api/schema */
export const schema = store(null);

/** What people call a role. */
export const roleTitle = (name, otherwise = name) => inLang(schema.get()?.roles?.[name], otherwise);

const KEPT = "comptoir.me";

export async function loadMe() {
  if (!me.get()) restore();
  const [who, tables] = await Promise.all([hub().me(), hub().schema()]);
  me.set(who);
  schema.set(tables);
  try { sessionStorage.setItem(KEPT, JSON.stringify({ who, tables })); } catch { /* no room: it is asked again */ }
}

function restore() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (kept?.who?.user?.id !== hub().user?.id) return;
    me.set(kept.who);
    schema.set(kept.tables);
  } catch { /* not ours */ }
}

export function forgetMe() {
  me.set(null);
  schema.set(null);
  try { sessionStorage.removeItem(KEPT); } catch { /* nothing was kept */ }
}
