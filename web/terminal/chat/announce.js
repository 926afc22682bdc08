// A message that comes while one looks elsewhere: a toast, a sound where wanted, and a line for screen readers.
import { t } from "../../shared/i18n.js";
import { errorText } from "../../shared/components/states.js";
import { say, toast } from "../../shared/components/toast.js";
import { hub } from "../../shared/hub.js";
import { go, route } from "../route.js";
import { ring } from "../notices/sound.js";
import { callTrace, isMine, roomName, senderName, summary } from "./naming.js";

/** Starts; the answer ends it. */
export function announceMessages() {
  return hub().on("new_message", ({ room: id, message }) => {
    const room = hub().rooms.get(id);
    if (!room || isMine(message) || message.deleted || Date.now() - new Date(message.created_at) > 60_000) return;
    const call = callTrace(message);
    if (call && !call.missed) return; // whoever was there knows
    const line = t("chat.said", { name: senderName(message), text: summary(message).slice(0, 140) });
    const urgent = message.priority === "urgent";
    say(urgent ? `${t("chat.priority.urgent")}. ${line}` : line);
    const [view, shown] = route.get();
    if ((view ?? "chat") === "chat" && Number(shown) === id && !document.hidden) return;
    ring(urgent ? "urgent" : "soft");
    const actions = [{ text: t("chat.reply"), run: () => go("chat", id) }];
    if (message.needs_ack) actions.unshift({ text: t("chat.ack"), run: () => hub().rooms.timeline(id).acknowledge(message.id).catch((error) => toast({ text: errorText(error), kind: "danger" })) });
    const [title, text] = room.kind === "direct" ? [senderName(message), summary(message).slice(0, 140)] : [roomName(room), line];
    toast({ title, text, about: `room ${id}`, kind: urgent ? "danger" : "", mark: urgent && t("chat.priority.urgent"), actions, ms: urgent && message.needs_ack ? 0 : undefined });
  });
}
