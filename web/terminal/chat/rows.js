// Messages as rows: days between them, a line where the new ones begin, the sender's name once per run, and a row for each
// stretch of the room that is not here yet. Pure.

const RUN_MS = 5 * 60_000;
/** What a message takes in the mean, px; and no row is higher than browsers can draw. */
const USUAL = 56, HIGHEST = 12_000_000;

/** The same for a message of one's own before and after the hub has answered. */
export const keyOfMessage = ({ client_id: client, id, sender }) => (client ? `c${sender?.id}/${client}` : `m${id}`);

/** What is worked out of a message once: a room may have a hundred thousand. */
const known = new WeakMap();
function facts(message) {
  let found = known.get(message);
  if (!found) {
    const date = new Date(message.created_at);
    found = { at: date.getTime(), today: date.toDateString(), key: keyOfMessage(message) };
    known.set(message, found);
  }
  return found;
}

/** `gaps`: [{ after, before }], seqs between which messages are missing. */
export function timelineRows(messages, { gaps = [], newFrom, isMine, day }) {
  const rows = [];
  let before = null, lastDay = null, lined = false, gap = 0;
  for (const message of messages) {
    const { at, today, key } = facts(message);
    if (gap < gaps.length && message.seq !== null && message.seq >= gaps[gap].before) {
      const { after, before: end } = gaps[gap++];
      rows.push({ key: `gap ${after} ${end}`, gap: { after, before: end }, height: Math.min((end - after - 1) * USUAL, HIGHEST) });
      before = null;
    }
    if (today !== lastDay) {
      rows.push({ key: `day ${today}`, day: day(message.created_at) });
      lastDay = today;
      before = null;
    }
    if (!lined && message.seq > newFrom && !isMine(message)) {
      rows.push({ key: "new", newLine: true });
      lined = true;
      before = null;
    }
    const first = !before || before.sender?.id !== message.sender?.id || at - facts(before).at > RUN_MS;
    rows.push({ key, message, first });
    before = message;
  }
  return rows;
}
