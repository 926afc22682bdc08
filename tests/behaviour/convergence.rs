//! Whatever many clients do and however they are cut off: what each has put together from its events equals what a
//! fresh look at the hub shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use rand::{
    Rng as _, SeedableRng as _,
    rngs::StdRng,
    seq::{IndexedMutRandom as _, IndexedRandom as _},
};
use serde_json::{Value, json};

use crate::support::{Hub, PATIENCE, Socket};

const USERS: [&str; 4] = ["awa", "binta", "caro", "admin"];
const CLIENTS: usize = 7;
const OPERATIONS: usize = 700;

/// What a client knows of one room.
#[derive(Debug, Default, Clone, PartialEq)]
struct RoomView {
    members: BTreeSet<i64>,
    /// By user, of those who read anything.
    read: BTreeMap<i64, i64>,
    /// By seq.
    messages: BTreeMap<i64, Value>,
    unread: i64,
    mentions: i64,
}

#[derive(Debug, Default, Clone, PartialEq)]
struct View {
    rooms: BTreeMap<i64, RoomView>,
    /// Sales, by key.
    rows: BTreeMap<String, Value>,
}

struct Client {
    user: &'static str,
    id: i64,
    token: String,
    socket: Option<Socket>,
    /// Frames of the socket's log that were looked at.
    seen: usize,
    cursor: Option<String>,
    view: View,
    /// Rooms that came to it and whose past it has not fetched.
    to_fetch: BTreeSet<i64>,
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

impl RoomView {
    fn described(&mut self, room: &Value) {
        let members = room["members"].as_array().unwrap();
        self.members = members.iter().map(|m| int(&m["user_id"])).collect();
        for member in members {
            self.read(int(&member["user_id"]), int(&member["read_up_to"]));
        }
    }

    fn counted(&mut self, counts: &Value) {
        (self.unread, self.mentions) = (int(&counts["unread"]), int(&counts["mentions"]));
    }

    fn read(&mut self, user: i64, up_to: i64) {
        // Where members follow from a role they are not listed, so a fresh look shows nobody's place.
        if up_to > 0 && !self.members.is_empty() {
            let read = self.read.entry(user).or_insert(0);
            *read = up_to.max(*read);
        }
    }

    fn message(&mut self, message: &Value) {
        let seq = int(&message["seq"]);
        let known = self.messages.get(&seq).map_or(0, |m| int(&m["version"]));
        if int(&message["version"]) >= known {
            self.messages.insert(seq, message.clone());
        }
        // Whoever writes has read what was written before.
        self.read(int(&message["sender"]["id"]), seq);
    }
}

impl View {
    /// How far those have read who left is nobody's business.
    fn of_members(mut self) -> Self {
        for room in self.rooms.values_mut() {
            room.read.retain(|user, _| room.members.contains(user));
        }
        self
    }

    /// As a client that comes for the first time, or that has lost its place, sees it.
    fn fetched(socket: &mut Socket) -> Self {
        let mut view = Self::default();
        let listed = socket.request(json!({"type": "rooms"})).unwrap()["rooms"].clone();
        for room in listed
            .as_array()
            .unwrap()
            .iter()
            .filter(|room| room["joined"] == true)
        {
            let id = int(&room["id"]);
            let mut seen = RoomView::default();
            seen.described(room);
            seen.counted(room);
            for message in history(socket, id).unwrap_or_default() {
                seen.message(&message);
            }
            view.rooms.insert(id, seen);
        }
        for row in socket.rows("SELECT id, quantite, note FROM ventes", json!([])) {
            view.rows.insert(row[0].to_string(), row.clone());
        }
        view
    }
}

fn history(socket: &mut Socket, room: i64) -> Option<Vec<Value>> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let ask = json!({"type": "history", "room": room, "after": after, "limit": 50});
        let page = socket.request(ask).ok()?;
        let messages = page["messages"].as_array().unwrap();
        after = messages.last().map_or(after, |m| int(&m["seq"]));
        all.extend(messages.iter().cloned());
        if page["has_more"] == false {
            return Some(all);
        }
    }
}

impl Client {
    fn new(hub: &Hub, user: &'static str) -> Self {
        let login = hub.login(user);
        Self {
            user,
            id: int(&login["user"]["id"]),
            token: login["token"].as_str().unwrap().to_owned(),
            socket: None,
            seen: 0,
            cursor: None,
            view: View::default(),
            to_fetch: BTreeSet::new(),
        }
    }

    fn connect(&mut self, hub: &Hub) -> &mut Socket {
        if self.socket.is_none() {
            let query = self
                .cursor
                .as_ref()
                .map_or(String::new(), |cursor| format!("since={cursor}"));
            let mut socket = hub.socket_with_token(&self.token, &query);
            self.seen = 0;
            if self.cursor.is_none() {
                self.view = View::fetched(&mut socket);
            }
            self.socket = Some(socket);
        }
        self.socket.as_mut().unwrap()
    }

