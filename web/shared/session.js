// Who is logged in and how the connection is, without the client behind it: a page shows its first view before that is here.
import { store } from "./store.js";

/** Whether this tab was logged in before it was loaded again. */
export const wasIn = () => { try { return sessionStorage.getItem(`comptoir:${location.host}`) !== null; } catch { return false; } };

/** "starting", "out" (log in), "password" (choose one), "in". `why`: "ended" after a login that was ended. */
export const session = store({ state: wasIn() ? "starting" : "out", user: null, why: null });

/** The ribbon's: what the connection does, when it is tried again (ms), how many writes wait. */
export const link = store({ status: "connecting", retryAt: null, queued: 0 });
