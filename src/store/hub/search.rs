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

/// Words looked for; more are passed over.
const MOST_WORDS: usize = 16;

/// The newest messages with all words of `text` in one of these rooms. Where those are fewer than asked for, the last word
/// is taken for the beginning of one: only then, because that is looked up in the lists of all words it begins.
pub fn find(conn: &mut Connection, text: &str, rooms: &[i64], limit: i64) -> Result<Vec<Hit>> {
    let words = words(text);
    let whole = matching(conn, &words, rooms, limit, false)?;
    let begins = words.last().is_some_and(|last| last.chars().count() > 1);
    if begins && (whole.len() as i64) < limit {
        return matching(conn, &words, rooms, limit, true);
    }
    Ok(whole)
}

fn matching(
    conn: &mut Connection,
    words: &[&str],
    rooms: &[i64],
    limit: i64,
    begins: bool,
) -> Result<Vec<Hit>> {
    let Some(matching) = expression(words, rooms, begins) else {
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

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .collect()
}

/// An FTS5 expression; whatever was typed stands in quotes. `None`: there is nothing to look for, or nowhere.
fn expression(words: &[&str], rooms: &[i64], begins: bool) -> Option<String> {
    let last = words.len().checked_sub(1)?;
    if rooms.is_empty() {
        return None;
    }
    let mut wanted = String::from("content : (");
    for (at, word) in words.iter().enumerate() {
        wanted.push('"');
        wanted.push_str(word);
        wanted.push_str(if begins && at == last { "\" *" } else { "\" " });
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
            expression(&words("a\" OR b*"), &[1, 2], true).as_deref(),
            Some("content : (\"a\" \"OR\" \"b\" *) AND room : (r1 OR r2)")
        );
        assert_eq!(expression(&words(" \"*- "), &[1], true), None);
        assert_eq!(expression(&words("a"), &[], false), None);
    }
}
