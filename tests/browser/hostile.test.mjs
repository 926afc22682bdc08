// What people can write is shown as text, wherever it is shown.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Browser, go, Hub, login, witness } from "./support.mjs";

const EVIL = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script><svg onload=window.pwned=1>\u202Ejavascript:alert(1)`;

let hub, browser;
before(async () => { hub = await Hub.start(); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });

const request = (user, frame) => hub.api(user, "POST", "/api/request", frame);

test("names, messages, contexts, reactions, file names, rows, column names and notifications are text", async () => {
  await hub.api("admin", "POST", "/api/admin/users", { username: "mallory", display_name: EVIL, role: "caisse", password: "correct horse" });
  const mallory = await (await fetch(`${hub.url}/api/auth`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ username: "mallory", password: "correct horse" }) })).json();
  hub.tokens.set("mallory", mallory.token);
  const { users } = await request("mallory", { type: "users" });
  const awa = users.find(({ username }) => username === "awa");
  const { room } = await request("mallory", { type: "open_direct", user_id: awa.id });
  const group = (await request("mallory", { type: "create_room", name: EVIL, members: [awa.id] })).room;
  const form = new FormData();
  form.append("file", new Blob(["x"], { type: "text/html" }), `${EVIL}.html`);
  const file = await (await fetch(`${hub.url}/api/files`, { method: "POST", headers: { authorization: `Bearer ${mallory.token}` }, body: form })).json();
  for (const to of [room, group]) {
    const { message } = await request("mallory", { type: "send_message", room: to.id, kind: "text", content: EVIL, context: { type: "javascript:alert(1)", id: EVIL, label: EVIL }, client_id: crypto.randomUUID() });
    await request("mallory", { type: "send_message", room: to.id, kind: "text", content: "ok", reply_to: message.id, client_id: crypto.randomUUID() });
    if (file.id) await request("mallory", { type: "send_message", room: to.id, kind: "file", content: "", file: file.id, client_id: crypto.randomUUID() }).catch(() => {});
    await request("mallory", { type: "react", room: to.id, message_id: message.id, emoji: "<b>1</b>", on: true }).catch(() => {});
  }
  await hub.query("awa", "INSERT INTO clients(nom, telephone, adresse) VALUES (?, ?, ?)", [EVIL, EVIL, EVIL]);

  const page = await browser.terminal(hub);
  page.on("dialog", (dialog) => { browser.problems.push(`a dialog: ${dialog.message()}`); void dialog.dismiss(); });
  await login(page, "awa");
  for (const where of [room, group]) {
    await go(page, `chat/${where.id}`);
    await page.locator(".message", { hasText: "onerror" }).first().waitFor();
  }
  const toast = await witness(page, ".toast", "onerror");
  await request("mallory", { type: "notify", to_user: awa.id, event: "x", title: EVIL, body: EVIL, data: { url: "javascript:alert(1)" } });
  await toast.seen();
  await page.getByRole("button", { name: /Notices/ }).click();
  await page.locator(".notice-item", { hasText: "onerror" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByLabel("Find a conversation").fill("onerror");
  await page.locator("mark").first().waitFor();
  await go(page, "data/table/clients");
  await page.getByLabel("Filter rows").fill("onerror");
  await page.locator(".grid-row", { hasText: "onerror" }).first().click();
  await page.locator(".detail", { hasText: "onerror" }).waitFor();
  await go(page, "data/sql");
  await page.getByLabel("Statement").fill(`SELECT nom AS "<img src=x onerror=window.pwned=1>" FROM clients WHERE nom LIKE '%onerror%'`);
  await page.getByLabel("Statement").press("Control+Enter");
  await page.getByRole("columnheader", { name: /<img/ }).waitFor();
  await go(page, `data/table/${encodeURIComponent(EVIL)}`);
  assert.equal(await page.evaluate(() => window.pwned ?? 0), 0);
  assert.equal(await page.locator("#app script, #app img[src=x], #app [onerror]").count(), 0);
  browser.assertClean();
});

test("the policy holds where a script would slip in: no inline script, no markup from text, no foreign host", async () => {
  const page = await browser.terminal(hub);
  await login(page, "awa");
  const tried = await page.evaluate(async () => {
    window.pwned = 0;
    const outcome = {};
    try { document.body.innerHTML += "<p>x</p>"; outcome.html = "taken"; } catch (error) { outcome.html = error.name; }
    try { setTimeout("window.pwned = 1"); } catch { /* refused */ }
    const script = document.createElement("script");
    try { script.text = "window.pwned = 1"; document.head.append(script); } catch { /* refused */ }
    outcome.foreign = await fetch("https://example.invalid/").then(() => "taken", () => "refused");
    // Timers of one length come in order: what was asked for above has had its turn.
    await new Promise((resolve) => setTimeout(resolve, 1));
    outcome.pwned = window.pwned;
    return outcome;
  });
  assert.deepEqual(tried, { html: "TypeError", foreign: "refused", pwned: 0 });
  // What the browser said of these is no problem of the page.
  browser.problems.length = 0;
});
