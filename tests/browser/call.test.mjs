// Calls between pages, with the browser's fake camera and microphone.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Browser, eventually, go, Hub, login, shot } from "./support.mjs";

let hub, browser;
before(async () => { hub = await Hub.start({ app: "apps/clinic" }); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });

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
  browser.assertClean();
});

test("a guest waits in the lobby, is let in, sees and is seen; the code does not stay in the address", async () => {
  const [caller, callee] = await pair();
  const { room } = await hub.api(caller, "POST", "/api/request", { type: "open_direct", user_id: callee.id });
  const host = await browser.terminal(hub);
  await login(host, caller);
  await go(host, `chat/${room.id}`);
  await host.getByRole("button", { name: "Video call" }).click();
  await host.getByRole("button", { name: "Invite" }).click();
  const link = new URL(await host.getByLabel("Link").inputValue());
  await host.keyboard.press("Escape");
  const guest = await browser.terminal(hub, { path: link.pathname + link.search });
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
