/** Runs the tests: `node test/run.js [name…]`. COMPTOIR_BIN names the hub to test against. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".test.js") && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .sort()
  .map((name) => here + name);

// A hang is a failure, a slow machine is not: single waits end much earlier.
const LIMIT_MS = 600_000;

// Node 20 and 21 have a WebSocket behind a flag.
const flags = typeof WebSocket === "undefined" ? ["--experimental-websocket", "--no-warnings"] : [];
const { status } = spawnSync(process.execPath, [...flags, "--test", "--test-concurrency=2", `--test-timeout=${LIMIT_MS}`, "--test-reporter=spec", ...files], { stdio: "inherit" });
process.exit(status ?? 1);
