//! What people uploaded: rows of `files`. The bytes are the business of `hub::files`.

use diesel::{dsl::sql, prelude::*, sql_types::BigInt};
use serde_json::{Value, json};

use super::{Connection, Result, schema::files};
use crate::{
    auth::Tickets,
    protocol::error::{Code, Error as Public},
};

/// A file as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = files)]
pub struct File {
    pub id: i64,
    pub owner_id: i64,
    pub name: String,
    pub mime: String,
    pub size: i64,
    pub sha256: Vec<u8>,
    /// Name on the disk.
    pub stored: String,
    pub duration_ms: Option<i64>,
    pub width: Option<i32>,
    pub height: Option<i32>,
    /// Media type of the thumbnail.
    pub thumbnail: Option<String>,
    pub created_at_ms: i64,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = files)]
pub struct NewFile {
    pub owner_id: i64,
    pub name: String,
    pub mime: String,
    pub size: i64,
    pub sha256: Vec<u8>,
    pub stored: String,
    pub duration_ms: Option<i64>,
    pub width: Option<i32>,
    pub height: Option<i32>,
    pub thumbnail: Option<String>,
    pub created_at_ms: i64,
}

pub fn insert(conn: &mut Connection, file: &NewFile) -> Result<File> {
    Ok(diesel::insert_into(files::table)
        .values(file)
        .returning(File::as_returning())
        .get_result(conn)?)
}

pub fn by_id(conn: &mut Connection, id: i64) -> Result<Option<File>> {
    Ok(files::table
        .find(id)
        .select(File::as_select())
        .first(conn)
        .optional()?)
}

/// `file` of a message and the answer to an upload (without `sha256`), with addresses that work from now on for as long
/// as a ticket lives.
pub fn describe(file: &File, tickets: &Tickets, now_ms: i64) -> Value {
    let ticket = tickets.issue(file.id, now_ms);
    let thumbnail = file
        .thumbnail
        .as_ref()
        .map(|_| format!("/api/files/{}/thumbnail?ticket={ticket}", file.id));
    json!({
        "id": file.id,
        "name": file.name,
        "mime": file.mime,
        "size": file.size,
        "url": format!("/api/files/{}?ticket={ticket}", file.id),
        "duration_ms": file.duration_ms,
        "width": file.width,
        "height": file.height,
        "thumbnail_url": thumbnail,
    })
}

/// For whoever sends a message with a file: it is there, and his own. Otherwise `not_found`, whatever the reason.
pub fn own(conn: &mut Connection, user_id: i64, file_id: i64) -> Result<File> {
    by_id(conn, file_id)?
        .filter(|file| file.owner_id == user_id)
        .ok_or_else(|| Public::of(Code::NotFound).into())
}

/// Whether this user may read the file now: it is his own.
pub fn may_read(conn: &mut Connection, user_id: i64, file_id: i64) -> Result<bool> {
    Ok(by_id(conn, file_id)?.is_some_and(|file| file.owner_id == user_id))
}

/// Whether anybody may still read the file.
pub fn is_held(conn: &mut Connection, file_id: i64) -> Result<bool> {
    Ok(by_id(conn, file_id)?.is_some())
}

/// Bytes that a user uploaded and has not sent.
pub fn unsent_bytes(conn: &mut Connection, owner_id: i64) -> Result<u64> {
    let sizes: i64 = files::table
        .filter(files::owner_id.eq(owner_id))
        .select(sql::<BigInt>("COALESCE(SUM(size), 0)"))
        .first(conn)?;
    Ok(sizes.unsigned_abs())
}

/// Takes the rows of files that nobody will miss out, at most `limit`; answers their names on the disk. Those
/// uploaded before `cutoff_ms` and never sent.
pub fn take_orphans(conn: &mut Connection, cutoff_ms: i64, limit: i64) -> Result<Vec<String>> {
    let orphans: Vec<i64> = files::table
        .filter(files::created_at_ms.lt(cutoff_ms))
        .order(files::created_at_ms)
        .limit(limit)
        .select(files::id)
        .load(conn)?;
    Ok(diesel::delete(files::table.filter(files::id.eq_any(orphans)))
        .returning(files::stored)
        .get_results(conn)?)
}

/// The names on the disk of all files.
pub fn stored_names(conn: &mut Connection) -> Result<Vec<String>> {
    Ok(files::table.select(files::stored).load(conn)?)
}
