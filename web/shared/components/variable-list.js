// A long list of rows of different heights, newest below: only those in view are drawn. Keeps the place where one reads
// when rows are put above or change their height, and stays at the end while one is at the end.
import { html, useLayoutEffect, useRef, useState } from "../view.js";

const OVERSCAN = 500; // px drawn above and below the view
const NEAR_TOP = 600; // px
const AT_END = 48; // px

/**
 * `items` with `keyOf(item)`, drawn by `render(item)`. `onNearTop`: older ones are wanted. `onEnd(boolean)`: whether one is at the end.
 * `aim`: { key }, a new object each time, scrolls there. `toEnd`: a number; when it rises, the list goes to its end.
 */
export function VariableList({ items, keyOf, render, estimate = 60, onNearTop, onEnd, aim, toEnd, class: more = "", ...rest }) {
  const box = useRef(), window_ = useRef();
  const state = useRef({ heights: new Map(), anchor: null, atEnd: true, aim: null, toEnd: 0 }).current;
  const [view, setView] = useState({ top: Infinity, height: 700 });
  const [, redraw] = useState(0);

  const offsets = new Float64Array(items.length + 1);
  for (let i = 0; i < items.length; i++) offsets[i + 1] = offsets[i] + (state.heights.get(keyOf(items[i])) ?? estimate);
  const total = offsets[items.length];
  const top = Math.min(view.top, Math.max(0, total - view.height));
  const first = Math.max(0, indexAt(offsets, top - OVERSCAN));
  const last = Math.min(items.length, indexAt(offsets, top + view.height + OVERSCAN) + 1);

  // After each drawing: take the heights, then put the scroll position where the reader was.
  useLayoutEffect(() => {
    const element = box.current;
    let changed = false;
    const drawn = window_.current.children;
    for (let i = 0; i < drawn.length; i++) {
      const key = keyOf(items[first + i]);
      const height = drawn[i].getBoundingClientRect().height;
      if (Math.abs((state.heights.get(key) ?? 0) - height) > 0.5) {
        state.heights.set(key, height);
        changed = true;
      }
    }
    if (toEnd !== state.toEnd) { state.toEnd = toEnd; state.atEnd = true; state.anchor = null; }
    if (aim && aim !== state.aim) {
      const at = items.findIndex((item) => keyOf(item) === aim.key);
      if (at >= 0) {
        state.aim = aim;
        state.atEnd = false;
        state.anchor = { key: aim.key, delta: -element.clientHeight / 3 };
      }
    }
    if (state.atEnd) element.scrollTop = element.scrollHeight;
    else if (state.anchor) {
      const at = items.findIndex((item) => keyOf(item) === state.anchor.key);
      if (at >= 0) {
        let offset = 0;
        for (let i = 0; i < at; i++) offset += state.heights.get(keyOf(items[i])) ?? estimate;
        const wanted = offset + state.anchor.delta;
        if (Math.abs(element.scrollTop - wanted) > 1) element.scrollTop = wanted;
      }
    }
    if (element.scrollTop !== view.top || element.clientHeight !== view.height) setView({ top: element.scrollTop, height: element.clientHeight });
    else if (changed) redraw((n) => n + 1);
  });

  useLayoutEffect(() => {
    const element = box.current;
    const observer = new ResizeObserver(() => {
      if (state.atEnd) element.scrollTop = element.scrollHeight;
      redraw((n) => n + 1);
    });
    observer.observe(element);
    observer.observe(window_.current);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const element = box.current;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END;
    if (atEnd !== state.atEnd) { state.atEnd = atEnd; onEnd?.(atEnd); }
    const at = Math.min(indexAt(offsets, element.scrollTop), items.length - 1);
    state.anchor = at >= 0 ? { key: keyOf(items[at]), delta: element.scrollTop - offsets[at] } : null;
    if (element.scrollTop < NEAR_TOP) onNearTop?.();
    setView({ top: element.scrollTop, height: element.clientHeight });
  };

  return html`<div ref=${box} class=${`scroll ${more}`} tabindex="0" onScroll=${onScroll} ...${rest}>
    <div style=${{ blockSize: `${offsets[first]}px` }}></div>
    <div ref=${window_}>${items.slice(first, last).map((item) => html`<div key=${keyOf(item)}>${render(item)}</div>`)}</div>
    <div style=${{ blockSize: `${Math.max(0, total - offsets[last])}px` }}></div>
  </div>`;
}

/** The row at `y`: the last whose offset is at or above it. */
function indexAt(offsets, y) {
  let low = 0, high = offsets.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (offsets[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}
