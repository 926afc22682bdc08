// Parts of a page that are loaded when they are first drawn: the first view stays light.
import { html, useEffect, useState } from "./view.js";
import { Failed } from "./components/states.js";

/** Runs when the page has nothing better to do. */
export function later(run) {
  if (globalThis.requestIdleCallback) requestIdleCallback(run, { timeout: 3000 });
  else setTimeout(run, 500);
}

/** `load`: () => import("./part.js"). Draws `name` of it; `meanwhile` until it is here. */
export function lazy(load, name, meanwhile = null) {
  let part = null;
  const Lazy = (props) => {
    const [, redraw] = useState(0);
    const [error, setError] = useState(null);
    const fetch = () => {
      setError(null);
      load().then((module) => { part = module[name]; redraw((n) => n + 1); }, () => setError({ code: "network" }));
    };
    // It may have come since this was drawn.
    useEffect(() => { if (part) redraw(1); else fetch(); }, []);
    if (part) return html`<${part} ...${props} />`;
    return error ? html`<${Failed} error=${error} onRetry=${() => location.reload()} />` : meanwhile;
  };
  /** Fetches it before it is needed. */
  Lazy.ahead = () => void load().then((module) => { part = module[name]; }, () => {});
  return Lazy;
}
