// Calls between pages, with the browser's fake camera and microphone.
import { after, afterEach, before, test } from "node:test";
import assert from "node:assert/strict";
import { Proxy } from "../../clients/js/test/support/proxy.js";
import { Browser, eventually, go, Hub, login, shot, violations } from "./support.mjs";

let hub, browser;
before(async () => { hub = await Hub.start({ app: "apps/clinic" }); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });
afterEach(() => browser.clear());

/** The remote picture moves: two looks at it, some frames apart, differ. */
async function moves(page) {
  await page.locator('.tile-video[data-state="connected"] video:not(.sr-only)').first().waitFor();
  await page.waitForFunction(async () => {
    const video = document.querySelector('.tile-video[data-state="connected"] video:not(.sr-only)');
    if (!video?.videoWidth) return false;
    const look = () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [64, 36];
      const drawing = canvas.getContext("2d");
      drawing.drawImage(video, 0, 0, 64, 36);
      return drawing.getImageData(0, 0, 64, 36).data.join();
    };
    const first = look(), at = video.currentTime;
    for (let i = 0; i < 50; i++) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      if (video.currentTime > at && look() !== first) return true;
    }
    return false;
  }, null);
}

/** Two users of the pack, the first of whom may open calls and write to the second. */
async function pair() {
  const { users } = await hub.api("admin", "POST", "/api/request", { type: "users" });
  for (const { username } of users) {
    const me = await hub.api(username, "GET", "/api/me");
    if (!me.role.open_calls) continue;
    const other = me.contacts.find((one) => one.username !== username && one.username !== "admin");
    if (other) return [username, other];
  }
  throw new Error("nobody of this pack may call");
}

/** Labels in the three languages of the pages. */
const say = {
  call: /^(Video call|Appel vidéo|مكالمة فيديو)$/, answer: /^(Answer|Répondre|رد)$/, invite: /^(Invite|Inviter|دعوة)$/, link: /^(Link|Lien|الرابط)$/,
  devices: /^(Devices|Appareils|الأجهزة)$/, name: /^(Your name|Votre nom|اسمك)/, join: /^(Ask to join|Demander à entrer|طلب الدخول)$/, admit: /^(Let in|Faire entrer|السماح بالدخول)$/,
  hangup: /^(Hang up|Raccrocher|إنهاء)$/, over: /^(Call ended|Appel terminé|انتهت المكالمة)$/,
};
const button = (page, name) => page.getByRole("button", { name });

/** A call that was opened, and the page of a guest who has its link. `at`: the address at which he finds the hub. */
async function invited({ at = hub.url, looks = {}, guestLooks = looks } = {}) {
  const [caller, callee] = await pair();
  const { room } = await hub.api(caller, "POST", "/api/request", { type: "open_direct", user_id: callee.id });
  const host = await browser.terminal(hub, looks);
  await login(host, caller);
  await go(host, `chat/${room.id}`);
  await button(host, say.call).click();
  await button(host, say.invite).click();
  const link = new URL(await host.getByLabel(say.link).inputValue());
  await host.keyboard.press("Escape");
  const guest = await browser.terminal({ url: at }, { path: link.pathname + link.search, ...guestLooks });
  return { host, guest, callee };
}

/** The guest asks and is let in. */
async function letIn(host, guest, name = "Fatou") {
  await guest.getByLabel(say.name).fill(name);
  await button(guest, say.join).click();
  await button(host, say.admit).click();
}

test("a call between two pages shows each the other's moving picture, muted and shared, until one hangs up", async () => {
  const [caller, callee] = await pair();
  const { room } = await hub.api(caller, "POST", "/api/request", { type: "open_direct", user_id: callee.id });
  const a = await browser.terminal(hub), b = await browser.terminal(hub), c = await browser.terminal(hub);
  await login(a, caller);
  await login(b, callee.username);
  await login(c, callee.username);
  await go(a, `chat/${room.id}`);
  await a.getByRole("button", { name: "Video call" }).click();
  await c.getByRole("alertdialog").waitFor();
  await b.getByRole("button", { name: "Answer" }).click();
  // His other terminal stops ringing.
  await c.getByRole("alertdialog").waitFor({ state: "detached" });
  await Promise.all([moves(a), moves(b)]);
  await shot(a, "call");
  await a.getByRole("button", { name: "Mute microphone" }).click();
  await b.locator("figcaption", { hasText: "Muted" }).waitFor();
  await a.getByRole("button", { name: "Turn camera off" }).click();
  await b.locator('.tile-video[data-state="connected"] .avatar').waitFor();
  await a.getByRole("button", { name: "Turn camera on" }).click();
  await moves(b);
  await b.getByRole("button", { name: "Hang up" }).click();
  await a.getByText("Call ended").waitFor();
  await eventually(async () => assert.equal(await a.locator(".stage").count(), 0));
  await a.locator('[data-call="held"]', { hasText: /Video call · \d+:\d\d/ }).waitFor();
  browser.assertClean();
});

