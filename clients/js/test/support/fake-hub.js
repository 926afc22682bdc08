/** A hub that is played by the test: tokens are given, sockets are `FakeSocket`s, answers are empty. */
import { readFileSync } from "node:fs";
import { memoryTokens, open } from "../../src/index.js";
import { FakeSocket } from "./fake-socket.js";

const events = JSON.parse(readFileSync(new URL("../../../../tests/golden/events.json", import.meta.url), "utf8"));
export const welcome = events.find(({ type }) => type === "welcome");

/** @param {object} [options] `answers`: whether requests are answered by themselves */
export async function openFake({ answers = true, ...options } = {}) {
  const sent = [];
  const sockets = [];
  const state = { socket: null, renewals: 0 };
  const WebSocket = function (address, protocols) {
    const socket = new FakeSocket();
    Object.assign(socket, { address, protocols });
    socket.onsent = (frame) => {
      sent.push(frame);
      if (answers) queueMicrotask(() => socket.say({ type: "result", id: frame.id, ...EMPTY }));
    };
    state.socket = socket;
    sockets.push(socket);
    return socket;
  };
  const hub = open({
    url: "http://hub.test/",
    token: () => `token-${++state.renewals}`,
    tokens: memoryTokens(),
    transports: ["websocket"],
    fetch: async () => new Response("{}", { status: 503 }),
    WebSocket,
    backoff: { baseMs: 1, capMs: 1 },
    ...options,
  });
  const next = async (count) => {
    while (sockets.length < count) await new Promise((resolve) => setTimeout(resolve, 1));
    return sockets[count - 1];
  };
  /** The socket with this number, welcomed. */
  const accept = async (count) => {
    const socket = await next(count);
    socket.open();
    socket.say(welcome);
    return socket;
  };
  const socket = await accept(1);
  await hub.online();
  return { hub, sent, sockets, socket, state, next, accept, close: () => hub.close() };
}

const CALL = { call_id: 7, room: 12, state: "active", participants: [] };
const PEOPLE = { rooms: [], users: [], messages: [], message: { id: null }, room: { id: 12 }, notifications: [], unread: 0 };
const EMPTY = { rows: [], columns: [], results: [], data: null, ...PEOPLE, call_id: 7, participant: 1, call: CALL };
