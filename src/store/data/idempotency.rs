//! Answers that were given under an idempotency key, in the transaction of the write.

use rusqlite::{Connection, OptionalExtension, Result, params};

/// Rows are left out of a stored answer that is longer than this, bytes.
pub const MAX_ANSWER_BYTES: usize = 64 << 10;

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// The answer that was given.
    Answer(String),
    /// The key came with another body.
    OtherBody,
}

/// Looks a key of a user up.
pub fn find(conn: &Connection, user_id: i64, key: &str, body: &[u8; 32]) -> Result<Option<Found>> {
    conn.prepare_cached("SELECT body, answer FROM _comptoir_idempotency WHERE user_id = ?1 AND key = ?2")?
        .query_row(params![user_id, key], |row| {
            Ok(if row.get_ref(0)?.as_blob()? == body {
                Found::Answer(row.get(1)?)
            } else {
                Found::OtherBody
            })
        })
        .optional()
}

/// Keeps an answer.
pub fn store(
    conn: &Connection,
    user_id: i64,
    key: &str,
    body: &[u8; 32],
    at_ms: i64,
    answer: &str,
) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO _comptoir_idempotency(user_id, key, body, at_ms, answer) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![user_id, key, &body[..], at_ms, answer])?;
    Ok(())
}

/// Forgets some of the answers given before `before_ms`. Whether there may be more.
pub fn trim(conn: &Connection, before_ms: i64) -> Result<bool> {
    const STEP: usize = 500;
    let deleted = conn
        .prepare_cached(
            "DELETE FROM _comptoir_idempotency WHERE (user_id, key) IN \
             (SELECT user_id, key FROM _comptoir_idempotency WHERE at_ms < ?1 ORDER BY at_ms LIMIT ?2)",
        )?
        .execute(params![before_ms, STEP as i64])?;
    Ok(deleted == STEP)
}
