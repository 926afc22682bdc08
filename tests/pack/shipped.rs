//! What the tests of the packs that ship have in common: the pack on a file, and a hub that serves it by its name.

use comptoir::{
    pack::Pack,
    store::data::pack_check::{self, Trial},
};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::hub::{Client, Hub, Reply};

/// The pack on a real file, seeded for its demo users.
pub fn seeded(name: &str) -> (tempfile::TempDir, Connection) {
    let pack = Pack::embedded(name).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let conn = Connection::open(dir.path().join("data.db")).unwrap();
    conn.execute_batch(
        "CREATE TABLE _comptoir_user(id INTEGER PRIMARY KEY, username, display_name, role, active)",
    )
    .unwrap();
    for (user, id) in pack.demo_users.iter().zip(1..) {
        conn.execute(
            "INSERT INTO _comptoir_user VALUES (?1, ?2, ?2, ?3, 1)",
            (id, &user.username, &user.role),
        )
        .unwrap();
    }
    for migration in &pack.migrations {
        conn.execute_batch(&migration.source.text).unwrap();
    }
    conn.execute_batch(&format!("BEGIN; {}; COMMIT", pack.seed.unwrap().text))
        .unwrap();
    assert_eq!(number(&conn, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    (dir, conn)
}

pub fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Every function, run once.
pub fn trials(name: &str) -> Vec<Trial> {
    let mut pack = Pack::embedded(name).unwrap();
    let trials = pack_check::run_everything(&mut pack, None).unwrap();
    assert_eq!(trials.len(), pack.functions.len());
    trials
}

/// A hub with the pack of this name, out of the binary.
pub fn serve(name: &str) -> Hub {
    Hub::with().app(name).start()
}

pub fn put(client: &Client, path: &str, body: &Value) -> Reply {
    client.send("PUT", path, Some(body.to_string())).unwrap()
}

/// A function called by name: its data.
#[track_caller]
pub fn call(client: &Client, function: &str, args: &Value) -> Value {
    client.post(&format!("/api/rpc/{function}"), args).ok()["data"].clone()
}

/// What a function that says no says.
#[track_caller]
pub fn refused(client: &Client, function: &str, args: &Value) -> String {
    let reply = client.post(&format!("/api/rpc/{function}"), args);
    let problem = reply.problem(409, "precondition_failed");
    problem["detail"].as_str().unwrap().to_owned()
}

/// Not for this role.
#[track_caller]
pub fn forbidden(client: &Client, function: &str, args: &Value) {
    client
        .post(&format!("/api/rpc/{function}"), args)
        .problem(403, "forbidden");
}

/// The data of a route that answers `{"success", "data"}`, and nothing beside them.
#[track_caller]
pub fn enveloped(reply: &Reply) -> Value {
    let body = reply.ok();
    assert_eq!(
        body,
        json!({"success": true, "data": body["data"]}),
        "nothing beside them"
    );
    body["data"].clone()
}

/// The number of a demo user's account.
pub fn id_of(client: &Client) -> i64 {
    client.get("/api/me").ok()["user"]["id"].as_i64().unwrap()
}
