//! The rooms of a user as one frame lists them: within bounds, whatever is in them.

use serde_json::Value;

use super::Renderer;
use crate::store::hub::{Connection, Result, events::Viewer, rooms};

/// Rooms in one list, and about how many bytes of them.
const MOST_ROOMS: i64 = 1_000;
const MOST_BYTES: usize = 1 << 20;
/// Open rooms listed that the user is not in.
const MOST_OPEN: i64 = 200;
/// Of the last message of a room: characters of its content, names with a count.
const MOST_CONTENT: usize = 500;
const MOST_NAMES: usize = 5;

/// Rooms, and whether there are more after them.
#[derive(Debug, Default)]
pub struct Listed {
    pub rooms: Vec<Value>,
    pub truncated: bool,
}

impl Renderer {
    /// The rooms of a user with how he stands in them, the one last written in first, from the `offset`th on; then, where
    /// none is left out, open ones that he may join.
    pub fn rooms(&self, conn: &mut Connection, viewer: &Viewer, lang: &str, offset: i64) -> Result<Listed> {
        let mut standings = rooms::standings(conn, viewer, None, MOST_ROOMS + 1, offset)?;
        let mut truncated = standings.len() > MOST_ROOMS as usize;
        standings.truncate(MOST_ROOMS as usize);
        let mut listed = Vec::with_capacity(standings.len());
        let mut bytes = 0;
        for standing in &standings {
            let room = self.standing(conn, standing, lang)?;
            bytes += weight(&room);
            // One alone is always listed: so that who asks for what is left comes to an end.
            if bytes > MOST_BYTES && !listed.is_empty() {
                truncated = true;
                break;
            }
            listed.push(room);
        }
        if !truncated {
            for room in rooms::open_to(conn, viewer, MOST_OPEN)? {
                let mut value = self.room(conn, &room, lang)?;
                value["joined"] = false.into();
                listed.push(value);
            }
        }
        Ok(Listed {
            rooms: listed,
            truncated,
        })
    }

    /// One room of a user with how he stands in it, where he is in it.
    pub fn room_of(
        &self,
        conn: &mut Connection,
        viewer: &Viewer,
        lang: &str,
        room: i64,
    ) -> Result<Option<Value>> {
        let found = rooms::standings(conn, viewer, Some(room), 1, 0)?;
        found
            .first()
            .map(|standing| self.standing(conn, standing, lang))
            .transpose()
    }
}

/// A message as a list of rooms shows it: who wants it whole finds it in `history`.
pub(super) fn abridge(message: &mut Value) {
    if let Some(content) = message["content"].as_str()
        && let Some((end, _)) = content.char_indices().nth(MOST_CONTENT)
    {
        message["content"] = content[..end].into();
        message["truncated"] = true.into();
    }
    let shorten = |names: &mut Value| {
        if let Some(names) = names.as_array_mut() {
            names.truncate(MOST_NAMES);
        }
    };
    shorten(&mut message["acks"]["names"]);
    if let Some(reactions) = message["reactions"].as_array_mut() {
        reactions.iter_mut().for_each(|of| shorten(&mut of["names"]));
    }
}

/// About how many bytes a value takes as text.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 6,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| name.len() + 4 + weight(member))
            .sum::<usize>(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_message_is_abridged_and_says_so_and_a_short_one_is_as_it_is() {
        let names = |n: usize| json!({ "count": n, "names": vec!["awa"; n] });
        let mut long =
            json!({ "content": "é".repeat(600), "acks": names(40), "reactions": [names(6), names(1)] });
        abridge(&mut long);
        assert_eq!(
            long,
            json!({
                "content": "é".repeat(500), "truncated": true,
                "acks": { "count": 40, "names": vec!["awa"; 5] },
                "reactions": [{ "count": 6, "names": vec!["awa"; 5] }, names(1)],
            })
        );
        let short = json!({ "content": "é".repeat(500), "acks": names(5), "reactions": [] });
        let mut abridged = short.clone();
        abridge(&mut abridged);
        assert_eq!(abridged, short);
    }

    #[test]
    fn the_weight_is_about_the_length() {
        let value = json!({ "id": 12, "name": "Équipe", "open": false, "list": [null, 1.5, "x"], "at": {} });
        let (weight, length) = (weight(&value), value.to_string().len());
        assert!(weight.abs_diff(length) < 20, "{weight} {length}");
    }
}
