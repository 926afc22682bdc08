// Logging in and the data view.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Browser, eventually, go, Hub, login, witness } from "./support.mjs";

let hub, browser;
before(async () => { hub = await Hub.start(); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });

test("each role logs in, sees what it may, and no token is where it can be stolen", async () => {
  const page = await browser.terminal(hub);
  await page.locator("input[name=username]").fill("awa");
  await page.locator("input[name=password]").fill("wrong");
  await page.locator("button[type=submit]").click();
  await page.getByText("Wrong user name or password.").waitFor();
  await login(page, "awa");
  await go(page, "data/table/produits");
  await page.getByRole("columnheader", { name: "Stock" }).waitFor();
  assert.equal(await page.getByRole("columnheader", { name: "Purchase price" }).count(), 0);
  assert.equal(await page.getByRole("link", { name: "Payments", exact: true }).count(), 0);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.ok(kept.includes("awa") && !kept.includes("demo") && !/eyJ|refresh/.test(kept), kept);
  assert.ok(!/token|code/.test(page.url()));

  await page.getByRole("button", { name: /My account/ }).click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.locator("input[name=password]").waitFor();
  assert.equal(await page.locator("input[name=username]").inputValue(), "awa");
  assert.equal(await page.locator("input[name=password]").inputValue(), "");
  await login(page, "admin");
  await go(page, "data/table/produits");
  await page.getByRole("columnheader", { name: "Purchase price" }).waitFor();
  await page.getByRole("link", { name: "Payments", exact: true }).waitFor();
  browser.assertClean();
});

test("two terminals see each other's sale, and the row that changed lights up", async () => {
  const awa = await browser.terminal(hub), binta = await browser.terminal(hub);
  await login(awa, "awa");
  await login(binta, "binta");
  await go(binta, "data/table/ventes");
  const count = binta.locator(".pane-head [role=status]");
  await eventually(async () => assert.match(await count.textContent(), /rows/));
  const before = await count.textContent();
  await go(awa, "data/run/sell");
  await awa.locator("input[name=produit_id]").fill("3");
  await awa.locator("input[name=quantite]").fill("2");
  await awa.getByRole("button", { name: "Run" }).click();
  await awa.getByText("Done").waitFor();
  await eventually(async () => assert.notEqual(await count.textContent(), before));
  // The newest comes first.
  await binta.getByRole("row").nth(1).getByText("en_attente").waitFor();
  await go(awa, "data/table/produits");
  await awa.getByRole("row", { name: /Riz brisé parfumé paquet/ }).waitFor();
  const flash = await witness(awa, ".grid-row.flash", "Riz brisé parfumé paquet");
  await hub.query("binta", "UPDATE produits SET stock = stock + 1 WHERE id = 3");
  await flash.seen();
  browser.assertClean();
});

test("a statement that is refused says so in words, one that reads shows a table", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  await go(page, "data/sql");
  const box = page.getByLabel("Statement");
  await box.fill("SELECT prix_achat FROM produits");
  await box.press("Control+Enter");
  await page.getByRole("alert").waitFor();
  await box.fill("SELECT nom, stock, stock FROM produits ORDER BY id LIMIT 3");
  await box.press("Control+Enter");
  await page.getByRole("columnheader", { name: "stock (2)" }).waitFor();
  assert.equal(await page.getByRole("row").count(), 4);
  browser.assertClean();
});

test("a table is exported as a file that a spreadsheet takes for text", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  await hub.query("awa", "INSERT INTO clients(nom) VALUES ('=1+1;\"x\"')");
  await go(page, "data/table/clients");
  await page.getByLabel("Filter rows").fill("=1+1");
  await page.getByText('=1+1;"x"').waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
  assert.equal(download.suggestedFilename(), "clients.csv");
  const text = await readFile(await download.path(), "utf8");
  assert.ok(text.startsWith("\uFEFFid,nom"), text.slice(0, 40));
  assert.ok(text.includes(`"'=1+1;""x"""`), text);
});

test("tables, columns, actions and refusals are in the words of the pack, in the user's language", async () => {
  const words = { en: ["Sales", "Sell an article", "Product", "Not enough stock"], fr: ["Ventes", "Vendre un article", "Produit", "Stock insuffisant"], ar: ["المبيعات", "بيع منتج", "المنتج", "المخزون غير كافٍ"] };
  for (const [lang, [table, action, param, refusal]] of Object.entries(words)) {
    const page = await browser.terminal(hub, { lang });
    await login(page, "awa");
    await go(page, "data/table/ventes");
    await page.getByRole("heading", { name: table, exact: true }).waitFor();
    await page.getByRole("link", { name: action, exact: true }).click();
    assert.equal(await page.getByLabel(param, { exact: true }).getAttribute("name"), "produit_id");
    await page.locator("input[name=produit_id]").fill("3");
    await page.locator("input[name=quantite]").fill("99999");
    await page.locator("form .button.primary").click();
    await page.getByRole("alert").filter({ hasText: refusal }).waitFor();
    await page.context().close();
  }
  browser.assertClean();
});
