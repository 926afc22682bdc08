//! Looking for words in one's rooms.

use std::collections::HashMap;

use serde_json::Value;

use super::RoomsHandle;
use crate::{
    domain::Principal,
    protocol::error::{Code, Error, Result},
    store::hub::{messages, rooms, search},
};

impl RoomsHandle {
    /// Messages with these words, the newest first, each with `highlights`: the words as they stand in it.
    pub async fn search(
        &self,
        who: &Principal,
        text: String,
        room: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Value>> {
        let renderer = self.parts.renderer.clone();
        let viewer = self.parts.accounts.viewer(who);
        let seeker = viewer.clone();
        let mine = self
            .parts
            .ledger
            .read(move |conn| rooms::ids_of(conn, &seeker))
            .await?;
        let within = match room {
            Some(room) if mine.contains(&room) => vec![room],
            Some(_) => return Err(Error::of(Code::NotFound)),
            None => mine,
        };
        let seek = move |reader: &mut _, until| search::find(reader, &text, &within, limit, until);
        let hits = self.parts.seekers.seek(who.user_id, seek).await?;
        let read = move |conn: &mut crate::store::hub::Connection| {
            let ids: Vec<i64> = hits.iter().map(|hit| hit.id).collect();
            let mut found = messages::by_ids(conn, &ids)?;
            // He may have left a room meanwhile, and what was found may say something else now.
            let still = rooms::ids_of(conn, &viewer)?;
            let mut words: HashMap<i64, Vec<&str>> = HashMap::new();
            for hit in &hits {
                words.insert(hit.id, marked_words(&hit.marked));
            }
            found.retain(|message| {
                let words = words.get(&message.id);
                still.contains(&message.room_id)
                    && words.is_some_and(|words| words.iter().all(|word| message.content.contains(word)))
            });
            let mut rendered = renderer.messages(conn, &found)?;
            for (shown, message) in rendered.iter_mut().zip(&found) {
                shown["highlights"] = words.remove(&message.id).unwrap_or_default().into();
            }
            Ok(rendered)
        };
        self.parts.ledger.read(read).await
    }
}

/// The words between U+0002 and U+0003, each once.
fn marked_words(marked: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for part in marked.split('\u{2}').skip(1) {
        let word = part.split('\u{3}').next().unwrap_or_default();
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}
