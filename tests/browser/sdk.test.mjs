// The SDK in a real browser, apart from the pages: media of a call, and what a reload keeps.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { Browser, Hub } from "./support.mjs";

let hub, browser;
before(async () => { hub = await Hub.start(); browser = await Browser.start(); });
after(async () => { await browser?.close(); await hub?.stop(); });

for (const late of [false, true]) test(`two ends of a call see each other move, ${late ? "also where one's camera comes after the other's offer" : "also when both offer at once"}`, async () => {
  const page = await browser.terminal(hub);
  const seen = await page.evaluate(async (late) => {
    const { CallPeers } = await import("/sdk/people/call-peers.js");
    const { Call } = await import("/sdk/people/calls.js");
    const ends = {};
    /** One end of a call; what it signals reaches the other a little later, as through a hub. */
    const end = (you, delay) => {
      const participants = [1, 2].map((n) => ({ participant: n, name: `${n}`, state: "joined", host: n === 1, guest: false, media: {}, ...(n === you ? {} : { polite: you > n }) }));
      const once = async ({ type, to, ...members }) => {
        await new Promise((resolve) => setTimeout(resolve, delay));
        if (to) ends[to].heard({ type, from: { participant: you }, polite: to > you, ...members });
        if (to) offered();
        return {};
      };
      ends[you] = new Call({ call_id: 1, media: "audio_video", state: "active", reason: null, host: {}, you, ringing: false, participants }, { once });
      return ends[you];
    };
    const media = () => navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    const failures = [];
    let offered;
    const first = new Promise((resolve) => { offered = resolve; });
    const peers = await Promise.all([end(1, 30), end(2, 45)].map(async (call, at) => {
      const stream = await media();
      // A camera may be late: where `late`, the offer is there before it.
      if (late && at === 1) await first;
      const one = new CallPeers(call, { stream });
      one.on("error", (error) => failures.push(String(error)));
      return one;
    }));
    /** Draws what comes until it has changed. */
    const moves = async (stream) => {
      const video = Object.assign(document.createElement("video"), { muted: true, srcObject: stream });
      await video.play();
      const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      const picture = () => (context.drawImage(video, 0, 0, 64, 48), context.getImageData(0, 0, 64, 48).data.join());
      const first = picture();
      for (let tries = 0; tries < 600 && picture() === first; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
      return picture() !== first;
    };
    const until = async (holds) => {
      for (let tries = 0; tries < 600 && !holds(); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
      return holds();
    };
    const [one, two] = peers;
    await until(() => one.streamOf(2)?.getVideoTracks().length && two.streamOf(1)?.getVideoTracks().length);
    const moved = [await moves(one.streamOf(2)), await moves(two.streamOf(1))];
    const screen = () => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d").fillRect(0, 0, 8, 8);
      return canvas.captureStream(5).getVideoTracks()[0];
    };
    await Promise.all(peers.map((end) => end.show("screen", screen())));
    const both = await until(() => one.streamOf(2).getTracks().length === 3 && two.streamOf(1).getTracks().length === 3);
    peers.forEach((end) => end.close());
    return { moved, both, failures };
  }, late);
  await page.context().close();
  assert.deepEqual(seen, { moved: [true, true], both: true, failures: [] });
});

test("writes made while the hub was away outlive a reload, and happen once", async () => {
  const page = await browser.terminal(hub);
  await page.evaluate(async () => {
    const { connect } = await import("/sdk/index.js");
    window.client = await connect({ login: { username: "awa", password: "demo" } });
  });
  await hub.kill();
  await page.evaluate(async () => {
    const names = Array.from({ length: 10 }, (_, n) => `recharge ${n}`);
    for (const nom of names) window.client.query("INSERT INTO clients(nom) VALUES (?)", [nom]).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve));
    await window.client.outbox.kept();
  });
  await hub.run();
  await page.reload();
  const found = await page.evaluate(async () => {
    const { connect } = await import("/sdk/index.js");
    const client = await connect({});
    await client.outbox.ready();
    while (client.outbox.length > 0) await client.outbox.once("change");
    const rows = await client.objects("SELECT nom FROM clients WHERE nom LIKE 'recharge %' ORDER BY id");
    const kept = JSON.stringify([Object.entries(localStorage), location.href]);
    client.close();
    return { names: rows.map(({ nom }) => nom), kept };
  });
  assert.deepEqual(found.names, Array.from({ length: 10 }, (_, n) => `recharge ${n}`));
  assert.ok(!found.kept.includes("eyJ"), "no token in localStorage or the address");
});
