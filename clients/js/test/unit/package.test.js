/** The package as others install it: what it says it exports is there, for programs and for their compilers. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const { exports: entries, files } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

/** Every pair of a module and its types. @returns {[string, string][]} */
function pairs(entry) {
  const nested = Object.values(entry).filter((value) => typeof value === "object").flatMap(pairs);
  return entry.default ? [[entry.default, entry.types], ...nested] : nested;
}

test("each entry is there, is published, and has the types that are made of it", () => {
  const all = Object.values(entries).flatMap(pairs);
  assert.equal(all.length, 4);
  for (const [module, types] of all) {
    assert.ok(existsSync(new URL(module, root)), module);
    assert.equal(types, module.replace("./src/", "./types/").replace(/\.js$/, ".d.ts"));
    assert.ok(files.includes(module.split("/")[1]) && files.includes(types.split("/")[1]));
  }
});

test("a program imports it by its name", async () => {
  const [node, page, peers] = await Promise.all(["", "/browser", "/call-peers"].map((entry) => import(`comptoir-client${entry}`)));
  for (const name of ["connect", "open", "Hub", "ComptoirError", "objects"]) {
    assert.equal(typeof node[name], "function", name);
    assert.equal(typeof page[name], "function", name);
  }
  assert.equal(typeof node.fileOutbox, "function");
  assert.equal(page.fileOutbox, undefined);
  assert.equal(typeof peers.CallPeers, "function");
});
