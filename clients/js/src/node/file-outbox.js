/** Queued writes in a file: a log of what came and went, written through to the disk, and tidied at each start. */
import { open, readFile, rename, writeFile } from "node:fs/promises";

/**
 * One process at a time may use a file.
 * @param {string} path
 * @returns {import("../outbox/outbox.js").OutboxStorage}
 */
export function fileOutbox(path) {
  /** @type {Promise<import("node:fs/promises").FileHandle> | undefined} */
  let handle;
  let last = Promise.resolve();

  /** Lines stand in the order in which they were asked for. @param {any} line */
  const append = (line) => {
    const written = last.then(async () => {
      const file = await (handle ??= open(path, "a", 0o600));
      await file.write(`${JSON.stringify(line)}\n`);
      await file.datasync();
    });
    last = written.catch(() => {});
    return written;
  };

  return {
    async load() {
      const entries = replay(await readFile(path, "utf8").catch(() => ""));
      await writeFile(`${path}.new`, entries.map((entry) => `${JSON.stringify({ put: entry })}\n`).join(""), {
        mode: 0o600,
        flush: true,
      });
      await rename(`${path}.new`, path);
      return entries;
    },
    put: (entry) => append({ put: entry }),
    remove: (id) => append({ remove: id }),
    close: () => void last.then(async () => (await handle)?.close()),
  };
}

/** @param {string} text @returns {import("../outbox/outbox.js").Entry[]} */
function replay(text) {
  /** @type {Map<string, import("../outbox/outbox.js").Entry>} */
  const entries = new Map();
  for (const line of text.split("\n")) {
    try {
      const { put, remove } = JSON.parse(line);
      if (put) entries.set(put.id, put);
      if (remove) entries.delete(remove);
    } catch {
      // The last line of a process that was killed in the middle of it: it was never said to be kept.
    }
  }
  return [...entries.values()].sort((a, b) => a.order - b.order);
}
