// What begins behind the first view: the connection, and what one may do once one is logged in.
import { lang, t } from "../shared/i18n.js";
import { later } from "../shared/lazy.js";
import { hush, toast } from "../shared/components/toast.js";
import { hub, logout, session, start } from "../shared/hub.js";
import { forgetMe, loadMe } from "./account.js";
import { keepShell } from "./install.js";

export { logout };
export const login = (credentials) => hub().login(credentials);
export async function changePassword(passwords) {
  await hub().changePassword(passwords);
  toast({ text: t("password.changed") });
}

start();
// The role, or what it may do, is another now.
hub().on("resync", () => { if (session.get().state === "in") loadMe().catch(() => {}); });

let shown = null;
session.subscribe(({ state, user }) => {
  const now = `${state} ${user?.id}`;
  if (now === shown) return;
  shown = now;
  if (state === "in") {
    // The account's own language, unless this device was told another.
    if (user.lang && !globalThis.comptoirLook.langChosen && user.lang !== lang()) globalThis.comptoirLook.lang = user.lang;
    loadMe().catch(() => { /* the views that need it ask again, and say why not */ });
    later(keepShell);
  }
  if (state === "out") { forgetMe(); hush(); }
});
