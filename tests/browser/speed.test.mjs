// What a cheap PC bears: the first view's weight, the time until one can type, ten thousand live rows.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Browser, eventually, go, Hub, login } from "./support.mjs";

let hub, browser;
before(async () => {
  hub = await Hub.start({ env: { COMPTOIR_LIMITS__REQUESTS_PER_SECOND: "100000", COMPTOIR_LIMITS__BURST: "100000" } });
  browser = await Browser.start();
});
after(async () => { await browser?.close(); await hub?.stop(); });

/** Loads a page with nothing kept, on a processor slowed `rate` times, until `selector` is drawn: ms, the main thread's work, requests, bytes. */
async function load(page, url, selector, rate) {
  const session = await page.context().newCDPSession(page);
  let requests = 0, bytes = 0, drawn = null;
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  await session.send("Network.setBypassServiceWorker", { bypass: true });
  session.on("Network.requestWillBeSent", () => { requests++; });
  session.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await session.send("Emulation.setCPUThrottlingRate", { rate });
  const work = async () => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value * 1000;
  await page.goto("about:blank");
  const before = await work();
  await page.goto(url, { waitUntil: "commit" });
  const ms = await page.evaluate((selector) => new Promise((resolve) => {
    const look = () => (document.querySelector(selector) ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))) : requestAnimationFrame(look));
    look();
  }), selector);
  drawn = { ms, work: (await work()) - before, requests };
  await page.waitForLoadState("networkidle");
  await session.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  await session.detach();
  return { ...drawn, bytes };
}

const shown = ({ ms, work, requests }) => `${ms.toFixed(0)} ms (${work.toFixed(0)} ms of the main thread, ${requests} requests)`;

test("the first view weighs at most 150 KiB over the wire, and few requests stand between the address and the form", async () => {
  const page = await browser.terminal(hub, { path: "/api/health" });
  const empty = await load(page, `${hub.url}/api/health`, "body", 4);
  const form = await load(page, hub.url, "input[name=username]", 4);
  console.log(`processor slowed 4 times: the form after ${shown(form)}, ${(form.bytes / 1024).toFixed(0)} KiB in all; a page with nothing in it after ${shown(empty)}`);
  assert.ok(form.bytes < 150 * 1024, `${form.bytes} bytes`);
  // A clock says little on a machine that does other things: what there is to fetch is counted.
  assert.ok(form.requests <= 45, `${form.requests} requests`);
  // One request finds the next in a page that names what it needs: none waits for a module to be read first.
  const named = await (await fetch(hub.url)).text();
  const modules = await page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js")).map(({ name }) => new URL(name).pathname));
  for (const path of modules.filter((path) => path.startsWith("/web/shared/") && path !== "/web/shared/hub.js")) assert.ok(named.includes(`"${path}"`), `${path} is not named in the page`);
});

test("a terminal that is loaded again asks for all it needs at once", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  const again = await load(page, `${hub.url}/#/chat`, ".shell .room-item", 4);
  console.log(`processor slowed 4 times: the conversations of whoever was logged in after ${shown(again)}`);
  const late = await page.evaluate(() => {
    const all = performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"));
    const named = new Set([...document.querySelectorAll("link[rel=modulepreload]")].map(({ href }) => href));
    return all.filter(({ name }) => !named.has(name) && !/theme\.js|\/(data|calls?|chat)\/|data-grid|csv|virtual-list|variable-list/.test(name)).map(({ name }) => new URL(name).pathname);
  });
  assert.deepEqual(late, []);
  browser.assertClean();
});

test("a table of ten thousand rows draws those in view, and stays quick while it changes", async () => {
  await hub.query("admin", "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO clients(nom) SELECT 'Client ' || i FROM n");
  const page = await browser.terminal(hub);
  await login(page, "awa");
  await go(page, "data/table/clients");
  await eventually(async () => assert.ok((await page.locator(".grid-row").count()) > 10));
  assert.ok((await page.locator(".grid-row").count()) < 60);
  await page.locator(".grid-body").evaluate((box) => { box.scrollTop = box.scrollHeight; });
  await page.getByText("Client 10000").waitFor();
  await page.evaluate(() => {
    Object.assign(window, { longest: 0, frames: 0 });
    let last = performance.now();
    const watch = (now) => { window.longest = Math.max(window.longest, now - last); window.frames++; last = now; requestAnimationFrame(watch); };
    requestAnimationFrame(watch);
  });
  // A thousand commits as fast as the hub takes them.
  for (let i = 0; i < 1000; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, j) => hub.query("admin", "UPDATE clients SET adresse = ? WHERE nom = ?", [`Rue ${i + j}`, `Client ${10_000 - ((i + j) % 300)}`])));
  }
  await page.getByText("Rue 9", { exact: false }).first().waitFor();
  const { longest, frames } = await page.evaluate(() => ({ longest: window.longest, frames: window.frames }));
  console.log(`${frames} frames during 1,000 changes on 10,000 rows, the longest ${longest.toFixed(0)} ms`);
  // A page that hangs draws a few, on any machine.
  assert.ok(frames > 20, `${frames} frames`);
  browser.assertClean();
});
