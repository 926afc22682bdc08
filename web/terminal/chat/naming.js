// What a room is called and how it is shown.
import { t } from "../../shared/i18n.js";
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

/** One line of a message, for lists and quotes. */
export function summary(message) {
  if (message.deleted) return t("chat.deleted");
  if (message.kind === "audio") return t("voice.note");
  if (message.kind === "image") return message.content || t("chat.photo");
  if (message.kind === "file") return message.content || message.file?.name || "";
  return message.content;
}
