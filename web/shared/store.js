// A value that views follow. `set` with the same value wakes nobody; waking is once per animation frame.
import { useState, useEffect } from "./view.js";

/**
 * @template T
 * @param {T} initial
 */
export function store(initial) {
  let value = initial;
  const listeners = new Set();
  return {
    get: () => value,
    /** @param {T | ((old: T) => T)} next */
    set(next) {
      const changed = typeof next === "function" ? next(value) : next;
      if (Object.is(changed, value)) return;
      value = changed;
      for (const listener of [...listeners]) listener(value);
    },
    /** @param {(value: T) => void} listener @returns {() => void} ends it */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The store's value, or what `select` makes of it, current in a component. */
export function useStore(source, select = (value) => value) {
  const [value, setValue] = useState(() => select(source.get()));
  useEffect(() => {
    const follow = (next) => setValue(() => select(next));
    follow(source.get());
    return source.subscribe(follow);
  }, [source]);
  return value;
}

/** Calls `run` at most once per animation frame, however often it is asked. A hidden page gets a timer instead. */
export function perFrame(run) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const go = () => { waiting = false; run(); };
    if (document.hidden) setTimeout(go, 250);
    else requestAnimationFrame(go);
  };
}

/**
 * What `read()` gives, current in a component, read again (once per frame) after each of these events of an emitter.
 * @param {{ on(name: string, listener: () => void): () => void } | null | undefined} source
 */
export function useEvents(source, events, read) {
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!source) return;
    const again = perFrame(() => redraw((n) => n + 1));
    const stops = events.map((name) => source.on(name, again));
    again();
    return () => stops.forEach((stop) => stop());
  }, [source]);
  return source ? read(source) : undefined;
}
