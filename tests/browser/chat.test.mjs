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

test("a file that is dropped or pasted asks before it is sent, too", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  await go(page, `chat/${await direct("awa", "binta")}`);
  const box = page.getByLabel("Write a message");
  await box.waitFor();
  for (const kind of ["drop", "paste"]) {
    await page.evaluate((kind) => {
      const data = new DataTransfer();
      data.items.add(new File(["riz"], "note.txt", { type: "text/plain" }));
      const [target, event] = kind === "drop" ? [".messages", new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })]
        : [".composer textarea", new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })];
      document.querySelector(target).dispatchEvent(event);
    }, kind);
    const dialog = page.getByRole("dialog");
    await dialog.getByText("note.txt").waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
  browser.assertClean();
});

test("one says how one is, with a note; others see it, and a reload keeps it", async () => {
  const awa = await browser.terminal(hub), binta = await browser.terminal(hub);
  await login(awa, "awa");
  await login(binta, "binta");
  await go(binta, `chat/${await direct("awa", "binta")}`);
  await awa.getByRole("button", { name: /My account/ }).click();
  await awa.getByRole("button", { name: "Add a note…" }).click();
  const dialog = awa.getByRole("dialog");
  await dialog.getByLabel("Busy").check();
  await dialog.getByLabel("Note for others").fill("Inventaire du rayon 4");
  await dialog.getByLabel("Until").selectOption({ label: "In 60 minutes" });
  await dialog.getByRole("button", { name: "Save" }).click();
  await binta.locator(".room-title").getByText("Busy · Inventaire du rayon 4").waitFor();
  await awa.reload();
  await awa.getByRole("button", { name: /My account: Awa Diop, Busy, Inventaire du rayon 4/ }).click();
  await awa.getByRole("button", { name: /^Inventaire du rayon 4/ }).click();
  await dialog.getByRole("button", { name: "Clear" }).click();
  await binta.locator(".room-title").getByText("Online", { exact: true }).waitFor();
  browser.assertClean();
});

test("search finds a message far back and shows it in its place without what lies between; scrolling brings that", async () => {
  const room = await direct("binta", "moussa");
  await say("binta", room, "Début");
  for (let i = 0; i < 150; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => say("binta", room, `avant ${i + j}`)));
  await say("binta", room, "La clé du dépôt est chez Aminata");
  for (let i = 0; i < 300; i += 50) await Promise.all(Array.from({ length: 50 }, (_, j) => say("binta", room, `ligne ${i + j}`)));
  const page = await browser.terminal(hub);
  const pages = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => { if (String(payload).includes('"type":"history"')) pages.push(JSON.parse(payload)); }));
  await login(page, "moussa");
  await go(page, `chat/${room}`);
  await eventually(async () => assert.ok((await page.locator(".message").count()) > 5));
  const drawn = await page.locator(".message").count();
  assert.ok(drawn < 60, `${drawn} messages are drawn`);
  await page.getByLabel("Find a conversation").fill("dépôt");
  await page.getByRole("link", { name: /chez Aminata/ }).click();
  const found = page.locator(".message", { hasText: "La clé du dépôt" });
  const inView = (element) => { const box = element.getBoundingClientRect(); return box.top > 0 && box.bottom < innerHeight; };
  await found.waitFor();
  await eventually(async () => assert.ok(await found.evaluate(inView)));
  assert.ok((await page.locator(".message").count()) < 80);
  // The latest page, and the one around what was found.
  assert.deepEqual(pages.slice(0, 2).map(({ around }) => around !== undefined), [false, true]);
  assert.ok(pages.length <= 3, JSON.stringify(pages));
  // Both ways from there: each row once, in order, up to the beginning and down to the end.
  const box = page.locator(".messages");
  for (const [step, last] of [[-600, "Début"], [600, "ligne 299"]]) {
    await eventually(async () => {
      await box.evaluate((element, step) => { element.scrollTop += step; }, step);
      assert.ok(await page.locator(".message .text", { hasText: new RegExp(`^${last}$`) }).isVisible());
    }, 60_000);
    const seen = await page.locator(".message .text").allTextContents();
    assert.equal(new Set(seen).size, seen.length, String(seen));
  }
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

test("a chosen file is shown with a place for a few words before it is sent, and can be left out", async () => {
  const awa = await browser.terminal(hub), binta = await browser.terminal(hub);
  await login(awa, "awa");
  await login(binta, "binta");
  const room = await direct("awa", "binta");
  await go(awa, `chat/${room}`);
  await go(binta, `chat/${room}`);
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC", "base64");
  await awa.locator("input[type=file]").setInputFiles([{ name: "carré.png", mimeType: "image/png", buffer: png }, { name: "liste <b>.txt", mimeType: "text/plain", buffer: Buffer.from("riz\nsucre\n") }]);
  const dialog = awa.getByRole("dialog");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await dialog.waitFor({ state: "detached" });
  await awa.getByLabel("Write a message").fill("Le plan du rayon");
  await awa.locator("input[type=file]").setInputFiles([{ name: "carré.png", mimeType: "image/png", buffer: png }, { name: "rien.txt", mimeType: "text/plain", buffer: Buffer.from("-") }, { name: "liste <b>.txt", mimeType: "text/plain", buffer: Buffer.from("riz\nsucre\n") }]);
  assert.equal(await dialog.getByLabel("Add a caption").inputValue(), "Le plan du rayon");
  await dialog.getByRole("button", { name: "Leave out rien.txt" }).click();
  await dialog.getByRole("button", { name: "Send", exact: true }).click();
  const picture = binta.locator(".message", { has: binta.getByRole("img", { name: "Image: carré.png" }) });
  await picture.getByText("Le plan du rayon").waitFor();
  await binta.getByRole("button", { name: /Download liste/ }).waitFor();
  // What was cancelled and what was left out never went out.
  const { messages } = await request("binta", { type: "history", room, limit: 50 });
  assert.deepEqual(messages.filter(({ file }) => file && file.mime !== "audio/webm").map(({ file }) => file.name), ["carré.png", "liste <b>.txt"]);
  const [download] = await Promise.all([binta.waitForEvent("download"), binta.getByRole("button", { name: /Download liste <b>.txt/ }).click()]);
  assert.equal(await readFile(await download.path(), "utf8"), "riz\nsucre\n");
  browser.assertClean();
});
