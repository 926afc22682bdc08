/** Calls that the hub does not know any more, as after its restart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openFake } from "../support/fake-hub.js";
import { until } from "../support/hub.js";

const participants = [{ participant: 1, user_id: 1, name: "Awa", state: "joined", host: true, guest: false, media: {} }];
const state = { type: "call_state", call_id: 7, room: 12, state: "active", reason: null, you: 1, ringing: false, participants };

/** A hub that is in a call; requests wait for the test's answer. */
async function inCall() {
  const fake = await openFake({ answers: false });
  fake.socket.say(state);
  const call = await until(() => fake.hub.calls.get(7));
  const asked = (type) => until(() => fake.sent.find((frame) => frame.type === type));
  const unknown = async (type) => fake.state.socket.say({ type: "error", id: (await asked(type)).id, code: "not_found", message: "" });
  return { ...fake, call, asked, unknown };
}

test("hanging up leaves at once, also a call that the hub does not know", async () => {
  const { hub, socket, call, unknown, close } = await inCall();
  try {
    const done = call.hangUp();
    assert.equal(call.me, undefined);
    socket.say(state); // sent before the hub heard it
    assert.equal(call.me, undefined);
    await unknown("call_hangup");
    await done;
    assert.ok(call.isOver);
    assert.deepEqual(hub.calls.list, []);
  } finally {
    close();
  }
});

test("a call that is unknown after a reconnect is over", async () => {
  const { hub, socket, call, accept, unknown, close } = await inCall();
  try {
    const ended = call.once("ended");
    socket.end(1006);
    await accept(2);
    await unknown("call_accept");
    assert.equal(await ended, "gone");
    assert.deepEqual(hub.calls.list, []);
  } finally {
    close();
  }
});

test("a hang-up without a connection is told after the reconnect", async () => {
  const { socket, state: now, call, accept, asked, sent, close } = await inCall();
  try {
    socket.end(1006);
    await call.hangUp();
    assert.equal(call.me, undefined);
    await accept(2);
    const { id, participant } = await asked("call_accept");
    assert.equal(participant, 1);
    now.socket.say({ type: "result", id, call: state, participant: 1 });
    await until(() => sent.some(({ type }) => type === "call_hangup"));
    assert.equal(call.me, undefined);
  } finally {
    close();
  }
});

test("an offer that comes before the media is there is heard when it is", async () => {
  const { socket, call, close } = await inCall();
  try {
    const from = { participant: 2, name: "Binta" };
    const candidates = { type: "webrtc_ice_candidates", call_id: 7, from, polite: true, candidates: [] };
    socket.say({ type: "webrtc_offer", call_id: 7, from, polite: true, sdp: "v=0" });
    socket.say({ type: "call_media", call_id: 7, from, audio: true });
    const heard = [];
    call.on("signal", ({ type }) => heard.push(type));
    socket.say(candidates);
    await until(() => heard.length === 2);
    assert.deepEqual(heard, ["webrtc_offer", "webrtc_ice_candidates"]);
    const late = [];
    call.on("signal", ({ type }) => late.push(type));
    socket.say(candidates);
    await until(() => late.length === 1);
  } finally {
    close();
  }
});
