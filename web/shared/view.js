// The view library in one place: Preact, its hooks, and htm for templates without a build step
// (docs/decisions/0040). Text given to a template is always text, never markup.
import { h, render, Fragment, createContext } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export * from "../vendor/hooks.js";
export { h, render, Fragment, createContext };
export const html = htm.bind(h);
