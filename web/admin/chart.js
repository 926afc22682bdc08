// A live chart over uPlot: one heading, a legend with the newest values, the lines.
import uPlot from "./vendor/uplot.js";
import { html, useEffect, useRef } from "../shared/view.js";
import { number, time } from "../shared/i18n.js";

/** `at`: seconds since 1970; `series`: [{ label, values }] (at most five); `show(value)`: as text with its unit; `whole`: things that are counted. */
export function Chart({ title, at, series, from, whole = false, show = (value) => number(value, { maximumFractionDigits: 1 }) }) {
  const box = useRef(), plot = useRef(null);
  const shape = series.map(({ label }) => label).join("\n");
  const newest = (values) => {
    const value = values.findLast((one) => one !== null && one !== undefined);
    return value === undefined ? "–" : show(value);
  };
  const data = [at, ...series.map(({ values }) => values)];
  const latest = useRef();
  latest.current = { data, from, show };

  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      box.current.replaceChildren();
      plot.current = new uPlot(options(box.current, series.length, latest, whole), latest.current.data, box.current);
      rescale(plot.current, latest.current);
    };
    draw();
    const observer = new ResizeObserver(() => plot.current?.setSize(sizeOf(box.current)));
    observer.observe(box.current);
    // Colours are read from the design's tokens, which the theme changes.
    addEventListener("comptoir-look", draw);
    return () => {
      observer.disconnect();
      removeEventListener("comptoir-look", draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    if (!plot.current) return;
    plot.current.setData(data, false);
    rescale(plot.current, latest.current);
  }, [at, from, shape]);

  const spoken = `${title}: ${series.map(({ label, values }) => `${label} ${newest(values)}`).join(", ")}`;
  return html`<section class="card chart">
    <header><h2>${title}</h2><ul class="legend">${series.map(({ label, values }, i) => html`<li key=${label}>
      <span class=${`key s${i + 1}`}></span><span dir="auto">${label}</span> <b>${newest(values)}</b></li>`)}</ul></header>
    <div class="plot" ref=${box} role="img" aria-label=${spoken}></div>
  </section>`;
}

/** Seconds between two times on the axis: they are shown without seconds. */
const TIME_STEPS = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600];
const WHOLE_STEPS = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();

const sizeOf = (box) => ({ width: Math.max(box.clientWidth, 50), height: Math.max(box.clientHeight, 50) });

function rescale(plot, { data, from }) {
  const [at, ...lines] = data;
  const to = at.length ? at[at.length - 1] : Date.now() / 1000;
  let top = 0;
  for (const values of lines) for (let i = 0; i < values.length; i++) if (at[i] >= from && values[i] > top) top = values[i];
  plot.batch(() => {
    plot.setScale("x", { min: from, max: Math.max(to, from + 1) });
    plot.setScale("y", { min: 0, max: top > 0 ? top * 1.15 : 1 });
  });
}

function options(box, count, latest, whole) {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: token("--text-2"), font: `11px ${token("--font")}`, size: 24, gap: 4,
    grid: { stroke: token("--line"), width: 1 }, ticks: { show: false },
  };
  return {
    ...sizeOf(box),
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 }, sync: { key: "overview" } },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    axes: [
      { ...axis, space: 70, incrs: TIME_STEPS, values: (_, ticks) => ticks.map((at) => time(at * 1000)) },
      { ...axis, size: 58, space: 28, incrs: whole ? WHOLE_STEPS : undefined, values: (_, ticks) => ticks.map((value) => latest.current.show(value)) },
    ],
    series: [{}, ...Array.from({ length: count }, (_, i) => ({
      stroke: token(`--series-${i + 1}`), width: 1.75, spanGaps: true, points: { size: 4, width: 1 },
      fill: count === 1 ? `${token("--series-1")}22` : undefined,
    }))],
  };
}