test("a call that nobody answers stands in the room: missed for one, without an answer for the other", async () => {
  const [caller, callee] = await pair();
  const { room } = await hub.api(caller, "POST", "/api/request", { type: "open_direct", user_id: callee.id });
  const a = await browser.terminal(hub), b = await browser.terminal(hub);
  await login(a, caller);
  await login(b, callee.username);
  await go(a, `chat/${room.id}`);
  await button(a, say.call).click();
  await b.getByRole("alertdialog").waitFor();
  await button(a, say.hangup).click();
  await b.getByRole("alertdialog").waitFor({ state: "detached" });
  await a.locator('[data-call="held"]', { hasText: "no answer" }).waitFor();
  await go(b, `chat/${room.id}`);
  await b.locator('[data-call="missed"]').waitFor();
  browser.assertClean();
});

test("a guest waits in the lobby, is let in, sees and is seen; the code does not stay in the address", async () => {
  const { host, guest } = await invited();
  assert.equal(new URL(guest.url()).search, "");
  await guest.getByLabel("Your name").fill("Fatou <img src=x onerror=alert(1)>");
  await guest.getByRole("button", { name: "Ask to join" }).click();
  await guest.getByText(/will let you in/).waitFor();
  await host.getByText(/Fatou <img.*is waiting to come in/).waitFor();
  await host.getByRole("button", { name: "Let in" }).click();
  await Promise.all([moves(host), moves(guest)]);
  await shot(guest, "call-guest");
  await host.getByRole("button", { name: "Hang up" }).click();
  await guest.getByText("Call ended").waitFor();
  browser.assertClean();
});

test("a guest whose network fails is told so, comes back to his seat by himself, and goes on seeing the other", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const { host, guest } = await invited({ at: proxy.url });
    await letIn(host, guest);
    await Promise.all([moves(host), moves(guest)]);
    proxy.down();
    await guest.locator(".ribbon:not([data-status=online])").waitFor();
    await host.getByText("Connection lost, expected back").waitFor();
    await shot(guest, "call-guest-away");
    proxy.up();
    await guest.locator(".ribbon[data-status=online]").waitFor();
    await host.getByText("Connection lost, expected back").waitFor({ state: "detached" });
    await Promise.all([moves(host), moves(guest)]);
    assert.equal(await host.locator(".tile-video").count(), 2);
    await button(host, say.hangup).click();
    await guest.getByText("Call ended").waitFor();
  } finally {
    proxy.close();
  }
});

test("a hub that was started anew knows no calls: the guest and the host are told, and nothing is left of it", async () => {
  const { host, guest } = await invited();
  await letIn(host, guest);
  await Promise.all([moves(host), moves(guest)]);
  await hub.kill();
  await guest.locator(".ribbon:not([data-status=online])").waitFor();
  await hub.run();
  hub.tokens = undefined;
  await guest.getByText(/The hub was restarted/).waitFor({ timeout: 90_000 });
  await shot(guest, "call-guest-restarted");
  assert.equal(await guest.locator("video").count(), 0);
  await eventually(async () => assert.equal(await host.locator(".stage").count(), 0), 90_000);
});

test("without a secure address a guest is told why he is not seen, and sees and hears nevertheless", async () => {
  const { host, guest } = await invited();
  await guest.addInitScript(() => {
    Object.defineProperty(globalThis, "isSecureContext", { value: false });
    Object.defineProperty(navigator, "mediaDevices", { value: undefined });
  });
  // The code is not in the address any more: it is typed.
  const code = await guest.evaluate(() => sessionStorage.length);
  assert.equal(code, 0, "the code is kept nowhere");
  await button(host, say.invite).click();
  const given = await host.locator("dialog code").textContent();
  await host.keyboard.press("Escape");
  await guest.reload();
  await guest.getByLabel("Access code").fill(given);
  await letIn(host, guest);
  await guest.getByText(/secure addresses \(https\) only/).waitFor();
  await moves(guest);
  await shot(guest, "call-guest-insecure");
  assert.deepEqual(await violations(guest), []);
  await button(host, say.hangup).click();
  await guest.getByText("Call ended").waitFor();
  browser.assertClean();
});

