import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { TestHub, until } from "../support/hub.js";

let hub;
before(async () => (hub = await TestHub.start()));
after(() => hub.stop());

const sell = (client, product, quantity = 1) => client.rpc("sell", { produit_id: product, quantite: quantity });

test("a query, a batch and a function answer with what the hub has", async () => {
  const awa = await hub.connect();
  assert.equal(awa.user.username, "awa");
  const { columns, rows, commit } = await awa.query("SELECT id, nom FROM produits WHERE id = ?", [1]);
  assert.deepEqual(columns, ["id", "nom"]);
  assert.equal(rows[0][0], 1);
  assert.equal(typeof commit, "number");
  assert.deepEqual(await awa.objects("SELECT :a AS a", { a: 2n ** 60n }), [{ a: 2n ** 60n }]);
  const batch = await awa.batch([
    { query: "INSERT INTO clients(nom) VALUES (?)", params: ["Fatou"] },
    { query: "UPDATE produits SET stock = stock WHERE id = 1", expectAffected: 1 },
  ]);
  assert.equal(batch.results.length, 2);
  const sale = await sell(awa, 1);
  assert.equal(sale.vendeur_id, awa.user.id);
});

test("a refusal is an error with the hub's code", async () => {
  const awa = await hub.connect();
  await assert.rejects(sell(awa, 1, 1_000_000), { code: "precondition_failed", message: "Stock insuffisant" });
  await assert.rejects(awa.query("SELECT prix_achat FROM produits"), { code: "forbidden" });
  await assert.rejects(awa.query("SELEC"), { code: "invalid_sql" });
  await assert.rejects(awa.rpc("nothing"), { code: "not_found" });
  await assert.rejects(awa.query("SELECT ?", ["x".repeat(2_000_000)]), { code: "payload_too_large" });
  assert.equal((await awa.query("SELECT 1")).rows[0][0], 1); // the connection lived through it
});

test("every change reaches callbacks and loops, of the tables asked for", async () => {
  const [awa, binta] = [await hub.connect(), await hub.connect("binta")];
  const called = [];
  const stop = binta.changes({ tables: ["ventes"] }, (commit) => called.push(commit));
  const controller = new AbortController();
  const looped = [];
  const loop = (async () => {
    for await (const commit of binta.changes({ tables: ["lignes"], signal: controller.signal })) looped.push(commit);
  })();
  const sale = await sell(awa, 2);
  // The last of them: what was sold before may come a little after the welcome.
  const last = ({ changes }) => changes.at(-1)?.row;
  await until(() => called.some((commit) => last(commit).id === sale.id) && looped.some((commit) => last(commit).vente_id === sale.id));
  assert.deepEqual(called.at(-1).changes.map(({ table, row }) => [table, row.id]).at(-1), ["ventes", sale.id]);
  assert.equal(called.at(-1).by.username, "awa");
  assert.equal(called.at(-1).by.function, "sell");
  assert.ok(looped[0].changes.every(({ table }) => table === "lignes"));
  stop();
  controller.abort();
  await loop;
  const before = [called.length, looped.length];
  const heard = binta.once("data_change");
  await sell(awa, 2);
  await heard;
  assert.deepEqual([called.length, looped.length], before);
});

test("a live table is what a fresh query would answer, through many writers", async () => {
  const [awa, binta, moussa] = [await hub.connect(), await hub.connect("binta"), await hub.connect("moussa")];
  const live = binta.table("produits").select("id", "stock").where({ stock: { lt: 1_000 } }).order("stock", "id").limit(20).live();
  const all = moussa.table("ventes").where({ statut: "en_attente" }).live();
  const writers = [awa, binta, moussa].map(async (client, who) => {
    for (let n = 0; n < 25; n++) {
      if (who === 2 && n % 5 === 0) await client.rpc("adjustStock", { produit_id: 1 + n, quantite: 3, motif: "livraison" });
      else await sell(client, 1 + ((n * 7 + who) % 30)).catch(() => {});
    }
  });
  await live.ready;
  await Promise.all(writers);
  const stock = () => binta.objects("SELECT id, stock FROM produits WHERE stock < 1000 ORDER BY stock, id LIMIT 20");
  const wanted = JSON.stringify(await stock());
  await until(() => JSON.stringify(live.rows) === wanted, "the live rows are the table's");
  const sales = JSON.stringify(await moussa.objects("SELECT * FROM ventes WHERE statut = 'en_attente' ORDER BY id"));
  await until(() => JSON.stringify(all.rows) === sales, "the live sales are the table's");
});

