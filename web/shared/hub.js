// The one connection of a page, over the published client, and what views follow of it.
import { open } from "/sdk/index.js";
import { perFrame } from "./store.js";
import { link, session } from "./session.js";

export { link, session };

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

/** Whether a waiting request is something that a person did: what was read is said by the way. */
export const isWork = ({ frame }) => frame.type !== "mark_read" && frame.type !== "mark_delivered" && frame.type !== "mark_notifications_read";

const follow = perFrame(() => {
  const { user } = current;
  const { status, retryInMs } = current.status;
  const queued = current.outbox?.entries.filter(isWork).length ?? 0;
  link.set((old) => {
    const retryAt = status === "reconnecting" ? (old.status === status && old.retryIn === retryInMs ? old.retryAt : Date.now() + (retryInMs ?? 0)) : null;
    return { status, retryAt, retryIn: retryInMs, queued };
  });
  session.set((old) => {
    const state = status === "password_change_required" ? "password"
      : user && status !== "login_required" ? "in"
      : status === "login_required" ? "out" : old.state === "in" ? "out" : old.state;
    if (state === "in") leaving = false;
    const why = state === "out" && old.state === "in" && !leaving ? "ended" : state === "out" ? old.why : null;
    return old.state === state && old.user === user && old.why === why ? old : { state, user, why };
  });
});

/** Whoever leaves of his own will is not told that his login ended. */
let leaving = false;
export async function logout() {
  leaving = true;
  await current.logout();
}
