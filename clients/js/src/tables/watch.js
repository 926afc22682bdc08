/** For what is more than one table: runs something again whenever one of the tables changed. */
import { listenToChanges } from "./changes.js";

/**
 * Runs `act` now, and again after changes; never twice at a time, and once for all the changes that came meanwhile.
 * @param {import("../emitter.js").Emitter} events
 * @param {{ tables: string[], signal?: AbortSignal, onError: (error: unknown) => void }} options
 * @param {() => Promise<void>} act
 * @returns {import("../emitter.js").Stop}
 */
export function watch(events, { tables, signal, onError }, act) {
  let running = false;
  let again = false;
  let stopped = false;
  const run = async () => {
    again = running;
    if (running || stopped) return;
    running = true;
    await act().catch(onError);
    running = false;
    if (again) void run();
  };
  const stopListening = listenToChanges(events, { tables }, () => void run());
  const stop = () => {
    stopped = true;
    stopListening();
  };
  signal?.addEventListener("abort", stop, { once: true });
  void run();
  return stop;
}
