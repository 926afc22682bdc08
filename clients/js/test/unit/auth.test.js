/** Who is logged in, whatever happens meanwhile. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Auth } from "../../src/auth/auth.js";
import { memoryTokens } from "../../src/auth/token-stores.js";

const grant = { token: "t", refresh_token: "r", expires_in: 900, user: { id: 1, username: "awa", display_name: "Awa", role: "vendeur" } };

test("a login that is answered after the program closed the hub leaves nothing that keeps the program running", async () => {
  let answer;
  const http = { json: () => new Promise((resolve) => (answer = () => resolve(grant))) };
  const auth = new Auth({ http, store: memoryTokens() });
  const done = auth.login({ username: "awa", password: "demo" });
  auth.close();
  const timers = mock.method(globalThis, "setTimeout");
  try {
    answer();
    await done;
    assert.equal(timers.mock.callCount(), 0);
  } finally {
    timers.mock.restore();
  }
});