for (const [theme, lang, width, height] of [["light", "fr", 1366, 768], ["dark", "ar", 390, 844]]) {
  test(`a call from ringing to its end, ${theme}, ${lang}, ${width} px wide`, async () => {
    const found = [];
    const looks = { theme, lang, width, height, touch: width < 600 };
    const look = async (page, name) => {
      await page.evaluate(() => document.getAnimations().forEach((one) => { try { one.finish(); } catch { one.cancel(); } }));
      await shot(page, `${name}-${theme}-${lang}-${width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${name}: ${wide} px wider than the page`);
      for (const one of await violations(page)) found.push(`${name}: ${one}`);
    };
    const { host, guest, callee } = await invited({ looks });
    await look(host, "call-ringing");
    const other = await browser.terminal(hub, looks);
    await login(other, callee.username);
    await button(other, say.answer).waitFor();
    await look(other, "call-invite");
    await button(other, say.answer).click();
    await guest.getByLabel(say.name).fill("فاطمة Fatou");
    await button(guest, say.join).click();
    await button(host, say.admit).waitFor();
    await guest.locator(".own video:not(.sr-only)").waitFor();
    await look(guest, "call-lobby");
    await look(host, "call-asked");
    await button(host, say.admit).click();
        await eventually(async () => assert.equal(await host.locator('.tile-video[data-state="connected"]').count(), 2));
    for (const [page, name] of [[host, "call-three"], [guest, "call-three-guest"]]) await look(page, name);
    await button(host, say.devices).click();
    await host.locator("dialog select").first().waitFor();
    await look(host, "call-devices");
    await host.keyboard.press("Escape");
    await button(host, say.invite).click();
    await look(host, "call-link");
    await host.keyboard.press("Escape");
    await button(host, say.hangup).click();
    await button(other, say.hangup).click();
    await guest.getByText(say.over).waitFor();
    await look(guest, "call-over");
    assert.deepEqual(found, []);
    browser.assertClean();
  });
}

test("what one shares of the screen is what the other sees, until it is stopped", async () => {
  const sharing = await Browser.start({ shares: "Shared sheet" });
  const [ours, theirs] = [browser, sharing];
  try {
    browser = theirs;
    const { host, guest } = await invited();
    await letIn(host, guest);
    await Promise.all([moves(host), moves(guest)]);
    const sheet = await host.context().newPage();
    await sheet.setContent("<title>Shared sheet</title><body style='background: #f0f'><p>0</p></body>");
    await sheet.evaluate(() => { const line = document.querySelector("p"); setInterval(() => { line.textContent = Number(line.textContent) + 1; }, 50); });
    await host.bringToFront();
    await host.getByRole("button", { name: "Share the screen" }).click();
    await host.getByRole("button", { name: "Stop sharing" }).waitFor();
    /** What the guest sees of the host, in its middle: red, green, blue. */
    const seen = () => guest.evaluate(() => {
      const video = document.querySelector('.tile-video[data-state="connected"] video:not(.sr-only)');
      const drawing = Object.assign(document.createElement("canvas"), { width: 9, height: 9 }).getContext("2d");
      drawing.drawImage(video, 0, 0, 9, 9);
      return [...drawing.getImageData(4, 4, 1, 1).data].slice(0, 3);
    });
    const isSheet = ([red, green, blue]) => red > 200 && green < 90 && blue > 200;
    await guest.locator('.tile-video.screen[data-state="connected"]').waitFor();
    await eventually(async () => assert.ok(isSheet(await seen())));
    await shot(guest, "call-shared");
    await host.getByRole("button", { name: "Stop sharing" }).click();
    await guest.locator(".tile-video.screen").waitFor({ state: "detached" });
    await eventually(async () => assert.ok(!isSheet(await seen())));
    await moves(guest);
    sharing.assertClean();
  } finally {
    browser = ours;
    await sharing.close();
  }
});

test("a wrong code lets nobody in and says no more than that", async () => {
  const page = await browser.terminal(hub, { path: "/conference/999?code=00000000" });
  await page.getByLabel("Your name").fill("X");
  await page.getByRole("button", { name: "Ask to join" }).click();
  await page.getByText("This call does not exist, is over, or the code is wrong.").waitFor();
  browser.assertClean();
});

test("without a secure address the page says why there is no microphone, and what to do", async () => {
  const page = await browser.terminal(hub);
  await page.addInitScript(() => {
    Object.defineProperty(globalThis, "isSecureContext", { value: false });
    Object.defineProperty(navigator, "mediaDevices", { value: undefined });
  });
  await page.reload();
  const [caller, callee] = await pair();
  const { room } = await hub.api(caller, "POST", "/api/request", { type: "open_direct", user_id: callee.id });
  await login(page, caller);
  await go(page, `chat/${room.id}`);
  await page.getByRole("button", { name: "Record a voice note" }).click();
  await page.getByText(/secure addresses \(https\) only/).waitFor();
  await page.getByRole("button", { name: "Open the secure address" }).waitFor();
  browser.assertClean();
});
