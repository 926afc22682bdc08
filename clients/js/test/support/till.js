/** A terminal of its own process, which tests kill: `till.js URL DIRECTORY write N | drain`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileOutbox, fileTokens, open } from "../../src/node/index.js";
import { until } from "./hub.js";

const [url, directory, what, many] = process.argv.slice(2);
const hub = open({
  url,
  ...(what === "write" ? { login: { username: "awa", password: "demo" } } : {}),
  tokens: fileTokens(join(directory, "login")),
  outbox: () => fileOutbox(join(directory, "queue")),
  backoff: { baseMs: 50, capMs: 200 },
});

if (what === "write") {
  await hub.online();
  const pad = (n) => String(n).padStart(3, "0");
  const writes = Array.from({ length: Number(many) }, (_, n) => hub.query("INSERT INTO clients(nom) VALUES (?)", [`caisse ${pad(n)}`]));
  for (const write of writes) write.catch(() => {});
  await Promise.resolve(); // each has to reach the outbox first
  await hub.outbox.kept();
  await until(() => existsSync(join(directory, "login")));
  process.send("queued");
} else {
  await hub.online();
  await hub.outbox.ready();
  while (hub.outbox.length > 0) await hub.outbox.once("change");
  process.send("drained");
}
