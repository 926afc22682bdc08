// Our own icons, drawn on a 24 × 24 grid with a stroke. To add one, add its paths.
import { html } from "../view.js";

const paths = {
  chat: "M4 5h16v11H9l-5 4z",
  table: "M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4",
  send: "M4 12 20 4l-5 16-3.5-6.5zM11.5 13.5 20 4",
  clip: "m19 11-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4l8-8a3 3 0 0 1 4.3 4.3l-7.7 7.7a1.5 1.5 0 0 1-2.2-2.2L14 7.5",
  mic: "M9 5a3 3 0 0 1 6 0v6a3 3 0 0 1-6 0zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  "mic-off": "M9 9V5a3 3 0 0 1 6 0v5m-.7 3A3 3 0 0 1 9 11M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11c0 .8-.1 1.5-.4 2.2M12 17.5V21M4 3l16 18",
  camera: "M3 7h12v10H3zM15 11l6-3v8l-6-3",
  "camera-off": "M7 7h8v7M15 11l6-3v8l-4-2M14.5 17H3V7.5M3 3l18 18",
  screen: "M3 5h18v11H3zM8 20h8M12 16v4M12 13V8.5m-2.5 2L12 8l2.5 2.5",
  phone: "M6 3h3.5l1.5 5-2.2 1.5a11 11 0 0 0 5.7 5.7L16 13l5 1.5V18a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z",
  hangup: "M2.5 14.5c5.2-5.3 13.8-5.3 19 0l-2.8 3-3.7-2v-2.4a11 11 0 0 0-6 0v2.4l-3.7 2z",
  shrink: "M9 4v5H4M15 20v-5h5M3.5 3.5 9 9M20.5 20.5 15 15",
  grow: "M4 9V4h5M20 15v5h-5M4 4l6 6M20 20l-6-6",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3 20 20",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5 10 17.5 19 7",
  "check-all": "M2.5 12.5 7 17l8.5-10M11 15.5l1.5 1.5L21.5 7",
  reply: "M10 6 4 12l6 6M4 12h9a7 7 0 0 1 7 7",
  edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
  trash: "M5 7h14M10 4h4M7 7l1 13h8l1-13M10.5 11v5.5M13.5 11v5.5",
  smile: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM8.5 14a4 4 0 0 0 7 0M9 9.5v.5M15 9.5v.5",
  more: "M12 6v.01M12 12v.01M12 18v.01",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5.5M12 7.5v.01",
  alert: "M12 4 2.5 20h19zM12 10v5M12 17.5v.01",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20a7.5 7.5 0 0 1 15 0",
  users: "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 19a6.5 6.5 0 0 1 13 0M15.5 5.5a3.5 3.5 0 0 1 0 6.3M18 14a6.5 6.5 0 0 1 3.5 5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  logout: "M14 4H5v16h9M10 12h11M17.5 8.5 21 12l-3.5 3.5",
  play: "M7 5l12 7-12 7z",
  pause: "M8 5v14M16 5v14",
  stop: "M7 7h10v10H7z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  run: "M7 5l12 7-12 7z",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  moon: "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z",
  globe: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM3.5 12h17M12 3.5c5 5 5 12 0 17M12 3.5c-5 5-5 12 0 17",
  sound: "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  "sound-off": "M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM16 9.5l5 5M21 9.5l-5 5",
  refresh: "M20 12a8 8 0 1 1-2.5-5.8M20 3.5v4.5h-4.5",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7L12 17",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  function: "M14.5 4c-2.5 0-3 2-3.3 4L9.5 17c-.3 2-1 3-3 3M7.5 10h7M15 13l4.5 6M19.5 13 15 19",
  code: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
  pin: "M12 21v-6M7 4h10l-1 5 2.5 4v2h-13v-2L8 9z",
  hub: "M4 10h16l-1.5-5h-13zM5.5 10v9h13v-9M10 19v-5h4v5",
  gauge: "M4 18a8.5 8.5 0 1 1 16 0M12 15l4-5.5M12 15v.01",
  shield: "M12 3.5 5 6v6c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6z",
  server: "M4 4.5h16v6H4zM4 13.5h16v6H4zM7.5 7.5v.01M7.5 16.5v.01",
  book: "M5 4h6a2 2 0 0 1 1 .5A2 2 0 0 1 13 4h6v15h-6l-1 1-1-1H5zM12 4.5V20",
  disk: "M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6",
  network: "M9 3.5h6v5H9zM3 15.5h6v5H3zM15 15.5h6v5h-6zM12 8.5V12M6 15.5V12h12v3.5",
};

/** Icons that point somewhere turn round in right-to-left languages. */
const mirrors = new Set(["send", "reply", "back", "next", "logout", "play", "run", "sound", "sound-off", "check-all"]);

/** Decoration beside a text or a label: hidden from screen readers. */
export function Icon({ name, small = false }) {
  return html`<svg class=${`icon${small ? " small" : ""}${mirrors.has(name) ? " mirrors" : ""}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <path d=${paths[name] ?? paths.info} />
  </svg>`;
}

/** The sign of the house: a counter with its awning. */
export function Mark() {
  return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="7" fill="#0b6b70" />
    <path d="M6 13h20l-2.5-6h-15z" fill="#fff" />
    <path d="M8 15v10h16V15M8 20h16" fill="none" stroke="#fff" stroke-width="2" stroke-linejoin="round" />
  </svg>`;
}
