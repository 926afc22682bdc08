// The hub goes away and comes back.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Browser, eventually, go, Hub, login } from "./support.mjs";

let hub, browser;
before(async () => { hub = await Hub.start(); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });

test("what is sold while the hub is away survives a reload of the page and happens once", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  // The shell is kept once the worker has it.
  await page.locator("html[data-shell=kept]").waitFor();
  const sales = async () => Number((await hub.query("binta", "SELECT count(*) FROM ventes WHERE total >= 0")).rows[0][0]);
  const before = await sales();
  await go(page, "data/run/sell");
  await page.locator("input[name=produit_id]").waitFor();
  await hub.kill();
  await page.locator(".ribbon:not([data-status=online])").waitFor();
  for (const [n, product] of [[1, "5"], [2, "6"]]) {
    await page.locator("input[name=produit_id]").fill(product);
    await page.getByRole("button", { name: "Run" }).click();
    await page.locator(`.ribbon [data-queued="${n}"]`).waitFor();
  }
  await page.reload();
  await page.locator('.ribbon [data-queued="2"]').waitFor();
  await hub.run();
  await page.locator(".ribbon[data-status=online]").waitFor({ timeout: 90_000 });
  // The ribbon shows a moment later what waits while there is a connection: the sales themselves say that all is done.
  await eventually(async () => assert.equal(await sales(), before + 2));
  // And not again: what is sold after a reload would come behind them.
  await page.reload();
  await page.locator(".ribbon[data-status=online]").waitFor();
  await page.locator("input[name=produit_id]").fill("7");
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText("Done").waitFor();
  assert.equal(await sales(), before + 3);
  browser.assertClean();
});

test("a sale that the hub died over leaves the form free for the next, and happens once", async () => {
  if (hub.child.signalCode) await hub.run();
  const page = await browser.terminal(hub);
  await login(page, "awa");
  const sales = async () => Number((await hub.query("binta", "SELECT count(*) FROM ventes WHERE total >= 0")).rows[0][0]);
  const before = await sales();
  await go(page, "data/run/sell");
  await page.locator("input[name=produit_id]").waitFor();
  // It hears the request, if at all, when it is killed.
  hub.child.kill("SIGSTOP");
  for (const [n, product] of [[1, "8"], [2, "9"]]) {
    await page.locator("input[name=produit_id]").fill(product);
    await page.getByRole("button", { name: "Run" }).click();
    if (n === 1) await hub.kill();
    await page.locator(`.ribbon [data-queued="${n}"]`).waitFor();
    await page.getByRole("button", { name: "Run" }).waitFor();
  }
  await hub.run();
  hub.tokens = undefined;
  await page.locator(".ribbon[data-status=online]").waitFor({ timeout: 90_000 });
  await eventually(async () => assert.equal(await sales(), before + 2));
  browser.assertClean();
});

test("what waits is listed, and what is taken back never happens", async () => {
  if (hub.child.signalCode) await hub.run();
  const page = await browser.terminal(hub);
  await login(page, "awa");
  const count = async () => Number((await hub.query("binta", "SELECT count(*) FROM clients WHERE nom LIKE 'Attente %'")).rows[0][0]);
  await go(page, "data/run/createCustomer");
  await page.locator("input[name=nom]").waitFor();
  await hub.kill();
  await page.locator(".ribbon:not([data-status=online])").waitFor();
  for (const [i, nom] of ["Attente 1", "Attente 2"].entries()) {
    await page.locator("input[name=nom]").fill(nom);
    await page.locator("form .button.primary").click();
    await page.locator(`.ribbon [data-queued="${i + 1}"]`).waitFor();
  }
  await page.getByRole("button", { name: "2 waiting" }).click();
  const list = page.getByRole("dialog", { name: "Writes that wait" });
  const second = list.getByRole("listitem").filter({ hasText: "Attente 2" });
  await second.getByText("New customer").waitFor();
  await second.getByRole("button", { name: /Discard/ }).click();
  await page.getByRole("dialog", { name: "Discard" }).getByRole("button", { name: "Discard", exact: true }).click();
  await second.waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await page.locator('.ribbon [data-queued="1"]').waitFor();
  await hub.run();
  hub.tokens = undefined;
  await page.locator(".ribbon[data-status=online]").waitFor({ timeout: 90_000 });
  await eventually(async () => assert.equal(await count(), 1));
  await eventually(async () => assert.equal(await page.locator(".ribbon [data-queued]").count(), 0));
  assert.equal(await count(), 1);
  browser.assertClean();
});

test("a table that was open is current again after the hub came back", async () => {
  if (hub.child.signalCode) await hub.run();
  const page = await browser.terminal(hub);
  await login(page, "binta");
  await go(page, "data/table/categories");
  await page.getByRole("row").nth(2).waitFor();
  await hub.kill();
  await page.locator(".ribbon[data-status=reconnecting]").waitFor();
  await hub.run();
  hub.tokens = undefined;
  await hub.query("admin", "INSERT INTO categories(nom) VALUES ('Pendant la panne')");
  await page.getByText("Pendant la panne").waitFor({ timeout: 90_000 });
});
