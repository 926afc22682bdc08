// The service worker: keeps the shell of the page, and makes the terminal one that a browser can install. Only where
// browsers allow it: over HTTPS, or on the hub's own machine.

let asked = false;

export async function keepShell() {
  if (asked || !("serviceWorker" in navigator)) return;
  asked = true;
  try {
    // With Trusted Types a script's address must come from a policy; this is the only one there is, and it knows one address.
    const policy = globalThis.trustedTypes?.createPolicy("comptoir", { createScriptURL: () => "/sw.js" });
    await navigator.serviceWorker.register(policy ? policy.createScriptURL("") : "/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    // Parts that are loaded when they are needed are needed when the hub is away, too.
    await Promise.all([import("./shell.js"), import("./chat/timeline-pane.js"), import("./chat/details.js"), import("./chat/new-conversation.js"), import("./data/data-view.js"), import("./calls/call-layer.js")]);
    const loaded = performance.getEntriesByType("resource").map(({ name }) => name);
    const { port1, port2 } = new MessageChannel();
    // Says, for whoever looks, that the terminal now opens without the hub.
    port1.onmessage = () => { document.documentElement.dataset.shell = "kept"; };
    active?.postMessage({ keep: [`${location.origin}/`, ...loaded] }, [port2]);
  } catch {
    // A plain address, a private window: the page works as well without.
  }
}