/** A pack of one table, whose columns compare texts as they like. */
const mixed = {
  "app.toml": `name = "mixed"
    title = "Mixed"
    [roles.chef]
    admin = true
    login_from = "anywhere"
    [[demo.user]]
    username = "chef"
    role = "chef"
    password = "demo"`,
  "migrations/0001_initial.sql": `CREATE TABLE mots(
      id INTEGER PRIMARY KEY, mot TEXT NOT NULL COLLATE NOCASE, code TEXT COLLATE RTRIM, prix REAL, libre);`,
};

test("live rows stand where the hub would put them, whatever the collations of the columns", async () => {
  const directory = mkdtempSync(join(tmpdir(), "comptoir-pack-"));
  mkdirSync(join(directory, "migrations"));
  for (const [name, text] of Object.entries(mixed)) writeFileSync(join(directory, name), text);
  const own = await TestHub.start({ arguments: ["--demo", "--app", directory] });
  try {
    const chef = await own.connect("chef");
    const mots = chef.table("mots");
    const selections = {
      all: mots.order("mot"),
      few: mots.order("mot.desc", "code").limit(4),
      fruit: mots.where({ mot: "BANANE" }),
      coded: mots.where({ code: "x" }).order("prix.desc"),
      cheap: mots.where({ prix: { lt: "10" } }).order("libre"),
      like: mots.where({ mot: { ilike: "*é_*" } }),
    };
    const lives = Object.values(selections).map((selection) => selection.live());
    await Promise.all(lives.map(({ ready }) => ready));
    const texts = ["banane", "Banane", "ananas", "Éclair", "éclair", "_", "Zoé", "zo", "a", "B"];
    const values = (n) => ({ mot: texts[(n * 7) % 10], code: ["x", "x  ", "X", null][n % 4], prix: (n * 3) % 17, libre: n % 3 ? `${n}` : n });
    for (let n = 0; n < 30; n++) await mots.insert({ id: n, ...values(n) });
    for (let n = 0; n < 30; n += 4) await mots.update(n, values(n + 5));
    for (let n = 3; n < 30; n += 9) await mots.delete(n);
    for (const [at, selection] of Object.values(selections).entries()) {
      const wanted = JSON.stringify(await selection.rows());
      assert.ok(wanted.length > 100, Object.keys(selections)[at]);
      await until(() => JSON.stringify(lives[at].rows) === wanted, `${Object.keys(selections)[at]}: ${wanted}`);
    }
  } finally {
    await own.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});

test("a table that is wanted later misses nothing between the asking and the first look", async () => {
  const writer = await hub.connect();
  for (let n = 0; n < 10; n++) {
    const narrow = await hub.connect("binta", { tables: [] });
    const lives = ["clients", "ventes", "clients"].map((name) => narrow.table(name).live());
    const { id } = await writer.table("clients").insert({ nom: `Pressé ${n}` });
    await until(() => lives[0].rows.some((row) => row.id === id) && lives[2].rows.some((row) => row.id === id));
    narrow.close();
  }
});

test("a table that the role may not read is refused, and does not keep the connection from coming back", async () => {
  await assert.rejects(hub.connect("binta", { tables: ["utilisateurs_inconnus"] }), { name: "ComptoirError" });
  const binta = await hub.connect("binta", { tables: ["clients"] });
  await assert.rejects(binta.subscribe(["clients", "paiements"]), { code: "forbidden" });
  await binta.subscribe(["ventes"]);
  const heard = binta.once("data_change");
  await sell(await hub.connect(), 9);
  assert.equal((await heard).changes[0].table, "ventes");
});

test("a live table tells which rows changed, once for many", async () => {
  const awa = await hub.connect();
  const live = awa.table("clients").live();
  await live.ready;
  await live.once("change");
  const changes = [];
  live.on("change", (detail) => changes.push(detail));
  const inserted = await Promise.all(["A", "B", "C"].map((nom) => awa.table("clients").insert({ nom })));
  const keys = () => new Set(changes.flatMap((detail) => [...detail.keys]));
  await until(() => keys().size === 3);
  assert.deepEqual(keys(), new Set(inserted.map((row) => live.keyOf(row))));
  assert.ok(changes.every(({ reloaded }) => !reloaded));
  live.close();
});

test("a live table can be read as a loop", async () => {
  const awa = await hub.connect();
  const live = awa.table("clients").where({ nom: "Boucle" }).live();
  const counts = [];
  for await (const rows of live) {
    counts.push(rows.length);
    if (rows.length === 2) break;
    await awa.table("clients").insert({ nom: "Boucle" });
  }
  assert.deepEqual([counts[0], counts.at(-1)], [0, 2]);
  live.close();
});

test("a commit too large for one frame is fetched again", async () => {
  const [awa, binta] = [await hub.connect(), await hub.connect("binta")];
  const live = binta.table("clients").where({ adresse: "Foule" }).live();
  await live.ready;
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)";
  await awa.query(`INSERT INTO clients(nom, adresse) ${numbers} SELECT 'Client ' || i, 'Foule' FROM n`, [], { kind: "insert" });
  await until(() => live.rows.length === 1_500);
});

