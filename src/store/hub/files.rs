//! What people uploaded: rows of `files`. The bytes are the business of `hub::files`.

use diesel::{
    dsl::{max, not, sql},
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Text},
};
use serde_json::{Value, json};

use super::{
    Connection, Result,
    events::{ROOMS_OF_VIEWER, Viewer},
    schema::{files, files_dropped, messages, rooms},
};
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
    /// Whether it ever went into a message.
    pub sent: bool,
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
/// as a ticket lives and nobody is out of a room where it was sent. `standing`: see [`standing`].
pub fn describe(file: &File, standing: i64, tickets: &Tickets, now_ms: i64) -> Value {
    let ticket = tickets.issue(file.id, standing, now_ms);
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

/// For whoever sends a message with a file, in its transaction: it is there, and his own. Otherwise `not_found`,
/// whatever the reason. From now on the file lives as long as a message that carries it.
pub fn claim(conn: &mut Connection, user_id: i64, file_id: i64) -> Result<File> {
    diesel::update(files::table.find(file_id).filter(files::owner_id.eq(user_id)))
        .set(files::sent.eq(true))
        .returning(File::as_returning())
        .get_result(conn)
        .optional()?
        .ok_or_else(|| Public::of(Code::NotFound).into())
}

#[derive(QueryableByName)]
struct Is {
    #[diesel(sql_type = Bool)]
    it: bool,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// What keeps a file `f` that was sent.
const CARRIED: &str = "EXISTS (SELECT 1 FROM messages WHERE file_id = f.id AND deleted_at_ms IS NULL)";

/// Whether the viewer may read the file now: it is his own, or he is in a room where a message carries it.
pub fn may_read(conn: &mut Connection, viewer: &Viewer, file_id: i64) -> Result<bool> {
    let found: Is = sql_query(format!(
        "SELECT EXISTS (SELECT 1 FROM files f WHERE f.id = ?4 AND (\
            (f.owner_id = ?1 AND (NOT f.sent OR {CARRIED})) OR EXISTS (\
                SELECT 1 FROM messages WHERE file_id = f.id AND deleted_at_ms IS NULL \
                AND room_id IN ({ROOMS_OF_VIEWER})))) AS it"
    ))
    .bind::<BigInt, _>(viewer.user_id)
    .bind::<Text, _>(&viewer.role)
    .bind::<Bool, _>(viewer.internal)
    .bind::<BigInt, _>(file_id)
    .get_result(conn)?;
    Ok(found.it)
}

/// Whether anybody may still read the file: it was not sent yet, or a message carries it.
pub fn is_held(conn: &mut Connection, file_id: i64) -> Result<bool> {
    let found: Is = sql_query(format!(
        "SELECT EXISTS (SELECT 1 FROM files f WHERE f.id = ?1 AND (NOT f.sent OR {CARRIED})) AS it"
    ))
    .bind::<BigInt, _>(file_id)
    .get_result(conn)?;
    Ok(found.it)
}

/// When somebody was last out of a room where the file was sent: a number that only says whether it is still the same.
pub fn standing(conn: &mut Connection, file_id: i64) -> Result<i64> {
    Ok(rooms::table
        .filter(
            rooms::id.eq_any(
                messages::table
                    .filter(messages::file_id.eq(file_id))
                    .select(messages::room_id),
            ),
        )
        .select(max(rooms::departed))
        .first::<Option<i64>>(conn)?
        .unwrap_or(0))
}

/// What a small file takes of the disk all the same, bytes: empty ones are not for nothing.
const BLOCK: i64 = 4_096;

/// Bytes that a user uploaded and has not sent.
pub fn unsent_bytes(conn: &mut Connection, owner_id: i64) -> Result<u64> {
    let sizes: i64 = files::table
        .filter(files::owner_id.eq(owner_id))
        .filter(not(files::sent))
        .select(sql::<BigInt>(&format!("COALESCE(SUM(MAX(size, {BLOCK})), 0)")))
        .first(conn)?;
    Ok(sizes.unsigned_abs())
}

/// The oldest that were never sent.
const UNSENT: &str =
    "SELECT id FROM files WHERE NOT sent AND created_at_ms < ?1 ORDER BY created_at_ms LIMIT ?2";

/// Files that perhaps nobody will miss, at most `limit` of each kind: uploaded before `cutoff_ms` and never sent; or sent
/// in a message that carries them no more.
pub fn orphans(conn: &mut Connection, cutoff_ms: i64, limit: i64) -> Result<Vec<i64>> {
    let unsent: Vec<Id> = sql_query(UNSENT)
        .bind::<BigInt, _>(cutoff_ms)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    let dropped: Vec<i64> = files_dropped::table
        .select(files_dropped::file_id)
        .limit(limit)
        .load(conn)?;
    Ok(unsent.into_iter().map(|row| row.id).chain(dropped).collect())
}

/// Takes the rows of those of `orphans` that are orphans out; answers their names on the disk.
pub fn take_orphans(conn: &mut Connection, orphans: &[i64], cutoff_ms: i64) -> Result<Vec<String>> {
    let mut taken = Vec::new();
    for id in orphans {
        // Where another message carries it, it comes again with that one.
        diesel::delete(files_dropped::table.find(id)).execute(conn)?;
        let file = by_id(conn, *id)?;
        let Some(file) = file.filter(|file| file.sent || file.created_at_ms < cutoff_ms) else {
            continue;
        };
        if file.sent && is_held(conn, *id)? {
            continue;
        }
        diesel::delete(files::table.find(id)).execute(conn)?;
        taken.push(file.stored);
    }
    Ok(taken)
}

/// The names on the disk of all files.
pub fn stored_names(conn: &mut Connection) -> Result<Vec<String>> {
    Ok(files::table.select(files::stored).load(conn)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hub::{HubStore, plan_tests as plans};

    fn store() -> (tempfile::TempDir, HubStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = HubStore::open(&dir.path().join("hub.db")).unwrap();
        (dir, store)
    }

    fn file(conn: &mut Connection, stored: &str) -> i64 {
        let new = NewFile {
            owner_id: 1,
            name: "a".into(),
            mime: "text/plain".into(),
            size: 10,
            sha256: vec![0; 32],
            stored: stored.into(),
            duration_ms: None,
            width: None,
            height: None,
            thumbnail: None,
            created_at_ms: 1_000,
        };
        insert(conn, &new).unwrap().id
    }

    fn run(conn: &mut Connection, sql: &str) {
        sql_query(sql).execute(conn).unwrap();
    }

    /// Room 1 is of the vendeurs, room 2 of everyone; `file_id` goes into a message of one of them.
    fn send(conn: &mut Connection, room: i64, seq: i64, file_id: i64) {
        claim(conn, 1, file_id).unwrap();
        run(
            conn,
            &format!(
                "INSERT INTO messages(room_id, seq, sender_id, sender_username, sender_display_name, sender_role, \
                 kind, content, file_id, client_id, request_hash, created_at_ms) \
                 VALUES ({room}, {seq}, 1, 'a', 'a', 'vendeur', 'file', '', {file_id}, 'c{room}-{seq}', x'00', 1)"
            ),
        );
    }

    fn viewer(user_id: i64, role: &str, internal: bool) -> Viewer {
        Viewer {
            user_id,
            role: role.into(),
            internal,
        }
    }

    #[test]
    fn a_file_lives_and_is_read_with_the_messages_that_carry_it() {
        let (_dir, store) = store();
        store
            .write(|conn| {
                run(
                    conn,
                    "INSERT INTO rooms(id, kind, role, created_at_ms) \
                     VALUES (1, 'role', 'vendeur', 0), (2, 'everyone', NULL, 0)",
                );
                let id = file(conn, "s1");
                let (owner, colleague) = (viewer(1, "caisse", true), viewer(2, "vendeur", true));
                let (other, patient) = (viewer(3, "caisse", true), viewer(4, "patient", false));
                let readers = |conn: &mut Connection| {
                    [&owner, &colleague, &other, &patient].map(|who| may_read(conn, who, id).unwrap())
                };
                assert_eq!(readers(conn), [true, false, false, false]);
                assert_eq!(unsent_bytes(conn, 1)?, 4_096, "a block of the disk");
                assert!(claim(conn, 2, id).is_err(), "somebody else's file cannot be sent");
                send(conn, 1, 1, id);
                assert_eq!(readers(conn), [true, true, false, false]);
                assert_eq!(unsent_bytes(conn, 1)?, 0);
                send(conn, 2, 1, id);
                assert_eq!(readers(conn), [true, true, true, false]);
                assert_eq!(orphans(conn, i64::MAX, 10)?, Vec::<i64>::new());

                run(conn, "UPDATE messages SET deleted_at_ms = 1 WHERE room_id = 2");
                assert_eq!(readers(conn), [true, true, false, false]);
                assert!(is_held(conn, id)?);
                // However a deletion is noted.
                run(
                    conn,
                    "UPDATE messages SET deleted_at_ms = 1, file_id = NULL WHERE room_id = 1",
                );
                assert_eq!(readers(conn), [false; 4]);
                assert!(!is_held(conn, id)?);
                assert_eq!(orphans(conn, 0, 10)?, [id]);
                assert_eq!(take_orphans(conn, &[id], 0)?, ["s1"]);
                assert_eq!(by_id(conn, id)?, None);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_is_not_looked_for_is_not_looked_at() {
        let (_dir, store) = store();
        store
            .write(|conn| {
                plans::finds(conn, UNSENT, &[]);
                run(
                    conn,
                    "INSERT INTO rooms(id, kind, created_at_ms) VALUES (1, 'everyone', 0)",
                );
                // Carried by two messages, and dropped by one: looked at once.
                let id = file(conn, "s1");
                send(conn, 1, 1, id);
                send(conn, 1, 2, id);
                run(conn, "DELETE FROM messages WHERE seq = 1");
                assert_eq!(orphans(conn, 0, 10)?, [id]);
                assert_eq!(take_orphans(conn, &[id], 0)?, Vec::<String>::new());
                assert_eq!(orphans(conn, 0, 10)?, Vec::<i64>::new());
                run(conn, "DELETE FROM messages WHERE seq = 2");
                assert_eq!(orphans(conn, 0, 10)?, [id]);
                assert_eq!(take_orphans(conn, &[id], 0)?, ["s1"]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn an_orphan_that_is_sent_at_the_last_moment_is_kept() {
        let (_dir, store) = store();
        store
            .write(|conn| {
                run(
                    conn,
                    "INSERT INTO rooms(id, kind, created_at_ms) VALUES (1, 'everyone', 0)",
                );
                let (sent, young, old) = (file(conn, "s1"), file(conn, "s2"), file(conn, "s3"));
                let found = orphans(conn, 2_000, 10)?;
                assert_eq!(found, [sent, young, old]);
                send(conn, 1, 1, sent);
                diesel::update(files::table.find(young))
                    .set(files::created_at_ms.eq(5_000))
                    .execute(conn)?;
                assert_eq!(take_orphans(conn, &found, 2_000)?, ["s3"]);
                Ok(())
            })
            .unwrap();
    }
}
