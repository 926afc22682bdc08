// Where one is stands after the # of the address, so that a reload and the back button keep it: #/audit.
import { store } from "../shared/store.js";

function read() {
  try {
    return location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return [];
  }
}
export const route = store(read());
addEventListener("hashchange", () => route.set(read()));
