/** A login kept in a file that only its owner may read. */
import { readFile, rename, rm, writeFile } from "node:fs/promises";

/**
 * @param {string} path
 * @returns {import("../auth/token-stores.js").TokenStore}
 */
export function fileTokens(path) {
  /** One after the other: the last one saved is the one that stays. */
  let saving = Promise.resolve();
  const save = async (/** @type {import("../auth/token-stores.js").KeptLogin | null} */ login) => {
    if (login === null) return rm(path, { force: true });
    // Whole or not at all: half a token would be a lost login.
    await writeFile(`${path}.new`, JSON.stringify(login), { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  return {
    async load() {
      await saving;
      try {
        return JSON.parse(await readFile(path, "utf8"));
      } catch {
        return null;
      }
    },
    save: (login) => (saving = saving.then(() => save(login))),
  };
}
