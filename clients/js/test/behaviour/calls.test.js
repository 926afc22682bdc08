/** Calls: ringing, seats, guests and signals, as far as the hub carries them. The media is tested in a browser. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { open } from "../../src/node/index.js";
import { TestHub, until } from "../support/hub.js";
import { Proxy } from "../support/proxy.js";

const pack = fileURLToPath(new URL("../../../../apps/telemedicine", import.meta.url));

let hub;
before(async () => (hub = await TestHub.start({ arguments: ["--demo", "--app", pack] })));
after(() => hub.stop());

/** A doctor who calls a patient, and the ringing that the patient hears. */
async function ring({ guests = false, ...options } = {}) {
  const [martin, jean] = [await hub.connect("martin", options), await hub.connect("jean")];
  const { id } = await martin.rooms.openDirect(jean.user.id);
  const rings = jean.calls.once("invite");
  const mine = await martin.calls.open(id, { guests });
  return { martin, jean, room: id, mine, theirs: await rings };
}

test("a call rings, is accepted, carries signals between the two, and ends for both", async () => {
  const { jean, mine, theirs } = await ring();
  assert.equal(theirs.id, mine.id);
  assert.ok(theirs.ringing);
  await theirs.accept();
  assert.equal(theirs.ringing, false);
  await until(() => mine.info.state === "active" && mine.others.length === 1);
  const [other] = mine.others;
  assert.equal(other.user_id, jean.user.id);
  // One side is polite, and each is told what it is.
  assert.notEqual(mine.others[0].polite, theirs.others[0].polite);
  const offered = theirs.once("signal", ({ type }) => type === "webrtc_offer");
  await mine.signal("webrtc_offer", { to: other.participant, sdp: "v=0" });
  const { from, sdp } = await offered;
  assert.deepEqual([from.participant, sdp], [mine.me.participant, "v=0"]);
  const answered = mine.once("signal", ({ type }) => type === "webrtc_answer");
  await theirs.signal("webrtc_answer", { to: from.participant, sdp: "v=0" });
  await answered;
  await theirs.setMedia({ audio: true, video: false });
  const ended = theirs.once("ended");
  await mine.end();
  assert.equal(await ended, "ended_by_host");
  await until(() => mine.isOver && jean.calls.list.length === 0);
});

test("a call that is declined stops ringing", async () => {
  const { mine, theirs } = await ring();
  await theirs.decline();
  assert.equal(theirs.ringing, false);
  await until(() => mine.isOver);
  assert.equal(mine.info.state, "declined");
});

test("the first terminal that accepts has the call, the other one stops ringing", async () => {
  const [martin, jean, second] = [await hub.connect("martin"), await hub.connect("jean"), await hub.connect("jean")];
  const { id } = await martin.rooms.openDirect(jean.user.id);
  const rings = [jean.calls.once("invite"), second.calls.once("invite")];
  const mine = await martin.calls.open(id, { media: "audio_only" });
  const [here, there] = await Promise.all(rings);
  const elsewhere = there.once("answered_elsewhere");
  await here.accept();
  await elsewhere;
  assert.equal(there.ringing, false);
  await mine.end();
});

test("a guest with the code waits in the lobby until he is let in", async () => {
  const { martin, mine, theirs } = await ring({ guests: true });
  await theirs.accept();
  assert.ok(mine.link.fullLink.startsWith(`${hub.url}/conference/`));
  const { token } = await martin.calls.join(mine.id, { code: mine.link.joinCode, name: "Maman" });
  const guest = open({ url: hub.url, token });
  try {
    await guest.online();
    const call = await until(() => guest.calls.get(mine.id));
    await until(() => mine.lobby.length === 1);
    assert.equal(mine.lobby[0].name, "Maman");
    assert.equal(call.me.state, "lobby");
    await mine.admit(mine.lobby[0].participant);
    await until(() => call.me.state === "joined");
    const ended = call.once("ended");
    await mine.end();
    await ended;
    await until(() => guest.status.status === "login_required");
  } finally {
    guest.close();
  }
  await assert.rejects(martin.calls.join(mine.id, { code: "00000000", name: "Personne" }), { code: "not_found" });
});

test("a seat is kept over a cut network, and signals that were under way come", async () => {
  const proxy = await Proxy.before(hub.port);
  try {
    const { martin, mine, theirs } = await ring({ url: proxy.url });
    await theirs.accept();
    await until(() => mine.others.length === 1);
    const seat = mine.info.you;
    const heard = mine.once("signal", ({ type }) => type === "webrtc_offer");
    proxy.down();
    await until(() => theirs.others[0]?.state === "away");
    await theirs.signal("webrtc_offer", { to: seat, sdp: "v=0" });
    proxy.up();
    await martin.online();
    assert.equal((await heard).sdp, "v=0");
    await until(() => mine.me?.state === "joined");
    assert.equal(mine.info.you, seat);
    await mine.end();
  } finally {
    proxy.close();
  }
});
