import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, fileTokens, memoryTokens, open } from "../../src/node/index.js";
import { TestHub, until } from "../support/hub.js";

let hub;
before(async () => (hub = await TestHub.start()));
after(() => hub.stop());

/** What the hub answers to a login. */
async function grant({ url }) {
  const body = JSON.stringify({ username: "awa", password: "demo" });
  return (await fetch(`${url}/api/auth`, { method: "POST", body })).json();
}

test("a wrong password is said at once", async () => {
  const login = { username: "awa", password: "wrong" };
  await assert.rejects(connect({ url: hub.url, login }), { code: "invalid_credentials" });
  const page = open({ url: hub.url, tokens: memoryTokens() });
  try {
    await page.once("status", ({ status }) => status === "login_required");
    await assert.rejects(page.login(login), { code: "invalid_credentials" });
    assert.equal((await page.login({ username: "awa", password: "demo" })).username, "awa");
    await page.online();
  } finally {
    page.close();
  }
});

test("a token is renewed before it ends, of a login and of one that was handed over: the socket lives on", async () => {
  const quick = await TestHub.start({ env: { COMPTOIR_AUTH__TOKEN_TTL_S: "3" } });
  try {
    const handedOver = await grant(quick);
    const clients = [await quick.connect(), await quick.connect(null, { token: handedOver })];
    await Promise.all(
      clients.map(async (client) => {
        // A busy machine may be late with a renewal and lose a socket; the next one lives as long.
        const since = new Map();
        await until(() => {
          const { session } = client.welcome;
          if (!since.has(session)) since.set(session, Date.now());
          return Date.now() - since.get(session) > 6_000;
        }, "one socket outlived the token that opened it");
        assert.equal((await client.query("SELECT 1")).rows[0][0], 1);
        assert.equal((await client.me()).user.username, "awa");
      }),
    );
  } finally {
    await quick.stop();
  }
});

test("a login ended elsewhere asks for a person, and goes on when he has logged in", async () => {
  const awa = await hub.connect();
  const asked = awa.once("status", ({ status }) => status === "login_required");
  const { sessions } = await awa.http("GET", "/api/me/sessions");
  const other = await hub.connect();
  const own = sessions.find(({ current }) => current) ?? sessions[0];
  await other.http("DELETE", `/api/me/sessions/${own.sid ?? own.id}`);
  await asked;
  const queued = awa.rpc("sell", { produit_id: 1 });
  await awa.login({ username: "awa", password: "demo" });
  assert.ok((await queued).id);
});

test("a login function is asked whenever somebody must log in", async () => {
  let times = 0;
  const login = async () => (times++, { username: "binta", password: "demo" });
  const binta = await hub.connect(null, { login });
  await binta.http("POST", "/api/auth/logout");
  await until(() => times > 1);
  await binta.online();
});

test("logging out ends the login, and what waits is not sent as somebody else", async () => {
  const awa = await hub.connect();
  await awa.logout();
  assert.equal(awa.user, null);
  assert.equal(awa.status.status === "online", false);
  const sale = awa.rpc("sell", { produit_id: 2 });
  await awa.login({ username: "binta", password: "demo" });
  assert.equal((await sale).vendeur_id, awa.user.id);
});

test("a login is kept for the next run, in a file of one's own", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "comptoir-tokens-")), "login");
  const first = await hub.connect("awa", { tokens: fileTokens(path) });
  await until(() => statSync(path, { throwIfNoEntry: false }));
  assert.equal(statSync(path).mode & 0o077, 0);
  assert.ok(!readFileSync(path, "utf8").includes("eyJ"), "the access token is not kept");
  first.close();
  const second = await hub.connect(null, { tokens: fileTokens(path) });
  assert.equal(second.user.username, "awa");
});

test("a token of one's own is enough, as long as it lasts", async () => {
  const { token } = await grant(hub);
  const bare = await hub.connect(null, { token });
  assert.equal(bare.user.username, "awa");
  const ended = bare.once("status", ({ status }) => status === "login_required");
  await fetch(`${hub.url}/api/auth/logout`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  await ended;
});

test("who must set a new password is told so, does, and is in", async () => {
  const admin = await hub.connect("admin");
  await admin.http("POST", "/api/admin/users", {
    body: { username: "neuf", display_name: "Neuf", role: "vendeur", password: "provisoire", must_change_password: true },
  });
  const login = { username: "neuf", password: "provisoire" };
  const neuf = hub.open(null, { login });
  await neuf.once("status", ({ status }) => status === "password_change_required");
  await neuf.changePassword({ current: "provisoire", new: "definitif1" });
  await neuf.online();
});

test("an administrator's disconnect keeps the terminal away until a person acts", async () => {
  const [admin, awa] = [await hub.connect("admin"), await hub.connect()];
  const away = awa.once("status", ({ status }) => status === "disconnected");
  await admin.http("DELETE", `/api/admin/sessions/${awa.welcome.session}`);
  await away;
  const since = [];
  awa.on("status", ({ status }) => since.push(status));
  // Others come and go meanwhile, each of which takes longer than the wait before a reconnect.
  for (let n = 0; n < 3; n++) (await hub.connect("binta")).close();
  assert.deepEqual([awa.status.status, since], ["disconnected", []]);
  await awa.login({ username: "awa", password: "demo" });
  await awa.online();
});
