import { html, render } from "../shared/view.js";
import "../shared/words.js";
import { Loading } from "../shared/components/states.js";

render(html`<main><h1>Comptoir</h1><${Loading} /></main>`, document.getElementById("app"));
