/** Which tables a connection is asked for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ComptoirError } from "../../src/errors.js";
import { Subscription } from "../../src/tables/subscription.js";

/** A connection that refuses the table `secret`, after a moment. */
function connection(tables) {
  const asked = [];
  const request = async (frame) => {
    asked.push(frame.tables);
    await new Promise((resolve) => setImmediate(resolve));
    if (frame.tables.includes("secret")) throw new ComptoirError("forbidden");
  };
  return { asked, tables, online: true, transport: "websocket", request };
}

test("tables that are wanted at once are all asked for, and one that is refused takes no other with it", async () => {
  const hub = connection(["a"]);
  const subscription = new Subscription(hub);
  const outcomes = await Promise.allSettled(["b", "secret", "b", "c"].map((table) => subscription.want(table)));
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  assert.deepEqual(hub.tables, ["a", "b", "c"]);
  assert.deepEqual(hub.asked, [["a", "b"], ["a", "b", "secret"], ["a", "b", "c"]]);
});

test("where everything comes nothing is asked for", async () => {
  const hub = connection("*");
  await new Subscription(hub).want("a");
  assert.deepEqual([hub.tables, hub.asked], ["*", []]);
});
