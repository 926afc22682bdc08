// Every view in each theme, width and language: no violation of WCAG 2.2 A or AA that axe can find, nothing wider than the
// page, nothing that jumps while it comes, and a screenshot to look at.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Browser, go, Hub, login, shot, violations } from "./support.mjs";

let hub, browser, rooms;
before(async () => { hub = await Hub.start(); browser = await Browser.start(); rooms = await furnish(); });
after(async () => { await browser?.close(); await hub?.stop(); });

const request = (user, frame) => hub.api(user, "POST", "/api/request", frame);

/** A shop in which something has been said. */
async function furnish() {
  const { users } = await request("awa", { type: "users" });
  const id = (name) => users.find(({ username }) => username === name).id;
  const { room } = await request("awa", { type: "open_direct", user_id: id("binta") });
  const { room: group } = await request("awa", { type: "create_room", name: "Inventaire du samedi", members: [id("binta"), id("moussa")] });
  const say = async (user, where, content, more = {}) => (await request(user, { type: "send_message", room: where.id, kind: "text", content, client_id: crypto.randomUUID(), ...more })).message;
  await say("binta", room, "Bonjour Awa, le livreur est passé.");
  const asked = await say("awa", room, "Parfait. Combien de sacs de riz 5 kg a-t-il laissés ?");
  await say("binta", room, "Douze, et trois de 25 kg.", { reply_to: asked.id });
  await say("binta", room, "الفاتورة رقم 118 عند @awa، شكرا");
  const last = await say("awa", room, "Merci ! Je corrige le stock tout de suite.");
  await request("binta", { type: "react", room: room.id, message_id: last.id, emoji: "👍", on: true });
  await say("binta", room, "La caisse 2 ferme à 18 h, prévenez les clients.", { priority: "important", needs_ack: true });
  await say("moussa", group, "On commence par les conserves.");
  await say("binta", group, "Je prends les boissons avec @awa.");
  await request("moussa", { type: "notify", to_role: "vendeur", event: "stock", title: "Stock bas : huile 1 L", body: "Il en reste 3. Le seuil est à 8." }).catch(() => {});
  await request("moussa", { type: "notify", to_role: "vendeur", event: "stock", title: "Prix changé", body: "Sucre en poudre 500 g : 550 F." }).catch(() => {});
  return { room, group };
}

const PNG = readFileSync(new URL("../../web/icons/icon-512.png", import.meta.url));
const VIEWS = [
  ["login", async (page) => { await page.locator("input[name=username]").waitFor(); }, { out: true }],
  ["chat", async (page) => { await go(page, `chat/${rooms.room.id}`); await page.locator(".message").nth(3).waitFor(); }],
  // All at once, as after a restart of the browser: what comes late must not push what is there.
  ["chat-reloaded", async (page) => { await page.reload(); await page.locator(".message").nth(3).waitFor(); await page.locator(".ribbon[data-status=online]").waitFor(); }],
  ["chat-list", async (page) => { await go(page, "chat"); await page.locator(".room-item").first().waitFor(); }],
  ["chat-new", async (page) => { await go(page, "chat"); await page.locator(".side .button.primary").click(); await page.locator("dialog .room-item").first().waitFor(); }],
  ["notices", async (page) => { await go(page, "chat"); await page.locator(".bell button").first().click(); await page.locator(".notice-item, .notices .state").first().waitFor(); }],
  ["status", async (page) => { await go(page, "chat"); await page.locator(".avatar-button").click(); await page.locator(".menu-status button").last().click(); await page.locator("dialog .choices").waitFor(); }],
  ["attach", async (page) => { await go(page, `chat/${rooms.room.id}`); await page.locator("input[type=file]").setInputFiles({ name: "étiquette.png", mimeType: "image/png", buffer: PNG }); await page.locator("dialog .attach-picture").waitFor(); }],
  ["account", async (page) => { await go(page, "chat"); await page.locator(".avatar-button").click(); await page.locator(".menu").waitFor(); }],
  ["chat-search", async (page) => { await go(page, "chat"); await page.locator(".side input[type=search]").fill("riz"); await page.locator("mark").first().waitFor(); }],
  ["data-start", async (page) => { await go(page, "data"); await page.locator(".data").waitFor(); }],
  ["data-table", async (page) => { await go(page, "data/table/ventes"); await page.locator(".grid-row").nth(4).waitFor(); }],
  ["data-row", async (page) => { await go(page, "data/table/produits"); await page.locator(".grid-row").nth(2).click(); await page.locator(".detail").waitFor(); }],
  ["data-function", async (page) => { await go(page, "data/run/searchProducts"); await page.locator("form .button.primary").click(); await page.locator(".grid-row").first().waitFor(); }],
  ["data-sql", async (page) => { await go(page, "data/sql"); await page.locator("textarea").fill("SELECT nom, prix, stock FROM produits WHERE stock < 30 ORDER BY stock LIMIT 8"); await page.locator("form .button.primary").click(); await page.locator(".grid-row").first().waitFor(); }],
  ["call-join", async (page) => { await page.locator("input").first().waitFor(); }, { out: true, path: "/conference/7" }],
];
const LOOKS = [
  ["light", "en", 1366, 768], ["dark", "fr", 1366, 768], ["light", "ar", 1366, 768],
  ["light", "fr", 390, 844], ["dark", "ar", 390, 844],
];

