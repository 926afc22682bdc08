/** When to tell the program: once for each drawn frame, however many changes there were. */

/** @param {() => void} act */
export function nextFrame(act) {
  if (typeof requestAnimationFrame === "undefined") return void setTimeout(act, 0);
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    act();
  };
  requestAnimationFrame(once);
  // Hidden pages draw nothing, and still count what is unread.
  setTimeout(once, 250);
}
