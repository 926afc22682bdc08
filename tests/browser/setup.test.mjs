// The set-up page: a new hub is set up in a browser on its own machine, once.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Browser, Hub, shot } from "./support.mjs";

let hub, browser;
before(async () => { hub = await Hub.start({ demo: false }); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });

test("the page looks right in both themes and from the right", async () => {
  const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  for (const [name, options] of Object.entries({
    "light-wide-fr": { theme: "light", lang: "fr", height: 960 },
    "dark-narrow-ar": { theme: "dark", lang: "ar", width: 390, height: 844, touch: true },
  })) {
    const page = await browser.terminal(hub, { path: "/setup", ...options });
    await page.locator("form").waitFor();
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`));
    assert.deepEqual(violations, [], name);
    await shot(page, `setup-${name}`);
    await page.context().close();
  }
  browser.assertClean();
});

test("a proxy, or another machine behind one, is shown that there is nothing to set up", async () => {
  const page = await browser.terminal(hub, { path: "/setup", extraHTTPHeaders: { "x-forwarded-for": "192.0.2.7" } });
  await page.getByText("Nothing to set up here").waitFor();
  assert.equal(await page.locator("form").count(), 0);
  await page.context().close();
});

test("a page of another origin cannot set the hub up", async () => {
  const page = await browser.terminal(hub, { path: "/setup" });
  await page.locator("form").waitFor();
  // The same machine under another name of loopback, as a page of another program would be: another port.
  const said = await page.evaluate(async (url) => {
    try { const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }); return answer.status; } catch { return "refused"; }
  }, `${hub.url.replace("127.0.0.1", "localhost")}/api/setup`);
  assert.equal(said, "refused");
  const { key } = await (await fetch(`${hub.url}/api/setup`)).json();
  const forged = await fetch(`${hub.url}/api/setup`, { method: "POST", headers: { "content-type": "application/json", "origin": "http://localhost:1" }, body: JSON.stringify({ key, username: "intrus", password: "une phrase longue", lang: "fr" }) });
  assert.equal(forged.status, 403);
  browser.problems.length = 0; // the policy's own words about the refused request
});

test("the administrator, the pack and the place of backups are chosen, and the hub comes back with them", async () => {
  const page = await browser.terminal(hub, { path: "/admin", lang: "fr" });
  await page.waitForURL("**/setup");
  await page.getByLabel("Nom d’utilisateur").fill("fatou");
  await page.getByLabel("Nom affiché").fill("Fatou Diallo");
  await page.getByLabel("Mot de passe").fill("une phrase longue");
  await page.getByLabel("Encore une fois").fill("une autre");
  await page.getByText("Les deux mots de passe diffèrent.").waitFor();
  await page.getByLabel("Encore une fois").fill("une phrase longue");
  await page.getByLabel("Boutique").check();
  await page.getByLabel("Dossier sur cette machine").fill(join(hub.data, "sauvegardes"));
  await page.getByRole("button", { name: "Installer" }).click();
  await page.waitForURL("**/admin*", { timeout: 90_000 });
  await page.locator(".console-nav").waitFor();
  await page.evaluate(() => { location.hash = "#/pack"; });
  await page.getByText("Boutique").first().waitFor();
  await page.evaluate(() => { location.hash = "#/backups"; });
  await page.getByText("sauvegardes").first().waitFor();
  await page.getByText("toutes les 24 heures").waitFor();

  await page.goto(`${hub.url}/setup`);
  await page.getByText("Rien à installer ici").waitFor();
});
