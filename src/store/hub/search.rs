//! Full text: messages of the seeker's rooms, the newest first. Membership is part of the match, so the index is never
//! walked through what is not the seeker's.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};

use super::{Connection, Result, messages::Message};

#[derive(Debug, QueryableByName)]
pub struct Hit {
    #[diesel(embed)]
    pub message: Message,
    /// The content with the found words between U+0002 and U+0003.
    #[diesel(sql_type = Text)]
    pub marked: String,
}

/// Messages with all words of `text` (the last may be the beginning of one) in one of these rooms.
pub fn find(conn: &mut Connection, text: &str, rooms: &[i64], limit: i64) -> Result<Vec<Hit>> {
    let Some(matching) = expression(text, rooms) else {
        return Ok(Vec::new());
    };
    Ok(sql_query(
        "SELECT m.*, highlight(message_search, 0, char(2), char(3)) AS marked \
         FROM message_search JOIN messages m ON m.id = message_search.rowid \
         WHERE message_search MATCH ?1 AND m.deleted_at_ms IS NULL \
         ORDER BY message_search.rowid DESC LIMIT ?2",
    )
    .bind::<Text, _>(matching)
    .bind::<BigInt, _>(limit)
    .load(conn)?)
}

/// An FTS5 expression; whatever was typed stands in quotes. `None`: there is nothing to look for, or nowhere.
fn expression(text: &str, rooms: &[i64]) -> Option<String> {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let last = words.len().checked_sub(1)?;
    if rooms.is_empty() {
        return None;
    }
    let mut wanted = String::from("content : (");
    for (at, word) in words.iter().enumerate() {
        wanted.push('"');
        wanted.push_str(word);
        wanted.push_str(if at == last { "\" *" } else { "\" " });
    }
    wanted.push_str(") AND room : (");
    for (at, room) in rooms.iter().enumerate() {
        if at > 0 {
            wanted.push_str(" OR ");
        }
        wanted.push_str(&format!("r{room}"));
    }
    wanted.push(')');
    Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_never_syntax() {
        assert_eq!(
            expression("a\" OR b*", &[1, 2]).as_deref(),
            Some("content : (\"a\" \"OR\" \"b\" *) AND room : (r1 OR r2)")
        );
        assert_eq!(expression(" \"*- ", &[1]), None);
        assert_eq!(expression("a", &[]), None);
    }
}
