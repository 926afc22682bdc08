// The hub's administration, and what views need to ask it.
import { useEffect, useRef, useState } from "../shared/view.js";
import { hub } from "../shared/hub.js";
import { toast } from "../shared/components/toast.js";
import { errorText } from "../shared/components/states.js";

export const get = (path) => hub().http("GET", `/api/admin/${path}`);
export const post = (path, body = {}) => hub().http("POST", `/api/admin/${path}`, { body });
export const patch = (path, body) => hub().http("PATCH", `/api/admin/${path}`, { body });
export const remove = (path) => hub().http("DELETE", `/api/admin/${path}`);

/**
 * What `ask` answers: `{ data, error, reload }`. Asked again where `keys` change, and every `everyMs` while the page
 * is in view; what was there stays until the new is, so that nothing jumps.
 */
export function useAnswer(ask, keys = [], everyMs = 0) {
  const [answer, setAnswer] = useState({ data: undefined, error: null });
  const turn = useRef(0);
  const reload = async () => {
    const mine = ++turn.current;
    try {
      const data = await ask();
      if (mine === turn.current) setAnswer({ data, error: null });
    } catch (error) {
      if (mine === turn.current) setAnswer((old) => ({ data: old.data, error }));
    }
  };
  useEffect(() => {
    reload();
    if (!everyMs) return () => { turn.current++; };
    const timer = setInterval(() => { if (!document.hidden) reload(); }, everyMs);
    return () => { turn.current++; clearInterval(timer); };
  }, keys);
  return { ...answer, reload };
}

/** Does something for a button: busy meanwhile, a toast where it fails. Answers whether it was done. */
export function useAct() {
  const [busy, setBusy] = useState(false);
  const act = async (run, done) => {
    setBusy(true);
    try {
      await run();
      if (done) toast({ text: done });
      return true;
    } catch (error) {
      toast({ text: errorText(error), kind: "danger" });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return [busy, act];
}
