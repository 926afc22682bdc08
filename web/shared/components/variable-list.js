// A long list of rows of different heights, newest below: only those in view are drawn. Keeps the place where one reads
// when rows are put above or change their height, and stays at the end while one is at the end. A row may stand for many
// that are not here yet: it has the height that they will take, so that the scrollbar is true from the beginning.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../view.js";

const OVERSCAN = 500; // px drawn above and below the view
const AT_END = 48; // px

/**
 * `items` with `keyOf(item)`, drawn by `render(item)`. `onEnd(boolean)`: whether one is at the end.
 * `missing(item)`: how high what it stands for will be, px; 0 for a row as others. `onMissing(item, { from, to })`: that part
 * of it, 0 to 1, is in view. `holds(item)`: false for rows that may move among the others, as headings do. `aim`: { key, part? }, a new object each time, scrolls there. `toEnd`: when it rises, so to the end.
 */
export function VariableList({ items, keyOf, render, estimate = 60, missing = () => 0, holds = () => true, onMissing, onEnd, aim, toEnd, class: more = "", ...rest }) {
  const box = useRef(), window_ = useRef();
  const state = useRef({ heights: new Map(), rows: null, drawn: new Map(), anchor: null, top: 0, atEnd: true, aim: null, toEnd: 0 }).current;
  const [view, setView] = useState({ top: Infinity, height: 700 });
  const [, redraw] = useState(0);

  if (state.rows?.items !== items) state.rows = measured(items, (item) => missing(item) || (state.heights.get(keyOf(item)) ?? estimate), keyOf);
  const { offsets, index, sizes } = state.rows;
  const total = offsets[items.length];
  const top = Math.min(view.top, Math.max(0, total - view.height));
  const first = Math.max(0, indexAt(offsets, top - OVERSCAN));
  const last = Math.min(items.length, indexAt(offsets, top + view.height + OVERSCAN) + 1);

  // After each drawing: take the heights, then put the scroll position where the reader was.
  useLayoutEffect(() => {
    const element = box.current;
    let changed = items.length;
    const drawn = window_.current.children;
    for (let i = 0; i < drawn.length; i++) {
      if (missing(items[first + i])) continue;
      const height = drawn[i].getBoundingClientRect().height;
      if (Math.abs(sizes[first + i] - height) <= 0.5) continue;
      state.heights.set(keyOf(items[first + i]), height);
      sizes[first + i] = height;
      changed = Math.min(changed, first + i);
    }
    addUp(offsets, sizes, changed);
    // A wheel that turned since the last event was heard moved the reader on. (At the very end it may have been the list that shrank.)
    const moved = element.scrollTop - state.top;
    if (state.anchor && element.scrollTop < element.scrollHeight - element.clientHeight - 1) state.anchor.delta += moved;
    if (toEnd !== state.toEnd) { state.toEnd = toEnd; state.atEnd = true; state.anchor = null; }
    if (aim && aim !== state.aim && index.has(aim.key)) {
      state.aim = aim;
      state.atEnd = false;
      state.anchor = { key: aim.key, delta: -element.clientHeight * (aim.part ?? 1 / 3) };
    }
    if (state.atEnd) element.scrollTop = element.scrollHeight;
    else if (state.anchor && index.has(state.anchor.key)) {
      const wanted = offsets[index.get(state.anchor.key)] + state.anchor.delta;
      if (Math.abs(element.scrollTop - wanted) > 1) element.scrollTop = wanted;
    }
    state.top = element.scrollTop;
    if (element.scrollTop !== view.top || element.clientHeight !== view.height) setView({ top: element.scrollTop, height: element.clientHeight });
    else if (changed < items.length) redraw((n) => n + 1);
  });
  useEffect(() => {
    if (!onMissing) return;
    for (let i = first; i < last; i++) {
      const size = missing(items[i]);
      if (size) onMissing(items[i], { from: Math.max(0, (top - offsets[i]) / size), to: Math.min(1, (top + view.height - offsets[i]) / size) });
    }
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
    let at = Math.min(indexAt(offsets, element.scrollTop), items.length - 1);
    // What is not here yet holds nobody's place, nor does a heading that may move: the next row does, where one is in view.
    for (let next = at; next >= 0 && next < items.length && offsets[next] < element.scrollTop + element.clientHeight; next++) {
      if (missing(items[next]) || !holds(items[next])) continue;
      at = next;
      break;
    }
    state.top = element.scrollTop;
    state.anchor = at >= 0 ? { key: keyOf(items[at]), delta: element.scrollTop - offsets[at] } : null;
    setView({ top: element.scrollTop, height: element.clientHeight });
  };

  // A row that was drawn stays as it is while one only scrolls.
  const before = state.render === render && state.drawnItems === items ? state.drawn : new Map();
  state.render = render;
  state.drawnItems = items;
  state.drawn = new Map(items.slice(first, last).map((item) => {
    const key = keyOf(item), size = missing(item);
    return [key, before.get(key) ?? html`<div key=${key} style=${size ? { blockSize: `${size}px` } : null}>${render(item)}</div>`];
  }));
  return html`<div ref=${box} class=${`scroll ${more}`} tabindex="0" onScroll=${onScroll} ...${rest}>
    <div style=${{ blockSize: `${offsets[first]}px` }}></div>
    <div ref=${window_}>${[...state.drawn.values()]}</div>
    <div style=${{ blockSize: `${Math.max(0, total - offsets[last])}px` }}></div>
  </div>`;
}

/** Heights of rows, where each begins, and where each key stands. */
function measured(items, sizeOf, keyOf) {
  const sizes = Float64Array.from(items, sizeOf);
  const offsets = new Float64Array(items.length + 1);
  addUp(offsets, sizes, 0);
  return { items, sizes, offsets, index: new Map(items.map((item, i) => [keyOf(item), i])) };
}

function addUp(offsets, sizes, from) {
  for (let i = from; i < sizes.length; i++) offsets[i + 1] = offsets[i] + sizes[i];
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
