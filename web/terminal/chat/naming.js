// What a room is called and how it is shown.
import { duration, t } from "../../shared/i18n.js";
import { hub } from "../../shared/hub.js";
import { roleTitle } from "../account.js";

/** The other person of a direct room. */
export function otherOf(room) {
  return room.kind === "direct" ? room.members.find(({ user_id }) => user_id !== hub().user?.id) ?? room.members[0] : null;
}

export function roomName(room) {
  if (room.kind === "direct") return otherOf(room)?.display_name ?? "?";
  // The hub names these in the account's language; this device may speak another.
  if (room.kind === "everyone") return t("chat.everyone");
  if (room.kind === "role") return roleTitle(room.role, room.name);
  return room.name ?? "?";
}

export const isMine = (message) => message.sender?.id === hub().user?.id;
export const senderName = (message) => (isMine(message) ? t("chat.you") : message.sender?.display_name ?? message.sender?.username ?? "?");

/** What stays of a call, for whoever looks: he missed it, or it went so. Null: the message is of something else. */
export function callTrace(message) {
  const { type, id, media, state, duration_s: seconds, missed: who } = message.context ?? {};
  // People may write any context; such a `client_id` is the hub's alone.
  if (type !== "call" || message.client_id !== `call:${id}`) return null;
  const missed = Array.isArray(who) && who.includes(hub().user?.id);
  const how = missed ? t("chat.call.missed") : Number.isFinite(seconds) ? duration(seconds * 1000) : t(state === "declined" ? "chat.call.declined" : "chat.call.unanswered");
  return { missed, text: `${t(media === "audio_only" ? "chat.call.audio" : "chat.call.video")} · ${how}` };
}

/** One line of a message, for lists and quotes. */
export function summary(message) {
  if (message.deleted) return t("chat.deleted");
  const call = callTrace(message);
  if (call) return call.text;
  if (message.kind === "audio") return t("voice.note");
  if (message.kind === "image") return message.content || t("chat.photo");
  if (message.kind === "file") return message.content || message.file?.name || "";
  return message.content;
}
