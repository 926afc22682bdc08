// People who write to each other.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Browser, eventually, go, Hub, login, witness } from "./support.mjs";

let hub, browser;
before(async () => { hub = await Hub.start({ env: { COMPTOIR_LIMITS__REQUESTS_PER_SECOND: "100000", COMPTOIR_LIMITS__BURST: "100000" } }); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });

const request = (user, frame) => hub.api(user, "POST", "/api/request", frame);
const say = (user, room, content, more = {}) => request(user, { type: "send_message", room, kind: "text", content, client_id: crypto.randomUUID(), ...more });
const direct = async (user, other) => (await request(user, { type: "open_direct", user_id: (await request(user, { type: "users" })).users.find(({ username }) => username === other).id })).room.id;
const write = async (page, text) => { const box = page.getByLabel("Write a message"); await box.fill(text); await box.press("Enter"); };
const openActions = async (page, text) => { const message = page.locator(".message").filter({ has: page.locator(".text", { hasText: text }) }); await message.hover(); await message.getByRole("button", { name: "More" }).click(); return message; };

test("two people write, answer, react, correct, delete and see what was read", async () => {
  const awa = await browser.terminal(hub), binta = await browser.terminal(hub);
  await login(awa, "awa");
  await login(binta, "binta");
  await awa.getByRole("button", { name: "New conversation" }).click();
  await awa.getByRole("dialog").getByRole("button", { name: /Binta/ }).click();
  await write(awa, "Combien de sacs de riz ?");
  await binta.getByRole("link", { name: /Awa Diop.*1 unread message/ }).click();
  await binta.getByText("Combien de sacs de riz ?").last().waitFor();
  await awa.locator('.message.own [data-receipt="check-all"].read').waitFor();

  await openActions(binta, "Combien");
  await binta.getByRole("button", { name: "Reply", exact: true }).click();
  await write(binta, "Douze.");
  await awa.locator(".message", { hasText: "Douze." }).locator(".quote", { hasText: "Combien de sacs" }).waitFor();
  await openActions(awa, "Douze.");
  await awa.getByRole("button", { name: "React 👍" }).click();
  await binta.locator(".reaction", { hasText: "👍" }).waitFor();

  await openActions(binta, "Douze.");
  await binta.getByRole("button", { name: "Edit" }).click();
  await write(binta, "Treize.");
  await awa.locator(".message", { hasText: "Treize." }).getByText("edited").waitFor();
  await openActions(awa, "Combien");
  await awa.getByRole("button", { name: "Delete" }).click();
  await awa.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await binta.locator(".bubble.deleted").waitFor();

  // As long as people type: the hub tells it once a second, and the page says it anew every three.
  const typing = await witness(awa, "body", "Binta Sow is typing…");
  await binta.getByLabel("Write a message").pressSequentially("je cherche encore", { delay: 400 });
  await typing.seen();
  browser.assertClean();
});

test("what is unread is the same on both terminals of one person, and gone on both once it was read on one", async () => {
  const one = await browser.terminal(hub), two = await browser.terminal(hub);
  await login(one, "moussa");
  await login(two, "moussa");
  const room = await direct("admin", "moussa");
  for (const text of ["Premier", "Deuxième", "Troisième"]) await say("admin", room, text);
  for (const page of [one, two]) {
    await page.getByRole("link", { name: /Administration.*3 unread messages/ }).waitFor();
    await page.getByRole("link", { name: /^Messages/ }).locator(".badge", { hasText: "3" }).waitFor();
  }
  await one.getByRole("link", { name: /Administration/ }).click();
  await one.getByText("Troisième").last().waitFor();
  for (const page of [one, two]) await eventually(async () => assert.equal(await page.locator(".top .badge").count(), 0));
  browser.assertClean();
});

test("an urgent message asks for an acknowledgement, and its author sees who gave it", async () => {
  const awa = await browser.terminal(hub), binta = await browser.terminal(hub);
  await login(awa, "awa");
  await login(binta, "binta");
  const room = await direct("awa", "binta");
  await go(awa, `chat/${room}`);
  await go(binta, `chat/${room}`);
  await awa.getByRole("button", { name: "Priority and receipt" }).click();
  await awa.getByLabel("Priority", { exact: true }).selectOption("urgent");
  await awa.getByText("Ask for an acknowledgement").click();
  await awa.keyboard.press("Escape");
  await write(awa, "Fermez la caisse 2");
  const message = binta.locator(".message", { hasText: "Fermez la caisse 2" });
  await message.getByText("Urgent").waitFor();
  await message.getByRole("button", { name: "Acknowledge" }).click();
  await awa.getByText("Acknowledged by binta").waitFor();
  browser.assertClean();
});

