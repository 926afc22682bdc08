//! What stays of a call in its room: a message of whoever opened it, which says how it went. It is new to whoever missed
//! the call, and to nobody else.

use serde_json::json;
use uuid::Uuid;

use super::{Doer, Draft, RoomsHandle};
use crate::{
    domain::Principal,
    protocol::{
        error::{Code, Result},
        people::{MessageKind, Priority},
    },
    store::hub::{
        calls::{self, CallRecord, Participant, RungEnd},
        users::{self, User},
    },
};

/// Calls told in one round.
const AT_ONCE: i64 = 50;

pub(super) async fn round(rooms: &RoomsHandle) -> Result<()> {
    let ledger = &rooms.parts().ledger;
    let untold = ledger.read(|conn| calls::untold(conn, AT_ONCE)).await?;
    let mut failed = Ok(());
    for (call, rung) in untold {
        match one(rooms, &call, &rung).await {
            Ok(()) => {}
            // Nothing that waiting would mend: the room is gone, or the opener used this `client_id` himself.
            Err(error) if matches!(error.code, Code::NotFound | Code::Conflict) => {
                tracing::debug!(%error, call = call.id, "no trace of a call");
            }
            // Another time; the others need not wait for it.
            Err(error) => {
                failed = Err(error);
                continue;
            }
        }
        let id = call.id;
        ledger.write(move |tx| calls::told(tx.conn, id)).await?;
    }
    failed
}

async fn one(rooms: &RoomsHandle, call: &CallRecord, rung: &RungEnd) -> Result<()> {
    let parts = rooms.parts();
    let (id, host) = (call.id, call.host_id);
    let (participants, host) = parts
        .ledger
        .read(move |conn| Ok((calls::participants(conn, id)?, users::by_id(conn, host)?)))
        .await?;
    // Of an account that is gone, or a role, nothing is written any more.
    let Some(host) = host else { return Ok(()) };
    let Some(role) = parts.accounts.roles().get(&host.role).cloned() else {
        return Ok(());
    };
    let joined = users_of(&participants);
    let draft = draft(call, &host, &joined, rung);
    let known = [&joined[..], &rung.declined, &[host.id]].concat();
    let who = Principal {
        user_id: host.id,
        username: host.username.as_str().into(),
        display_name: host.display_name.as_str().into(),
        lang: host.lang.as_str().into(),
        role,
        sid: Uuid::nil(),
        must_change_password: false,
    };
    rooms
        .post_for(Doer { who, session: None }, call.room_id, draft, known)
        .await
}

fn users_of(participants: &[Participant]) -> Vec<i64> {
    let mut users: Vec<i64> = participants.iter().filter_map(|p| p.user_id).collect();
    users.sort_unstable();
    users.dedup();
    users
}

fn draft(call: &CallRecord, host: &User, joined: &[i64], rung: &RungEnd) -> Draft {
    let duration_s = duration_s(call);
    let context = json!({ "type": "call",
        "id": call.id,
        "media": call.media,
        "state": call.state,
        "reason": call.reason,
        "duration_s": duration_s,
        "joined": joined,
        "declined": rung.declined,
        "missed": rung.missed,
    });
    Draft {
        kind: MessageKind::Text,
        content: content(&host.lang, &call.media, &call.state, duration_s),
        file: None,
        context: context.as_object().cloned(),
        reply_to: None,
        priority: Priority::Normal,
        needs_ack: false,
        client_id: format!("call:{}", call.id),
    }
}

/// How long it was a call; `None`: it never was.
fn duration_s(call: &CallRecord) -> Option<i64> {
    let (start, end) = (call.started_at_ms?, call.ended_at_ms?);
    Some((end - start).max(0) / 1_000)
}

/// For clients that do not know what the context says. In the language of whoever opened the call: one text for all.
fn content(lang: &str, media: &str, state: &str, duration_s: Option<i64>) -> String {
    let is_video = media == "audio_video";
    let what = match (lang, is_video) {
        ("ar", true) => "مكالمة فيديو",
        ("ar", false) => "مكالمة صوتية",
        ("en", true) => "Video call",
        ("en", false) => "Voice call",
        (_, true) => "Appel vidéo",
        (_, false) => "Appel audio",
    };
    let how = match (duration_s, lang, state) {
        (Some(seconds), _, _) => clock(seconds),
        (None, "ar", "declined") => "مرفوضة".to_owned(),
        (None, "ar", _) => "بلا رد".to_owned(),
        (None, "en", "declined") => "declined".to_owned(),
        (None, "en", _) => "no answer".to_owned(),
        (None, _, "declined") => "refusé".to_owned(),
        (None, _, _) => "sans réponse".to_owned(),
    };
    format!("📞 {what} · {how}")
}

/// `3:05`, `1:00:09`.
fn clock(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_how_the_call_went_in_the_openers_language() {
        assert_eq!(
            content("fr", "audio_video", "ended", Some(185)),
            "📞 Appel vidéo · 3:05"
        );
        assert_eq!(
            content("en", "audio_only", "missed", None),
            "📞 Voice call · no answer"
        );
        assert_eq!(
            content("ar", "audio_only", "declined", None),
            "📞 مكالمة صوتية · مرفوضة"
        );
        assert_eq!(clock(3_609), "1:00:09");
    }
}
