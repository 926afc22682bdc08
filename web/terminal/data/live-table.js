// A table that keeps itself current, as the grid wants it: each row with a key, and a number that rises when it changed.
import { hub } from "../../shared/hub.js";
import { store } from "../../shared/store.js";

export const KEY = Symbol("key");
export const FLASH = Symbol("flash");

/** How long a row stays lit, ms: as the animation in components.css. */
const LIT_MS = 1600;

/** Calls `show({ rows: [{ key, values, by, at }], error, truncated })` at first and after each change. */
export function liveTable(table, show) {
  const names = table.columns.map(({ name }) => name);
  const live = hub().table(table.name).live();
  const lit = new Map(); // key → when it changed
  const authors = new Map(); // key → who changed it last, while this page is open
  let count = 0;

  const draw = () => {
    const now = Date.now();
    for (const [key, { at }] of lit) if (now - at > LIT_MS) lit.delete(key);
    show({ rows: live.rows.map((values) => shape(values)), error: live.error });
  };
  const shape = (row) => {
    const key = live.keyOf(row);
    const values = {};
    for (const name of names) values[name] = row[name];
    values[KEY] = key;
    values[FLASH] = lit.get(key)?.mark ?? 0;
    return { key, values, ...authors.get(key) };
  };

  const stops = [
    live.on("change", ({ keys, reloaded }) => {
      // A row that appears with everything else did not change.
      if (!reloaded || keys.size < 50) for (const key of keys) lit.set(key, { at: Date.now(), mark: ++count });
      draw();
    }),
    live.on("error", () => show({ rows: live.loaded ? live.rows.map(shape) : null, error: live.error })),
    hub().on("data_change", ({ changes, by, at }) => {
      if (!by) return;
      for (const change of changes ?? []) {
        if (change.table === table.name) authors.set(live.keyOf(change.key), { by: by.username, at });
      }
    }),
  ];
  if (live.loaded) draw();
  return { close() { stops.forEach((stop) => stop()); live.close(); } };
}
