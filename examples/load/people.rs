//! Users and rooms, put into `hub.db` while the hub is down: making a thousand accounts by request would
//! measure bcrypt.

use rusqlite::{Connection, params};

use crate::{
    Bench, Failure,
    target::{self, Target, Which},
    wire::{Dialect, Socket},
};

/// Logins are not what is measured here.
const QUICK_LOGINS: (&str, &str) = ("COMPTOIR_AUTH__BCRYPT_COST", "4");

/// A hub with `users` accounts `u0`, `u1`, … beside the demo's, in these rooms (each: its members).
pub fn hub_with(bench: &Bench, users: usize, rooms: &[Vec<usize>]) -> Result<(Target, Vec<i64>), Failure> {
    let mut programs = bench.programs.clone();
    programs.env.push(QUICK_LOGINS);
    let mut target = Target::start(Which::Hub, &programs)?;
    let mut ids = Vec::new();
    target.refill(|db| {
        let accounts = add_users(db, users)?;
        for members in rooms {
            ids.push(add_room(db, members.iter().map(|&user| accounts[user]))?);
        }
        Ok(())
    })?;
    Ok((target, ids))
}

/// Accounts with the password and the rights of the demo's `writer`.
fn add_users(db: &Connection, users: usize) -> rusqlite::Result<Vec<i64>> {
    let mut add = db.prepare(
        "INSERT INTO users(username, display_name, role, lang, password_hash, created_at_ms)
         SELECT ?1, ?1, role, lang, password_hash, created_at_ms FROM users WHERE username = 'writer'",
    )?;
    (0..users).map(|n| add.insert([format!("u{n}")])).collect()
}

/// A group with these members; its id.
pub fn add_room(db: &Connection, members: impl Iterator<Item = i64>) -> rusqlite::Result<i64> {
    db.execute(
        "INSERT INTO rooms(kind, name, created_at_ms) VALUES ('group', 'bench', 0)",
        [],
    )?;
    let room = db.last_insert_rowid();
    let mut add =
        db.prepare_cached("INSERT INTO members(room_id, user_id, joined_at_ms) VALUES (?, ?, 0)")?;
    for user in members {
        add.execute(params![room, user])?;
    }
    Ok(room)
}

/// A socket of user `n`; it hears of no data.
pub async fn open_as(target: &Target, n: usize) -> Result<Socket, Failure> {
    let port = target.port;
    let token = tokio::task::spawn_blocking(move || {
        target::login(port, &format!("u{n}")).map_err(|cause| cause.to_string())
    })
    .await??;
    Ok(Socket::open(Dialect::Plain, port, &token, "").await?.0)
}

/// One socket for each of these users.
pub async fn open_all(target: &Target, users: std::ops::Range<usize>) -> Result<Vec<Socket>, Failure> {
    let mut sockets = Vec::with_capacity(users.len());
    for n in users {
        sockets.push(open_as(target, n).await?);
    }
    Ok(sockets)
}
