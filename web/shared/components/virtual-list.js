// Lists that draw only what is in view. Rows may have different heights: they are measured as they come into view.
import { html, useRef, useState, useLayoutEffect, useEffect } from "../view.js";

/**
 * A list of equal rows: `rowHeight` px each. Draws those in view and a few around.
 * `render(item, index)` returns a row; the list is the scroller.
 */
export function FixedList({ items, rowHeight, render, keyOf, class: more = "", header, footer, ...rest }) {
  const ref = useRef();
  const [view, setView] = useState({ top: 0, height: 600 });
  useLayoutEffect(() => {
    const box = ref.current;
    const measure = () => setView({ top: box.scrollTop, height: box.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    let waiting = false;
    const onScroll = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; measure(); });
    };
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => { observer.disconnect(); box.removeEventListener("scroll", onScroll); };
  }, []);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - 8);
  const last = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + 8);
  const visible = items.slice(first, last);
  return html`<div ref=${ref} class=${`scroll ${more}`} tabindex="0" ...${rest}>
    ${header}
    <div style=${{ position: "relative", blockSize: `${items.length * rowHeight}px` }} role="presentation">
      <div role="presentation" style=${{ position: "absolute", insetInline: 0, insetBlockStart: `${first * rowHeight}px` }}>
        ${visible.map((item, i) => html`<${Row} key=${keyOf(item)} item=${item} index=${first + i} render=${render} />`)}
      </div>
    </div>
    ${footer}
  </div>`;
}
const Row = ({ item, index, render }) => render(item, index);

/** Wakes at each change of an element's size. */
export function useSize(ref) {
  const [size, set] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => set({ width: entry.contentRect.width, height: entry.contentRect.height }));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return size;
}
