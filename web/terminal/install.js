// The service worker: keeps the shell of the page, and makes the terminal one that a browser can install. Only where
// browsers allow it: over HTTPS, or on the hub's own machine.

export async function keepShell() {
  if (!("serviceWorker" in navigator)) return;
  try {
    // With Trusted Types a script's address must come from a policy; this is the only one there is, and it knows one address.
    const policy = globalThis.trustedTypes?.createPolicy("comptoir", { createScriptURL: () => "/sw.js" });
    await navigator.serviceWorker.register(policy ? policy.createScriptURL("") : "/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    active?.postMessage({ keep: [`${location.origin}/`, ...loaded] });
  } catch {
    // A plain address, a private window: the page works as well without.
  }
}
