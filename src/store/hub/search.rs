//! Full text: messages of the seeker's rooms, the newest first. Membership is part of the match, so the index is never
//! walked through what is not the seeker's.

use std::time::Instant;

use crate::{protocol::error::Result, store::data::timed_reader::TimedReader};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub id: i64,
    /// The content with the found words between U+0002 and U+0003.
    pub marked: String,
}

/// Words looked for; more are passed over.
const MOST_WORDS: usize = 16;

const MATCHING: &str = "SELECT m.id, highlight(message_search, 0, char(2), char(3)) \
     FROM message_search JOIN messages m ON m.id = message_search.rowid \
     WHERE message_search MATCH ?1 AND m.deleted_at_ms IS NULL \
     ORDER BY message_search.rowid DESC LIMIT ?2";

/// The newest messages with all words of `text` in one of these rooms. Where those are fewer than asked for, the last word
/// is taken for the beginning of one: only then, because that is looked up in the lists of all words it begins.
///
/// # Errors
/// `timeout` past `until`.
pub fn find(
    reader: &mut TimedReader,
    text: &str,
    rooms: &[i64],
    limit: i64,
    until: Instant,
) -> Result<Vec<Hit>> {
    let words = words(text);
    let mut matching = |begins| match expression(&words, rooms, begins) {
        Some(wanted) => reader.rows(MATCHING, (&wanted, limit), until),
        None => Ok(Vec::new()),
    };
    let mut found = matching(false)?;
    let begins = words.last().is_some_and(|last| last.chars().count() > 1);
    if begins && (found.len() as i64) < limit {
        found = matching(true)?;
    }
    Ok(found.into_iter().map(|(id, marked)| Hit { id, marked }).collect())
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
    use std::time::Duration;

    use diesel::{prelude::*, sql_query};

    use super::*;
    use crate::{protocol::error::Code, store::hub::HubStore};

    #[test]
    fn what_is_typed_is_never_syntax() {
        assert_eq!(
            expression(&words("a\" OR b*"), &[1, 2], true).as_deref(),
            Some("content : (\"a\" \"OR\" \"b\" *) AND room : (r1 OR r2)")
        );
        assert_eq!(expression(&words(" \"*- "), &[1], true), None);
        assert_eq!(expression(&words("a"), &[], false), None);
    }

    #[test]
    fn a_search_ends_in_time_within_the_index_too_and_the_next_one_runs() {
        let dir = tempfile::tempdir().unwrap();
        let store = HubStore::open_in(dir.path()).unwrap();
        // Two words that are in half of the messages each, and in none together: what is walked through are the lists of
        // the index, and no row is ever found.
        let fill = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
             INSERT INTO messages(room_id, seq, sender_id, sender_username, sender_display_name, \
               sender_role, kind, content, client_id, request_hash, created_at_ms) \
             SELECT 1, i, 1, 'a', 'a', 'a', 'text', CASE i % 2 WHEN 0 THEN 'left ' ELSE 'right ' END || i, \
               i, x'00', i FROM n";
        store
            .write(|conn| {
                sql_query("INSERT INTO rooms(id, kind, created_at_ms) VALUES (1, 'everyone', 0)")
                    .execute(conn)?;
                sql_query(fill).execute(conn)?;
                Ok(())
            })
            .unwrap();
        let mut reader = TimedReader::open(store.path()).unwrap();
        let over = Instant::now();
        let late = find(&mut reader, "left right", &[1], 10, over).unwrap_err();
        assert_eq!(late.code, Code::Timeout);
        let until = Instant::now() + Duration::from_secs(3_600);
        assert_eq!(find(&mut reader, "left right", &[1], 10, until).unwrap(), []);
        let found = find(&mut reader, "right 59999", &[1], 10, until).unwrap();
        let marked = "\u{2}right\u{3} \u{2}59999\u{3}".to_owned();
        assert_eq!(found, [Hit { id: 59_999, marked }]);
        assert_eq!(find(&mut reader, "right", &[2], 10, until).unwrap(), []);
    }
}
