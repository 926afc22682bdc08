// The hub's memory of its metrics: asked for once, then only what is new.
import { useEffect, useState } from "../shared/view.js";
import { get } from "./api.js";

/** What the hub keeps of each span. */
const MOST = { hour: 720, day: 1_440 };
const EVERY_MS = { hour: 5_000, day: 60_000 };

/** `{ at, series, sessions }` with lists as long as `at`; `null` until the first answer. */
export function useHistory(span) {
  const [state, setState] = useState({ history: null, error: null });
  useEffect(() => {
    let ended = false, known = null;
    const ask = async () => {
      try {
        const since = known?.at.at(-1);
        const more = await get(`history?span=${span}${since ? `&since=${since}` : ""}`);
        if (ended) return;
        known = known ? join(known, more, MOST[span]) : more;
        setState({ history: known, error: null });
      } catch (error) {
        if (!ended) setState((old) => ({ ...old, error }));
      }
    };
    setState({ history: null, error: null });
    ask();
    const timer = setInterval(() => { if (!document.hidden) ask(); }, EVERY_MS[span]);
    return () => { ended = true; clearInterval(timer); };
  }, [span]);
  return state;
}

function join(old, more, most) {
  if (!more.at.length) return old;
  const [before, after] = [old.at.length, more.at.length];
  const drop = Math.max(0, before + after - most);
  const lists = (a, b) => Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) =>
    [name, [...(a[name] ?? Array(before).fill(0)), ...(b[name] ?? Array(after).fill(0))].slice(drop)]));
  return {
    at: [...old.at, ...more.at].slice(drop),
    series: lists(old.series, more.series),
    sessions: lists(old.sessions, more.sessions),
  };
}
