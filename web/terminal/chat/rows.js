// Messages as rows: days between them, a line where the new ones begin, the sender's name once per run. Pure.

const RUN_MS = 5 * 60_000;

/** The same for a message of one's own before and after the hub has answered. */
export const keyOfMessage = ({ client_id: client, id, sender }) => (client ? `c${sender?.id}/${client}` : `m${id}`);

export function timelineRows(messages, { newFrom, isMine, day }) {
  const rows = [];
  let before = null, lastDay = null, lined = false;
  for (const message of messages) {
    const today = new Date(message.created_at).toDateString();
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
    const first = !before || before.sender?.id !== message.sender?.id || new Date(message.created_at) - new Date(before.created_at) > RUN_MS;
    rows.push({ key: keyOfMessage(message), message, first });
    before = message;
  }
  return rows;
}
