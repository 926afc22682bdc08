// The one connection of a page, over the published client, and what views follow of it.
import { open } from "/sdk/index.js";
import { store, perFrame } from "./store.js";

/** "starting", "out" (log in), "password" (choose one), "in". `why`: "ended" after a login that was ended. */
export const session = store({ state: "starting", user: null, why: null });

/** The ribbon's: what the connection does, when it is tried again (ms), how many writes wait. */
export const link = store({ status: "connecting", retryAt: null, queued: 0 });

let current = null;
/** The connection. There is one as soon as a page has called `start`. */
export const hub = () => current;

/** Connects, with the login of this tab where there is one. `options`: of the client. */
export function start(options = {}) {
  current = open({ url: location.origin, ...options });
  current.on("status", follow);
  current.on("user", follow);
  return current;
}

const follow = perFrame(() => {
  const { user } = current;
  const { status, retryInMs, queued } = current.status;
  link.set((old) => {
    const retryAt = status === "reconnecting" ? (old.status === status && old.retryIn === retryInMs ? old.retryAt : Date.now() + (retryInMs ?? 0)) : null;
    return { status, retryAt, retryIn: retryInMs, queued };
  });
  session.set((old) => {
    const state = status === "password_change_required" ? "password"
      : user && status !== "login_required" ? "in"
      : status === "login_required" ? "out" : old.state === "in" ? "out" : old.state;
    const why = state === "out" && old.state === "in" && !leaving ? "ended" : state === "out" ? old.why : null;
    return old.state === state && old.user === user && old.why === why ? old : { state, user, why };
  });
});

let leaving = false;
export async function logout() {
  leaving = true;
  try { await current.logout(); } finally { setTimeout(() => { leaving = false; }, 500); }
}
