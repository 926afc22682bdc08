import { useEffect, useRef, useState } from "../view.js";

/** The state of a menu: closes at Escape, at a press elsewhere and when the focus leaves; arrows move in it. */
export function useMenu() {
  const [open, setOpen] = useState(false);
  const box = useRef(), list = useRef();
  const close = () => { if (box.current?.contains(document.activeElement)) box.current.querySelector("button")?.focus(); setOpen(false); };
  useEffect(() => {
    if (!open) return;
    const items = () => [...(list.current?.querySelectorAll("button, a, select") ?? [])];
    items()[0]?.focus({ preventScroll: true });
    const onKey = (event) => {
      if (event.key === "Escape") { event.stopPropagation(); close(); return; }
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step || event.target.tagName === "SELECT") return;
      event.preventDefault();
      const all = items();
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length]?.focus();
    };
    const onPress = (event) => { if (!box.current?.contains(event.target)) setOpen(false); };
    const onLeave = (event) => { if (event.relatedTarget && !box.current?.contains(event.relatedTarget)) setOpen(false); };
    const element = box.current;
    element.addEventListener("keydown", onKey);
    element.addEventListener("focusout", onLeave);
    document.addEventListener("pointerdown", onPress);
    return () => {
      element.removeEventListener("keydown", onKey);
      element.removeEventListener("focusout", onLeave);
      document.removeEventListener("pointerdown", onPress);
    };
  }, [open]);
  return { open, box, list, close, toggle: () => setOpen((was) => !was) };
}
