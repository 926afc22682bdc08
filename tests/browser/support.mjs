// A hub of one's own and a browser to look at it with. Everything is loopback, every wait has an end.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const BIN = process.env.COMPTOIR_BIN ?? new URL("../../target/debug/comptoir", import.meta.url).pathname;
const CHROMIUM = process.env.COMPTOIR_CHROMIUM ?? "/usr/bin/chromium";
const ROOT = new URL("../../", import.meta.url).pathname;
/** Where screenshots are kept. */
export const ARTEFACTS = process.env.COMPTOIR_ARTEFACTS ?? join(ROOT, "target/browser");
mkdirSync(ARTEFACTS, { recursive: true });
/** How long anything may take. A slow machine is no failure, a hang is. */
const PATIENCE = 60_000;

/** A port that stays free while the hub is away: none of those at which connections begin. */
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise((resolve) => { server.once("error", () => resolve(false)); server.listen(port, "127.0.0.1", () => resolve(true)); });
    if (free) return new Promise((resolve) => { server.close(() => resolve(port)); });
  }
}

export class Hub {
  /** `demo: false`: a hub that nobody has logged in to. */
  static async start({ app = "apps/shop", env = {}, demo = true } = {}) {
    const hub = new Hub();
    hub.data = mkdtempSync(join(tmpdir(), "comptoir-browser-"));
    hub.app = app;
    hub.env = env;
    hub.demo = demo;
    hub.port = await freePort();
    await hub.run();
    return hub;
  }

  async run() {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("COMPTOIR_")));
    this.child = spawn(BIN, ["serve", ...(this.demo ? ["--demo", "--app", join(ROOT, this.app)] : []), "--data", join(this.data, "data"), "--listen", `127.0.0.1:${this.port}`], {
      env: { ...clean, COMPTOIR_AUTH__BCRYPT_COST: "4", LC_ALL: "C", ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    // A test that is cut short leaves nothing running.
    const { child } = this;
    process.once("exit", () => child.kill("SIGKILL"));
    this.log = "";
    await new Promise((resolve, reject) => {
      const hear = (chunk) => {
        this.log += chunk;
        if (this.log.includes(`ready listening=127.0.0.1:${this.port}`)) resolve();
      };
      this.child.stdout.on("data", hear);
      this.child.stderr.on("data", hear);
      this.child.once("exit", () => reject(new Error(`the hub ended:\n${this.log}`)));
      setTimeout(() => reject(new Error(`the hub does not start:\n${this.log}`)), PATIENCE).unref();
    });
  }

  get url() { return `http://127.0.0.1:${this.port}`; }

  /** As if the power went. `run()` starts it again, on the same data and port. */
  async kill() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }

  async api(user, method, path, body) {
    this.tokens ??= new Map();
    if (!this.tokens.has(user)) this.tokens.set(user, (await this.#json("POST", "/api/auth", { username: user, password: "demo" })).token);
    return this.#json(method, path, body, this.tokens.get(user));
  }
  async #json(method, path, body, token) {
    const answer = await fetch(this.url + path, { method, headers: { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) }, body: body && JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }
  query(user, query, params = []) { return this.api(user, "POST", "/api/query", { query, params }); }
}

export class Browser {
  /** `shares`: the title of the page that is shared when one shares the screen. */
  static async start({ shares } = {}) {
    const browser = new Browser();
    browser.inner = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", shares ? `--auto-select-tab-capture-source-by-title=${shares}` : "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=fps=8", "--autoplay-policy=no-user-gesture-required", "--allow-loopback-in-peer-connection"],
    });
    browser.problems = [];
    return browser;
  }

  /** A page of its own terminal: its own storage. What goes wrong in it is in `problems`. */
  async terminal(hub, { lang = "en", theme = "light", width = 1366, height = 768, path = "/", touch = false, ...rest } = {}) {
    const context = await this.inner.newContext({ viewport: { width, height }, locale: { en: "en-GB", fr: "fr-FR", ar: "ar" }[lang], colorScheme: theme, hasTouch: touch, permissions: ["microphone", "camera"], ...rest });
    // The account has a language of its own; a choice made on this device goes before it.
    await context.addInitScript((chosen) => { try { localStorage.getItem("comptoir.lang") ?? localStorage.setItem("comptoir.lang", chosen); } catch { /* about:blank */ } }, lang);
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => this.problems.push(`${error.name}: ${error.message}`));
    page.on("console", (message) => {
      // What the network refused is what tests of being offline are about; a policy that refuses is not.
      if (message.type() === "error" && !/Failed to load resource|ERR_|WebSocket connection/.test(message.text())) this.problems.push(message.text());
    });
    await page.goto(hub.url + path);
    return page;
  }

  /** Closes what terminals there are: a page that nobody looks at any more still draws its pictures. */
  async clear() { for (const context of this.inner.contexts()) await context.close(); }

  /** Nothing was refused by the policy, nothing threw. */
  assertClean() { assert.deepEqual(this.problems, []); }
  close() { return this.inner.close(); }
}

export async function login(page, username, password = "demo") {
  await page.locator("input[name=username]").fill(username);
  await page.locator("input[name=password]").fill(password);
  await page.locator("button[type=submit]").click();
  await page.locator(".shell").waitFor();
  await page.locator(".ribbon[data-status=online]").waitFor();
}

/** To another place of the terminal, without loading it again. */
export async function go(page, place) {
  await page.evaluate((hash) => { location.hash = hash; }, `#/${place}`);
}

/** Asks until it holds; the last failure tells. */
export async function eventually(check, ms = PATIENCE) {
  const end = Date.now() + ms;
  for (;;) {
    try { return await check(); } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Watches for what is there for a moment only, from now on: a toast, a flash. `seen()` waits until it was there. */
export async function witness(page, selector, text = "") {
  const mark = `witness-${++witnesses}`;
  await page.evaluate(([mark, selector, text]) => {
    const look = () => [...document.querySelectorAll(selector)].some((element) => element.textContent.includes(text)) && (observer.disconnect(), document.documentElement.setAttribute(`data-${mark}`, ""));
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { subtree: true, childList: true, attributes: true, characterData: true });
    look();
  }, [mark, selector, text]);
  return { seen: () => page.locator(`html[data-${mark}]`).waitFor({ state: "attached" }) };
}
let witnesses = 0;

const axe = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
/** What axe finds against WCAG 2.2 A and AA, in words. It works in a world of its own: the page's policy takes no script but the page's. */
export async function violations(page) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id, worldName: "axe" });
  await session.send("Runtime.evaluate", { contextId, expression: `${axe};0` });
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
    contextId, awaitPromise: true, returnByValue: true,
    expression: `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] })`,
  });
  await session.detach();
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 140)} ${any[0]?.message ?? ""}`).join(" | ")}`);
}

export const shot = (page, name) => page.screenshot({ path: join(ARTEFACTS, `${name}.png`), animations: "disabled" });
