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

/** How much slower this page counts now than it would where nothing else runs: on a busy machine times mean nothing by themselves. */
const slowness = async (page) => Math.max(1, (await page.evaluate(() => {
  const began = performance.now();
  for (let i = 0, sum = 0; i < 2e6; i++) sum += Math.sqrt(i + sum % 7);
  return performance.now() - began;
})) / 160);

test("the first view weighs at most 150 KiB over the wire and takes keys within a second on a slow PC", async () => {
  const page = await browser.terminal(hub, { path: "/api/health" });
  const session = await page.context().newCDPSession(page);
  let bytes = 0;
  await session.send("Network.enable");
  await session.send("Network.setBypassServiceWorker", { bypass: true });
  session.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  // The time is a promise for a PC that does nothing else. One that runs tests gets three times as much, more where it
  // counts more slowly at that moment, and five tries: what is asserted is that nothing on the way waits for long.
  for (let tries = 1; ; tries++) {
    await page.goto(`${hub.url}/api/health`);
    const allowed = 3_000 * await slowness(page);
    await session.send("Network.clearBrowserCache");
    bytes = 0;
    const began = Date.now();
    await page.goto(hub.url);
    await page.locator("input[name=username]").waitFor();
    const ready = Date.now() - began;
    await page.waitForLoadState("networkidle");
    console.log(`first view: ${(bytes / 1024).toFixed(0)} KiB, ready in ${ready} of ${allowed.toFixed(0)} ms with the processor slowed 4 times`);
    assert.ok(bytes < 150 * 1024, `${bytes} bytes`);
    if (ready < allowed) break;
    assert.ok(tries < 5, `${ready} ms`);
  }
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