test("a table of many pages is read whole, while it changes", async () => {
  const small = await TestHub.start({ env: { COMPTOIR_LIMITS__MAX_ROWS: "50" } });
  try {
    const [awa, binta] = [await small.connect(), await small.connect("binta")];
    const live = binta.table("produits").live();
    for (let n = 1; n <= 20; n++) await sell(awa, n).catch(() => {});
    await live.ready;
    const [{ n }] = await awa.objects("SELECT count(*) AS n, sum(stock) AS stock FROM produits");
    assert.ok(n > 50);
    const [{ stock }] = await awa.objects("SELECT sum(stock) AS stock FROM produits");
    await until(() => live.rows.length === n && live.rows.reduce((sum, row) => sum + row.stock, 0) === stock);
  } finally {
    await small.stop();
  }
});

test("what is more than one table is watched", async () => {
  const awa = await hub.connect();
  const totals = [];
  const stop = awa.watch({ tables: ["ventes", "lignes"] }, async () => {
    const [{ n }] = await awa.objects("SELECT count(*) AS n FROM ventes JOIN lignes ON vente_id = ventes.id");
    totals.push(n);
  });
  await until(() => totals.length > 0);
  await sell(awa, 4);
  await until(() => totals.at(-1) === totals[0] + 1);
  stop();
});

test("a table is written by key, with what the role may", async () => {
  const moussa = await hub.connect("moussa");
  const clients = moussa.table("clients");
  const { id } = await clients.insert({ nom: "Ousmane", telephone: "77" });
  assert.equal((await clients.update(id, { telephone: "78" })).telephone, "78");
  assert.equal((await clients.get(id)).nom, "Ousmane");
  assert.equal((await clients.where({ id }).rows()).length, 1);
  await assert.rejects(clients.delete(id), { code: "forbidden" });
  await assert.rejects(moussa.table("secrets").live().ready, { code: "forbidden" });
});

test("only the tables asked for come, until more are wanted", async () => {
  const [awa, binta] = [await hub.connect(), await hub.connect("binta", { tables: ["clients"] })];
  const seen = [];
  binta.on("data_change", ({ changes }) => seen.push(...changes.map(({ table }) => table)));
  await sell(awa, 5);
  await awa.table("clients").insert({ nom: "Vu" });
  await until(() => seen.includes("clients"));
  assert.deepEqual(new Set(seen), new Set(["clients"]));
  const live = binta.table("ventes").live();
  await live.ready;
  const { id } = await sell(awa, 6);
  await until(() => live.rows.some((row) => row.id === id));
});

test("the frames of a real hub have the members of the golden ones", async () => {
  const golden = JSON.parse(readFileSync(new URL("../../../../tests/golden/events.json", import.meta.url), "utf8"));
  const wanted = (type) => golden.find((event) => event.type === type);
  const awa = await hub.connect();
  assert.deepEqual(shape(awa.welcome), shape(wanted("welcome")));
  const heard = awa.once("data_change");
  await sell(awa, 8);
  const { changes, ...change } = await heard;
  const { changes: goldenChanges, ...goldenChange } = wanted("data_change");
  assert.deepEqual(shape(change), shape(goldenChange));
  assert.deepEqual(Object.keys(changes[0]).sort(), Object.keys(goldenChanges[0]).sort());
});

/** The names and kinds of what an object holds; lists are what they are. */
function shape(value) {
  if (value === null || typeof value !== "object") return typeof value;
  if (Array.isArray(value)) return "array";
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, shape(value[name])]));
}
