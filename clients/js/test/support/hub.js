/** A real hub process on a free port of loopback, with its own data directory. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect, open } from "../../src/node/index.js";

const DEFAULT_BIN = fileURLToPath(new URL("../../../../target/debug/comptoir", import.meta.url));

/** What a start may take on a busy machine. */
const PATIENCE_MS = 60_000;

export class TestHub {
  #directory = mkdtempSync(join(tmpdir(), "comptoir-js-"));
  #arguments;
  #environment;
  #process;
  #hubs = [];
  port = 0;

  /** @param {{ arguments?: string[], env?: Record<string, string> }} [options] */
  static async start({ arguments: args = ["--demo"], env = {} } = {}) {
    const hub = new TestHub(args, env);
    for (let tries = 1; ; tries++) {
      try {
        hub.port = await freePort();
        await hub.start();
        return hub;
      } catch (error) {
        // Another test may have found the same port.
        if (tries === 3) throw error;
      }
    }
  }

  constructor(args, env) {
    this.#arguments = args;
    // Passwords are not what is tested here: the cheapest hashes.
    this.#environment = { ...process.env, COMPTOIR_AUTH__BCRYPT_COST: "4", COMPTOIR_LAN__ENABLED: undefined, ...env };
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get directory() {
    return this.#directory;
  }

  /** Starts it, on the port that it had before. */
  async start() {
    const binary = process.env.COMPTOIR_BIN ?? DEFAULT_BIN;
    if (!existsSync(binary)) throw new Error(`there is no hub at ${binary}: run \`cargo build\`, or set COMPTOIR_BIN`);
    const listen = `127.0.0.1:${this.port}`;
    const child = spawn(binary, ["serve", ...this.#arguments, "--data", join(this.#directory, "data"), "--listen", listen], {
      env: this.#environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    // A test that is cut short leaves nothing running.
    process.once("exit", () => child.kill("SIGKILL"));
    await new Promise((resolve, reject) => {
      let said = "";
      const timer = setTimeout(() => reject(new Error(`the hub did not start:\n${said}`)), PATIENCE_MS);
      const hear = (bytes) => {
        said += bytes;
        if (!said.includes(`//${listen}`)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("exit", () => reject(new Error(`the hub ended:\n${said}`)));
    });
    await this.#answers();
  }

  async #answers() {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const response = await fetch(`${this.url}/api/health/ready`).catch(() => null);
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("the hub is not ready");
  }

  /** `SIGKILL`: as a power cut. */
  async kill(signal = "SIGKILL") {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill(signal);
    await gone;
  }

  async restart(signal = "SIGKILL") {
    await this.kill(signal);
    await this.start();
  }

  /** A client that is closed with the hub. Comes back quickly, so that tests need not wait. */
  async connect(username = "awa", options = {}) {
    const hub = await connect(this.optionsFor(username, options));
    this.#hubs.push(hub);
    return hub;
  }

  open(username = "awa", options = {}) {
    const hub = open(this.optionsFor(username, options));
    this.#hubs.push(hub);
    return hub;
  }

  optionsFor(username, options) {
    const login = username && { username, password: "demo" };
    return { url: this.url, ...(login ? { login } : {}), backoff: { baseMs: 50, capMs: 200 }, ...options };
  }

  async stop() {
    for (const hub of this.#hubs) hub.close();
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/**
 * A port that stays free while the hub is away: none of those that connections begin at, or one of them, the retries of
 * a waiting client even, could sit on it when the hub comes back.
 */
async function freePort() {
  while (true) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (free) return new Promise((resolve) => server.close(() => resolve(port)));
  }
}

/** Waits until `check` holds. */
export async function until(check, what = check.toString()) {
  const deadline = Date.now() + 60_000;
  while (true) {
    const found = await check();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`it never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
