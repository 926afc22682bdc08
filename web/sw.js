// The shell of the pages, kept for when the hub is away: a terminal that is loaded again then still opens, shows that it
// is offline and keeps what was written. Only files of the pages are kept, never an answer of the API.
"use strict";
const CACHE = "comptoir-shell-1";
const isShell = (url) => url.origin === location.origin && (url.pathname === "/" || /^\/(web|sdk)\//.test(url.pathname) || url.pathname === "/manifest.webmanifest");

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

// What the page had loaded before this worker was there.
self.addEventListener("message", (event) => {
  const urls = (event.data?.keep ?? []).filter((url) => isShell(new URL(url)));
  event.waitUntil(caches.open(CACHE)
    .then((cache) => Promise.allSettled(urls.map((url) => cache.add(url))))
    .then(() => event.ports[0]?.postMessage("kept")));
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !isShell(url)) return;
  event.respondWith((async () => {
    const cache = await caches.open(CACHE);
    try {
      const answer = await fetch(event.request);
      if (answer.ok) event.waitUntil(keep(cache, url.pathname, answer.clone()));
      return answer;
    } catch (error) {
      const kept = await cache.match(url.pathname);
      if (kept) return kept;
      throw error;
    }
  })());
});

/** Only what is new: a page that is loaded again writes nothing. */
async function keep(cache, path, answer) {
  const kept = await cache.match(path);
  if (!kept || kept.headers.get("etag") !== answer.headers.get("etag")) await cache.put(path, answer);
}
