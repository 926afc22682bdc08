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

/// The tokens of these users. All of them before the first socket: the hub hangs up on a socket that nobody
/// reads while the others log in.
pub async fn log_in(target: &Target, users: std::ops::Range<usize>) -> Result<Vec<String>, Failure> {
    let port = target.port;
    let all = tokio::task::spawn_blocking(move || {
        let one = |n| target::login(port, &format!("u{n}")).map_err(|cause| cause.to_string());
        users.map(one).collect::<Result<Vec<_>, _>>()
    });
    Ok(all.await??)
}

/// A socket with this token.
pub async fn open(target: &Target, token: &str) -> Result<Socket, Failure> {
    Ok(Socket::open(Dialect::Plain, target.port, token, "").await?.0)
}

/// One socket for each of these tokens.
pub async fn open_all(target: &Target, tokens: &[String]) -> Result<Vec<Socket>, Failure> {
    let mut sockets = Vec::with_capacity(tokens.len());
    for token in tokens {
        sockets.push(open(target, token).await?);
    }
    Ok(sockets)
}