test("a message that was written while the hub was away goes out when it is back, once", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  const room = await direct("awa", "moussa");
  await go(page, `chat/${room}`);
  await page.getByLabel("Write a message").waitFor();
  await hub.kill();
  await page.locator(".ribbon:not([data-status=online])").waitFor();
  await write(page, "Écrit hors ligne");
  await page.locator('.message [data-receipt="refresh"]').waitFor();
  await hub.run();
  await page.locator('.message [data-receipt="check"], .message [data-receipt="check-all"]').last().waitFor({ timeout: 90_000 });
  const { messages } = await request("moussa", { type: "history", room, limit: 50 });
  assert.deepEqual(messages.map(({ content }) => content), ["Écrit hors ligne"]);
});

test("search finds a message far back and shows it in its place; a long room stays quick", async () => {
  const room = await direct("binta", "moussa");
  await say("binta", room, "La clé du dépôt est chez Aminata");
  for (let i = 0; i < 600; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => say("binta", room, `ligne ${i + j}`)));
  const page = await browser.terminal(hub);
  await login(page, "moussa");
  await go(page, `chat/${room}`);
  await eventually(async () => assert.ok((await page.locator(".message").count()) > 5));
  const drawn = await page.locator(".message").count();
  assert.ok(drawn < 60, `${drawn} messages are drawn`);
  await page.getByLabel("Find a conversation").fill("dépôt");
  await page.getByRole("link", { name: /chez Aminata/ }).click();
  const found = page.locator(".message", { hasText: "La clé du dépôt" });
  await found.waitFor();
  await eventually(async () => assert.ok(await found.evaluate((element) => { const box = element.getBoundingClientRect(); return box.top > 0 && box.bottom < innerHeight; })));
  assert.ok((await page.locator(".message").count()) < 80);
  browser.assertClean();
});

test("a voice note is recorded, arrives with its waveform and is played", async () => {
  const awa = await browser.terminal(hub), binta = await browser.terminal(hub);
  await login(awa, "awa");
  await login(binta, "binta");
  const room = await direct("awa", "binta");
  await go(awa, `chat/${room}`);
  await go(binta, `chat/${room}`);
  await awa.getByRole("button", { name: "Record a voice note" }).click();
  await awa.getByText("Recording").waitFor();
  await awa.waitForFunction(() => /0:(0[2-9]|[1-5]\d)/.test(document.querySelector(".recording .number")?.textContent ?? ""));
  await awa.getByRole("button", { name: "Send the voice note" }).click();
  const voice = binta.locator(".message .voice").last();
  await voice.waitFor();
  await eventually(async () => assert.ok(Number(await voice.getAttribute("data-peaks")) > 10));
  const [playing, moved] = [await witness(binta, '.voice[data-playing="true"]'), await witness(binta, ".voice .bar.done")];
  await voice.getByRole("button", { name: "Play" }).click();
  await playing.seen();
  await moved.seen();
  browser.assertClean();
});

test("a picture is shown, another file is handed over as it was", async () => {
  const awa = await browser.terminal(hub), binta = await browser.terminal(hub);
  await login(awa, "awa");
  await login(binta, "binta");
  const room = await direct("awa", "binta");
  await go(awa, `chat/${room}`);
  await go(binta, `chat/${room}`);
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC", "base64");
  await awa.locator("input[type=file]").setInputFiles([{ name: "carré.png", mimeType: "image/png", buffer: png }, { name: "liste <b>.txt", mimeType: "text/plain", buffer: Buffer.from("riz\nsucre\n") }]);
  await binta.getByRole("img", { name: "Image: carré.png" }).waitFor();
  const [download] = await Promise.all([binta.waitForEvent("download"), binta.getByRole("button", { name: /Download liste <b>.txt/ }).click()]);
  assert.equal(await readFile(await download.path(), "utf8"), "riz\nsucre\n");
  browser.assertClean();
});