    /// The cable is pulled: what was on its way is lost.
    fn cut(&mut self) {
        self.socket = None;
    }

    /// Takes over what has come.
    fn look(&mut self) {
        let Some(socket) = &mut self.socket else { return };
        while self.seen < socket.log.len() {
            let frame = socket.log[self.seen].clone();
            self.seen += 1;
            let view = &mut self.view;
            match frame["type"].as_str().unwrap_or_default() {
                "welcome" => {
                    // The list is how it is now; messages come by events.
                    let mine = frame["rooms"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter(|room| room["joined"] == true);
                    let mine: BTreeMap<i64, &Value> = mine.map(|room| (int(&room["id"]), room)).collect();
                    view.rooms.retain(|id, _| mine.contains_key(id));
                    for (id, room) in mine {
                        if !view.rooms.contains_key(&id) {
                            self.to_fetch.insert(id);
                        }
                        let seen = view.rooms.entry(id).or_default();
                        seen.described(room);
                        seen.counted(room);
                    }
                }
                "room_updated" => {
                    let id = int(&frame["room"]["id"]);
                    if frame["room"].get("members").is_none() {
                        view.rooms.remove(&id);
                        self.to_fetch.remove(&id);
                    } else {
                        if !view.rooms.contains_key(&id) {
                            self.to_fetch.insert(id);
                        }
                        view.rooms.entry(id).or_default().described(&frame["room"]);
                    }
                }
                "new_message" | "message_updated" => {
                    let id = int(&frame["room"]);
                    if !view.rooms.contains_key(&id) {
                        self.to_fetch.insert(id);
                    }
                    view.rooms.entry(id).or_default().message(&frame["message"]);
                }
                "message_read" => {
                    if let Some(room) = view.rooms.get_mut(&int(&frame["room"])) {
                        room.read(int(&frame["user_id"]), int(&frame["up_to"]));
                    }
                }
                "unread" => {
                    if let Some(room) = view.rooms.get_mut(&int(&frame["room"])) {
                        room.counted(&frame);
                    }
                }
                "data_change" => {
                    for change in frame["changes"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .filter(|c| c["table"] == "ventes")
                    {
                        let key = change["key"]["id"].to_string();
                        match &change["row"] {
                            Value::Null => view.rows.remove(&key),
                            row => view
                                .rows
                                .insert(key, json!([row["id"], row["quantite"], row["note"]])),
                        };
                    }
                }
                "resync" => panic!("{} lost its place: {frame}", self.user),
                _ => {}
            }
            if let Some(cursor) = frame["cursor"].as_str() {
                self.cursor = Some(cursor.to_owned());
            }
        }
    }

    /// Fetches what rooms had before they came to it.
    fn fetch(&mut self) {
        for room in std::mem::take(&mut self.to_fetch) {
            let Some(socket) = &mut self.socket else { return };
            let Some(found) = history(socket, room) else {
                continue; // no longer his: that is on its way
            };
            let mine = socket.request(json!({"type": "rooms"})).unwrap()["rooms"].clone();
            let described = mine
                .as_array()
                .unwrap()
                .iter()
                .find(|r| int(&r["id"]) == room && r["joined"] == true);
            let Some(described) = described else { continue };
            let seen = self.view.rooms.entry(room).or_default();
            seen.described(described);
            seen.counted(described);
            for message in found {
                seen.message(&message);
            }
        }
    }

    fn operate(&mut self, random: &mut StdRng, ids: &[i64], n: usize) {
        let rooms: Vec<i64> = self.view.rooms.keys().copied().collect();
        let room = rooms.choose(random).copied().unwrap_or(1);
        let known = self.view.rooms.get(&room);
        let messages: Vec<i64> =
            known.map_or(vec![], |r| r.messages.values().map(|m| int(&m["id"])).collect());
        let message_id = messages.choose(random).copied().unwrap_or(1);
        let other = *ids.choose(random).unwrap();
        let up_to = random.random_range(0..40);
        let content = format!("{n} @{}", USERS.choose(random).unwrap());
        let client_id = format!("m{n}");
        let frame = match random.random_range(0..26) {
            0 => {
                json!({"type": "create_room", "name": format!("r{n}"), "members": [other], "open": n.is_multiple_of(3)})
            }
            1 => json!({"type": "add_member", "room": room, "user_id": other}),
            2 => json!({"type": "remove_member", "room": room, "user_id": other}),
            3 if n.is_multiple_of(2) => json!({"type": "leave_room", "room": room}),
            4 => json!({"type": "join_room", "room": random.random_range(1..30)}),
            5 | 6 => {
                json!({"type": "edit_message", "room": room, "message_id": message_id, "content": content})
            }
            7 => json!({"type": "delete_message", "room": room, "message_id": message_id}),
            8 | 9 => {
                json!({"type": "react", "room": room, "message_id": message_id, "emoji": "👍", "on": !n.is_multiple_of(3)})
            }
            10 | 11 => json!({"type": "mark_read", "room": room, "up_to": up_to}),
            12 => json!({"type": "mark_delivered", "room": room, "up_to": up_to}),
            13 => json!({"type": "acknowledge", "room": room, "message_id": message_id}),
            14 => {
                json!({"type": "send_message", "to": other, "kind": "text", "content": content, "client_id": client_id})
            }
            15 => {
                let sql = "INSERT INTO ventes(produit_id, quantite, note) VALUES (1, ?, ?)";
                json!({"type": "query", "query": sql, "params": [n + 1, client_id]})
            }
            16 => {
                let sql = "UPDATE ventes SET quantite = quantite + 1 WHERE id % 5 = ?";
                json!({"type": "query", "query": sql, "params": [n % 5]})
            }
            17 => {
                json!({"type": "query", "query": "DELETE FROM ventes WHERE id % 11 = ?", "params": [n % 11]})
            }
            _ => {
                json!({"type": "send_message", "room": room, "kind": "text", "content": content, "client_id": client_id})
            }
        };
        // Whether it is refused does not matter here.
        if let Some(socket) = &mut self.socket
            && let Ok(id) = socket.try_send(frame)
            && random.random_bool(0.7)
        {
            let _ = socket.try_answer(&id);
        }
    }
}

/// What differs, in lines.
fn difference(seen: &View, there: &View) -> String {
    let mut lines = String::new();
    let ids: BTreeSet<&i64> = seen.rooms.keys().chain(there.rooms.keys()).collect();
    for id in ids {
        let (Some(one), Some(other)) = (seen.rooms.get(id), there.rooms.get(id)) else {
            lines += &format!("\nroom {id}: seen {}", seen.rooms.contains_key(id));
            continue;
        };
        let counts = |room: &RoomView| {
            (
                room.unread,
                room.mentions,
                room.members.clone(),
                room.read.clone(),
            )
        };
        if counts(one) != counts(other) {
            lines += &format!("\nroom {id}: {:?}, there {:?}", counts(one), counts(other));
        }
        let seqs: BTreeSet<&i64> = one.messages.keys().chain(other.messages.keys()).collect();
        for seq in seqs {
            let (a, b) = (one.messages.get(seq), other.messages.get(seq));
            if a != b {
                lines += &format!("\nroom {id}, message {seq}: {a:?}, there {b:?}");
            }
        }
    }
    if seen.rows != there.rows {
        lines += &format!("\nrows: {:?}, there {:?}", seen.rows, there.rows);
    }
    lines
}

#[test]
fn what_clients_put_together_from_events_equals_a_fresh_look_whatever_they_do_and_lose() {
    let seed = std::env::var("COMPTOIR_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| rand::rng().random());
    println!("COMPTOIR_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut hub = Hub::with().unthrottled().start();
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|n| Client::new(&hub, USERS[n % USERS.len()]))
        .collect();
    let ids: Vec<i64> = clients.iter().take(USERS.len()).map(|client| client.id).collect();
    for n in 0..OPERATIONS {
        if n == OPERATIONS / 2 {
            hub.kill();
            hub.restart();
            clients.iter_mut().for_each(Client::cut);
        }
        let client = clients.choose_mut(&mut random).unwrap();
        client.connect(&hub);
        client.operate(&mut random, &ids, n);
        if random.random_bool(0.5) {
            client.look();
            client.fetch();
        }
        if random.random_bool(0.1) {
            client.cut();
        }
    }
    for client in &mut clients {
        client.connect(&hub);
        let deadline = Instant::now() + PATIENCE;
        loop {
            client.socket.as_mut().unwrap().ping();
            client.look();
            client.fetch();
            client.look();
            let fresh = View::fetched(&mut hub.socket(client.user)).of_members();
            client.view = client.view.clone().of_members();
            if client.view == fresh {
                break;
            }
            if Instant::now() > deadline {
                // What the room's actor counts, without changing anything.
                let ask = |room: &i64| json!({"type": "mark_delivered", "room": room, "up_to": 0});
                let socket = client.socket.as_mut().unwrap();
                let counted: Vec<_> = fresh.rooms.keys().map(|room| socket.request(ask(room))).collect();
                panic!(
                    "COMPTOIR_SEED={seed}: {} sees otherwise:{}\nand is counted {counted:?}",
                    client.user,
                    difference(&client.view, &fresh)
                );
            }
        }
    }
}
