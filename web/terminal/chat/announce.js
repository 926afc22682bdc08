// A message that comes while one looks elsewhere: a toast, a sound where wanted, and a line for screen readers.
import { t } from "../../shared/i18n.js";
import { say, toast } from "../../shared/components/toast.js";
import { hub } from "../../shared/hub.js";
import { go, route } from "../route.js";
import { ring } from "../notices/sound.js";
import { isMine, roomName, senderName, summary } from "./naming.js";

/** Starts; the answer ends it. */
export function announceMessages() {
  return hub().on("new_message", ({ room: id, message }) => {
    const room = hub().rooms.get(id);
    if (!room || isMine(message) || message.deleted || Date.now() - new Date(message.created_at) > 60_000) return;
    const line = t("chat.said", { name: senderName(message), text: summary(message).slice(0, 140) });
    say(line);
    const [view, shown] = route.get();
    if ((view ?? "chat") === "chat" && Number(shown) === id && !document.hidden) return;
    ring(message.priority === "urgent" ? "urgent" : "soft");
    toast({ title: room.kind === "direct" ? undefined : roomName(room), text: line, about: `room ${id}`, kind: message.priority === "urgent" ? "danger" : "", action: { text: t("chat.reply"), run: () => go("chat", id) } });
  });
}