for (const [theme, lang, width, height] of LOOKS) {
  test(`every view, ${theme}, ${lang}, ${width} px wide`, async () => {
    const found = [];
    let worst = { name: "none", sum: 0 };
    const page = await browser.terminal(hub, { theme, lang, width, height, touch: width < 600 });
    const look = async (name, of) => {
      const shifted = await shifts(of);
      if (shifted.sum >= 0.1) found.push(`${name}: layout shift of ${shifted.sum.toFixed(3)}: ${shifted.what}`);
      worst = shifted.sum > worst.sum ? { name, ...shifted } : worst;
      await of.evaluate(() => document.fonts.ready);
      await of.evaluate(() => document.getAnimations().forEach((one) => { try { one.finish(); } catch { one.cancel(); } }));
      await shot(of, `${name}-${theme}-${lang}-${width}`);
      const wide = await of.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${name}: ${wide} px wider than the page`);
      for (const one of await violations(of)) found.push(`${name}: ${one}`);
    };
    for (const [name, arrange, { out, path } = {}] of VIEWS.filter(([, , more]) => more?.out)) {
      const other = path ? await browser.terminal(hub, { theme, lang, width, height, path }) : page;
      await arrange(other);
      await look(name, other);
      if (path) await other.context().close();
    }
    await login(page, "awa");
    for (const [name, arrange] of VIEWS.filter(([, , more]) => !more?.out)) {
      await arrange(page);
      await look(name, page);
      // What lies over the page goes; each view is reached from the one before, as people do.
      await page.keyboard.press("Escape");
    }
    await page.context().close();
    console.log(`largest layout shift: ${worst.sum.toFixed(3)} (${worst.name}${worst.what ? `: ${worst.what}` : ""})`);
    assert.deepEqual(found, []);
  });
}

/** How much moved by itself since this was asked last, as browsers count it: not what follows a key or a click at once. */
const shifts = (page) => page.evaluate(async () => {
  if (!window.shifted) {
    window.shifted = [];
    new PerformanceObserver((list) => window.shifted.push(...list.getEntries())).observe({ type: "layout-shift", buffered: true });
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }
  const own = window.shifted.splice(0).filter(({ hadRecentInput }) => !hadRecentInput);
  const nameOf = ({ node }) => (node?.nodeType === 1 ? `${node.localName}.${node.getAttribute("class") ?? ""}` : "text");
  return { sum: own.reduce((sum, { value }) => sum + value, 0), what: [...new Set(own.flatMap(({ sources }) => sources.map(nameOf)))].slice(0, 5).join(", ") };
});

test("what waits for the hub can be seen and taken back in any look", async () => {
  const found = [];
  for (const [theme, lang, width, height] of LOOKS) {
    const page = await browser.terminal(hub, { theme, lang, width, height, touch: width < 600 });
    await login(page, "awa");
    await go(page, "data/run/createCustomer");
    await page.locator("input[name=nom]").fill("Fatou Ba");
    await hub.kill();
    await page.locator(".ribbon:not([data-status=online])").waitFor();
    await page.locator("form .button.primary").click();
    await page.locator(".ribbon button[data-queued]").click();
    await page.locator("dialog .queue li").waitFor();
    await shot(page, `queue-${theme}-${lang}-${width}`);
    for (const one of await violations(page)) found.push(`${theme} ${lang} ${width}: ${one}`);
    await page.context().close();
    await hub.run();
  }
  assert.deepEqual(found, []);
});

test("everything of the terminal can be reached by keyboard, and where one is can be seen", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  await go(page, `chat/${rooms.room.id}`);
  await page.locator(".composer textarea").waitFor();
  const seen = new Set();
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    seen.add(await page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const visible = style.outlineStyle !== "none" || element.closest(".wave") || element === document.body;
      return `${visible ? "" : "UNSEEN "}${element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 30)}`;
    }));
  }
  const unseen = [...seen].filter((name) => name.startsWith("UNSEEN"));
  assert.deepEqual(unseen, []);
  for (const wanted of [/Messages/, /Data/, /Notices/, /My account/, /New conversation/, /Write a message/, /More/, /Details/]) assert.ok([...seen].some((name) => wanted.test(name)), `${wanted} in ${[...seen].join(", ")}`);
});
