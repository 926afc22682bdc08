import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fileOutbox, fileTokens } from "../../src/node/index.js";
import { TestHub, until } from "../support/hub.js";
import { Proxy } from "../support/proxy.js";

let hub;
before(async () => (hub = await TestHub.start()));
after(() => hub.stop());

const names = (client, like) =>
  client.objects("SELECT nom FROM clients WHERE nom LIKE ? ORDER BY id", [like]).then((rows) => rows.map(({ nom }) => nom));
const insert = (client, nom) => client.query("INSERT INTO clients(nom) VALUES (?) RETURNING id", [nom]);

test("writes made offline go out in order when the hub is back, each once", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const awa = await hub.connect("awa", { url: proxy.url });
    proxy.down();
    await until(() => awa.status.status !== "online");
    const writes = Array.from({ length: 20 }, (_, n) => insert(awa, `hors ligne ${n}`));
    await until(() => awa.status.queued === 20);
    proxy.up();
    const answers = await Promise.all(writes);
    assert.equal(awa.status.queued, 0);
    assert.equal(new Set(answers.map(({ rows }) => rows[0][0])).size, 20);
    assert.deepEqual(await names(awa, "hors ligne %"), Array.from({ length: 20 }, (_, n) => `hors ligne ${n}`));
  } finally {
    proxy.close();
  }
});

test("kill -9 in the midst of queued writes: each happens exactly once, in order", async () => {
  const own = await TestHub.start();
  try {
    const awa = await own.connect();
    const writes = Array.from({ length: 150 }, (_, n) => insert(awa, `rafale ${String(n).padStart(3, "0")}`));
    const answered = [];
    writes.forEach((write, n) => write.then(() => answered.push(n)));
    for (const many of [20, 60, 110]) {
      await until(() => answered.length >= many);
      await own.restart("SIGKILL");
    }
    await Promise.all(writes);
    const found = await names(awa, "rafale %");
    assert.deepEqual(found, Array.from({ length: 150 }, (_, n) => `rafale ${String(n).padStart(3, "0")}`));
    assert.deepEqual(answered, [...answered].sort((a, b) => a - b));
  } finally {
    await own.stop();
  }
});

test("a terminal and a hub that are both killed lose nothing and do nothing twice", async () => {
  const own = await TestHub.start();
  const directory = mkdtempSync(join(tmpdir(), "comptoir-terminal-"));
  const till = (...words) =>
    fork(fileURLToPath(new URL("../support/till.js", import.meta.url)), [own.url, directory, ...words], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
  try {
    // Writes 100 rows, and is killed somewhere in the middle, as the hub is.
    const first = till("write", "100");
    await once(first, "message", { signal: AbortSignal.timeout(60_000) }); // all are queued
    await own.kill("SIGKILL");
    first.kill("SIGKILL");
    await once(first, "exit");
    await own.start();
    const second = till("drain");
    await once(second, "message", { signal: AbortSignal.timeout(60_000) });
    second.kill("SIGKILL");
    const awa = await own.connect();
    const found = await names(awa, "caisse %");
    assert.deepEqual(found, Array.from({ length: 100 }, (_, n) => `caisse ${String(n).padStart(3, "0")}`));
  } finally {
    await own.stop();
  }
});

test("a refused write does not hold up the others, and is told also to who did not ask for it", async () => {
  const awa = await hub.connect();
  const settled = [];
  awa.on("settled", ({ error }) => settled.push(error?.code ?? "done"));
  const refused = awa.query("INSERT INTO clients(nom) VALUES (NULL)");
  const done = insert(awa, "après");
  await assert.rejects(refused, { code: "constraint_violation" });
  await done;
  assert.deepEqual(settled, ["constraint_violation", "done"]);
});

test("more writes than the hub takes at once are only slower", async () => {
  const own = await TestHub.start({ env: { COMPTOIR_LIMITS__REQUESTS_PER_SECOND: "40", COMPTOIR_LIMITS__BURST: "10" } });
  try {
    const awa = await own.connect();
    await Promise.all(Array.from({ length: 60 }, (_, n) => insert(awa, `pressé ${String(n).padStart(2, "0")}`)));
    assert.deepEqual(await names(awa, "pressé %"), Array.from({ length: 60 }, (_, n) => `pressé ${String(n).padStart(2, "0")}`));
  } finally {
    await own.stop();
  }
});

test("a program that starts while the hub is away keeps its writes, and knows whose they are", async () => {
  const own = await TestHub.start();
  const directory = mkdtempSync(join(tmpdir(), "comptoir-start-"));
  const kept = {
    tokens: fileTokens(join(directory, "login")),
    outbox: () => fileOutbox(join(directory, "queue")),
  };
  try {
    const before = await own.connect("awa", kept);
    before.close();
    await own.kill();
    const awa = own.open(null, kept);
    await awa.once("status", ({ status }) => status === "reconnecting");
    assert.equal(awa.user.username, "awa");
    const write = insert(awa, "sans le hub");
    await until(() => awa.status.queued === 1);
    await own.start();
    await write;
    assert.deepEqual(await names(awa, "sans le hub"), ["sans le hub"]);
  } finally {
    await own.stop();
  }
});

test("a read waits for the connection, and not for ever", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const awa = await hub.connect("awa", { url: proxy.url });
    const hasty = await hub.connect("awa", { url: proxy.url, timeoutMs: 100 });
    proxy.down();
    await until(() => [awa, hasty].every(({ status }) => status.status !== "online"));
    const read = awa.query("SELECT 1");
    await assert.rejects(hasty.query("SELECT 1"), { code: "offline" });
    proxy.up();
    assert.equal((await read).rows[0][0], 1);
  } finally {
    proxy.close();
  }
});
