/** Every example of the README runs against a real hub, and ends by itself. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestHub } from "../support/hub.js";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const examples = [...readme.matchAll(/\*\*(\d+\. [^*]+)\*\*[\s\S]*?```js\n([\s\S]*?)```/g)].map(([, title, code]) => ({ title, code }));
const sdk = new URL("../../src/node/index.js", import.meta.url).href;

let hub;
let directory;
before(async () => {
  hub = await TestHub.start();
  directory = mkdtempSync(join(tmpdir(), "comptoir-readme-"));
});
after(async () => {
  await hub.stop();
  rmSync(directory, { recursive: true, force: true });
});

test("there are ten examples", () => assert.equal(examples.length, 10));

for (const [at, { title, code }] of examples.entries()) {
  test(title, async () => {
    const file = join(directory, `example-${at}.mjs`);
    writeFileSync(file, code.replaceAll("comptoir-client", sdk).replaceAll("http://127.0.0.1:8080", hub.url));
    const flags = process.execArgv.filter((flag) => !flag.startsWith("--test"));
    // Their own place for files: two runs at a time must not share one.
    const child = spawn(process.execPath, [...flags, file], { env: { ...process.env, TMPDIR: directory, NODE_TEST_CONTEXT: undefined } });
    let said = "";
    child.stdout.on("data", (bytes) => (said += bytes));
    child.stderr.on("data", (bytes) => (said += bytes));
    const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
    const status = await new Promise((resolve) => child.once("exit", resolve));
    clearTimeout(timer);
    assert.equal(status, 0, `${title}\n${said}`);
    for (const [, expected] of code.matchAll(/console\.log\(error\.code, error\.message\); \/\/ (.*)/g)) {
      assert.ok(said.includes(expected), said);
    }
  });
}
