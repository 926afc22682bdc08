/**
 * Where a login is kept between two runs of a program. Only the refresh token is: the access token lives in memory, and
 * neither is ever in `localStorage` or in an address.
 */

/**
 * @typedef {object} KeptLogin
 * @property {string} refresh_token
 * @property {import("../types.js").User} user
 */

/**
 * @typedef {object} TokenStore
 * @property {() => KeptLogin | null | Promise<KeptLogin | null>} load
 * @property {(login: KeptLogin | null) => void | Promise<void>} save `null`: logged out
 * @property {(onNewer: (login: KeptLogin) => void) => void} [watch] another tab of the same login got a newer token
 * @property {() => void} [close]
 */

/** Forgets everything with the process. @returns {TokenStore} */
export function memoryTokens() {
  /** @type {KeptLogin | null} */
  let kept = null;
  return { load: () => kept, save: (login) => void (kept = login) };
}

/**
 * In `sessionStorage`: a reload of the page stays logged in, a closed tab does not, another tab does not know.
 * @param {string} name what tells this hub from others of the same origin
 * @returns {TokenStore}
 */
export function tabTokens(name) {
  const key = `comptoir:${name}`;
  /** @type {KeptLogin | null} */
  let kept = null;
  // A duplicated tab begins with a copy of the same token. Tokens rotate, and an old one used late ends the login, so
  // the tabs tell each other.
  const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(key);
  return {
    load() {
      const text = sessionStorage.getItem(key);
      kept = text === null ? null : JSON.parse(text);
      return kept;
    },
    save(login) {
      const before = kept?.refresh_token;
      kept = login;
      if (login === null) return sessionStorage.removeItem(key);
      sessionStorage.setItem(key, JSON.stringify(login));
      if (before) channel?.postMessage({ before, login });
    },
    watch(onNewer) {
      if (!channel) return;
      channel.onmessage = ({ data }) => {
        if (!kept || kept.refresh_token !== data.before) return;
        kept = data.login;
        sessionStorage.setItem(key, JSON.stringify(kept));
        onNewer(data.login);
      };
    },
    close: () => channel?.close(),
  };
}

/** @param {string} name @returns {TokenStore} */
export function defaultTokens(name) {
  try {
    if (typeof sessionStorage !== "undefined" && typeof window !== "undefined") return tabTokens(name);
  } catch {
    // A sandboxed frame has no storage.
  }
  return memoryTokens();
}
