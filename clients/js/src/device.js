/** The device tells when its network or its page comes back: no reason to wait for a timer then. */

/**
 * @param {() => void} probe
 * @returns {import("./emitter.js").Stop}
 */
export function listenToDevice(probe) {
  if (typeof window === "undefined") return () => {};
  const whenVisible = () => document.visibilityState === "visible" && probe();
  window.addEventListener("online", probe);
  document.addEventListener("visibilitychange", whenVisible);
  return () => {
    window.removeEventListener("online", probe);
    document.removeEventListener("visibilitychange", whenVisible);
  };
}
