// The console: what an administrator does there has its effect, and nothing that others wrote becomes markup.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Browser, eventually, Hub, login, shot, witness } from "./support.mjs";

const VIEWS = ["overview", "sessions", "users", "rooms", "audit", "notices", "backups", "pack", "network"];
/** Each would show itself, were it ever taken for markup. */
const HOSTILE = "<img src=x onerror=document.title='stolen'><script>document.title='stolen'</script>";

let hub, browser, axe;
before(async () => {
  hub = await Hub.start();
  browser = await Browser.start();
  axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
});
after(async () => { await browser?.close(); await hub?.stop(); });

async function consolePage(options = {}) {
  const page = await browser.terminal(hub, { path: "/admin", ...options });
  await page.locator("input[name=username]").fill("admin");
  await page.locator("input[name=password]").fill("demo");
  await page.locator("button[type=submit]").click();
  await page.locator(".console-nav").waitFor();
  await page.locator(".ribbon[data-status=online]").waitFor();
  return page;
}

async function view(page, name) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${name}`);
  await page.locator(`.nav-item[aria-current=page][href="#/${name}"]`).waitFor();
  await page.locator(".page:not(:has(.skeleton))").waitFor();
}

test("whoever is no administrator is told so", async () => {
  const page = await browser.terminal(hub, { path: "/admin" });
  await page.locator("input[name=username]").fill("awa");
  await page.locator("input[name=password]").fill("demo");
  await page.locator("button[type=submit]").click();
  await page.getByText("This page is for administrators.").waitFor();
  assert.equal(await page.locator(".console-nav").count(), 0);
  await page.context().close();
  browser.assertClean();
});

test("a session comes into view by itself, gets a message, and is disconnected", async () => {
  const page = await consolePage();
  await view(page, "sessions");
  const binta = await browser.terminal(hub);
  await login(binta, "binta");
  const row = page.getByRole("row", { name: /binta/ });
  await row.waitFor();
  await row.getByRole("button", { name: "Message to binta" }).click();
  await page.getByRole("dialog").getByLabel("Message", { exact: true }).fill(`Au bureau ${HOSTILE}`);
  const toast = await witness(binta, ".toast", "Au bureau <img");
  await page.getByRole("dialog").getByRole("button", { name: "Send" }).click();
  await toast.seen();

  await row.getByRole("button", { name: "Disconnect: binta" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disconnect" }).click();
  await binta.locator(".ribbon[data-status=disconnected], input[name=password]").first().waitFor();
  await eventually(async () => assert.equal(await row.count(), 0));
  await assert.rejects(async () => assert.equal(await page.title(), "stolen"));
  browser.assertClean();
});

test("an account is made, its owner logs in and chooses a password of his own", async () => {
  const page = await consolePage();
  await view(page, "users");
  await page.getByRole("button", { name: "New account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill("zoe");
  await dialog.getByLabel("Display name").fill(HOSTILE.slice(0, 60));
  await dialog.getByLabel("Role").selectOption("vendeur");
  await dialog.getByLabel("Password", { exact: true }).fill("la phrase donnée");
  await dialog.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("row", { name: /zoe/ }).getByText("password to be changed").waitFor();

  const zoe = await browser.terminal(hub);
  await zoe.locator("input[name=username]").fill("zoe");
  await zoe.locator("input[name=password]").fill("la phrase donnée");
  await zoe.locator("button[type=submit]").click();
  await zoe.getByLabel("Current password").fill("la phrase donnée");
  await zoe.getByLabel(/^New password/).fill("ma propre phrase");
  await zoe.locator("button[type=submit]").click();
  await zoe.locator(".ribbon[data-status=online]").waitFor();

  // Disabled, he is out at once and does not come back.
  await page.getByRole("button", { name: "Change zoe" }).click();
  await dialog.getByLabel("May log in").uncheck();
  await dialog.getByRole("button", { name: "Save" }).click();
  await zoe.locator("input[name=password]").waitFor();
  await page.getByRole("row", { name: /zoe/ }).getByText("disabled").waitFor();
  assert.notEqual(await page.title(), "stolen");
  browser.assertClean();
});

test("the audit is filtered to a login, shown whole, and exported", async () => {
  await assert.rejects(hub.api(HOSTILE, "GET", "/api/me"));
  const page = await consolePage();
  await view(page, "audit");
  await page.getByLabel("Action", { exact: true }).selectOption("login_failed");
  await page.getByLabel("Text").fill("onerror");
  await eventually(async () => assert.equal(await page.locator("tbody tr").count(), 1));
  await page.locator("tbody tr").getByText("invalid_credentials").waitFor();
  await page.locator("tbody .link-button").click();
  await page.getByRole("dialog").getByText("<img src=x").first().waitFor();
  await page.keyboard.press("Escape");
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as CSV" }).click();
  const text = await readFile(await (await downloading).path(), "utf8");
  assert.ok(text.includes("login_failed") && !text.includes(",write,"), text.slice(0, 400));

  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByLabel("Action", { exact: true }).selectOption("login");
  await page.getByLabel("User", { exact: true }).fill("admin");
  await page.locator("tbody tr", { hasText: "admin" }).first().waitFor();
  assert.notEqual(await page.title(), "stolen");
  browser.assertClean();
});

test("an announcement reaches every terminal as text, and is listed", async () => {
  const page = await consolePage();
  const awa = await browser.terminal(hub);
  await login(awa, "awa");
  await view(page, "notices");
  await page.getByLabel("Message").fill(`Fermeture ${HOSTILE}`);
  const toast = await witness(awa, ".toast", "Fermeture <img");
  await page.getByRole("button", { name: "Announce to everyone" }).click();
  await toast.seen();
  await page.getByRole("cell", { name: /Fermeture <img/ }).waitFor();
  assert.notEqual(await awa.title(), "stolen");
  browser.assertClean();
});

test("a backup is made with one press", async () => {
  const page = await consolePage();
  await view(page, "backups");
  await page.getByRole("button", { name: "Back up now" }).click();
  await page.getByRole("cell", { name: /requested-.*\.tar/ }).waitFor();
  browser.assertClean();
});

test("the charts show what happened before the console was opened, and go on", async () => {
  await hub.query("awa", "UPDATE produits SET stock = stock + 1 WHERE id = 3");
  await eventually(async () => {
    const { series } = await hub.api("admin", "GET", "/api/admin/history");
    assert.ok(series.commits.some((n) => n > 0));
  });
  const page = await consolePage();
  await view(page, "overview");
  await page.locator(".chart canvas").first().waitFor();
  const spoken = await page.getByRole("img", { name: /Sessions by role/ }).getAttribute("aria-label");
  assert.match(spoken, /Administrat|nobody/);
  await page.getByRole("button", { name: "24 h" }).click();
  await page.getByRole("button", { name: "24 h", pressed: true }).waitFor();
  browser.assertClean();
});

test("user agents are shown as text", async () => {
  const page = await consolePage({ userAgent: `Browser ${HOSTILE}` });
  await view(page, "sessions");
  await page.getByText("Browser <img src=x").first().waitFor();
  await page.locator("tbody .link-button").first().click();
  await page.getByRole("dialog").waitFor();
  assert.notEqual(await page.title(), "stolen");
  browser.assertClean();
});

test("no view has a fault of accessibility, in both themes, wide and narrow, from left and from right", async () => {
  for (const [name, options] of Object.entries({
    "light-wide-en": { theme: "light", lang: "en" },
    "dark-wide-fr": { theme: "dark", lang: "fr" },
    "light-narrow-ar": { theme: "light", lang: "ar", width: 390, height: 844, touch: true },
    "dark-narrow-fr": { theme: "dark", lang: "fr", width: 390, height: 844, touch: true },
    "light-wide-ar": { theme: "light", lang: "ar" },
  })) {
    const page = await consolePage(options);
    for (const one of VIEWS) {
      await view(page, one);
      await accessible(page, `${one} ${name}`);
      await shot(page, `console-${one}-${name}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${one} ${name}: ${overflow} px too wide`);
    }
    await view(page, "users");
    await page.locator(".page-head .button.primary").click();
    await page.locator("dialog[open]").waitFor();
    await accessible(page, `new account ${name}`);
    await shot(page, `console-new-account-${name}`);
    await page.context().close();
  }
  browser.assertClean();
});

test("everything is reached by keyboard", async () => {
  const page = await consolePage();
  await view(page, "users");
  await page.reload();
  await page.locator(".page-head .button.primary").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.id), "main", "the first stop skips to the content"));
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await eventually(async () => assert.equal(await page.getByRole("dialog").count(), 0));
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), "New account", "the focus is back"));
  browser.assertClean();
});

async function accessible(page, what) {
  // Evaluated from outside: the page's policy allows no script that is not its own.
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const found = await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join(" | ")}`);
  });
  assert.deepEqual(violations, [], what);
}
