// What roles are called, in the language of the account.
import { get, useAnswer } from "./api.js";

/** `title(name)` and `names(list)`: as the app pack calls them, or as they are. */
export function useRoles() {
  const pack = useAnswer(() => get("pack")).data;
  const titles = new Map((pack?.roles ?? []).map(({ name, title }) => [name, title]));
  const title = (name) => titles.get(name) ?? name;
  return { title, names: (list) => list.map(title).join(", ") };
}
