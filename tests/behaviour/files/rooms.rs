//! Files within messages: read by whoever is in a room where they were sent, for as long as a message carries them.

use serde_json::{Value, json};

use super::{path_of, png, stored, upload};
use crate::support::{Hub, Socket, eventually, unique};

fn id_of(socket: &Socket) -> Value {
    socket.welcome["user"]["id"].clone()
}

#[track_caller]
fn send(socket: &mut Socket, room: &Value, file: &Value) -> Value {
    let message = json!({
        "type": "send_message", "room": room, "kind": "image", "content": "", "file": file["id"],
        "client_id": unique("m")
    });
    socket.request(message).unwrap()["message"].clone()
}

/// A group of awa and binta.
fn group(awa: &mut Socket, binta: &Socket) -> Value {
    awa.request(json!({"type": "create_room", "name": "soins", "members": [id_of(binta)]}))
        .unwrap()["room"]["id"]
        .clone()
}

#[test]
fn a_file_is_read_by_the_members_of_its_room_and_by_nobody_else() {
    let hub = Hub::start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let (awa_http, binta_http, caro_http) = (hub.as_user("awa"), hub.as_user("binta"), hub.as_user("caro"));
    let file = upload(&awa_http, "a.png", "image/png", &png(500, 300));
    binta_http.get(&path_of(&file)).problem(404, "not_found");

    let room = group(&mut awa, &binta);
    let message = send(&mut awa, &room, &file);
    assert_eq!(message["file"]["id"], file["id"]);
    assert_eq!(
        (&message["file"]["width"], &message["file"]["mime"]),
        (&500.into(), &"image/png".into())
    );
    let heard = binta.event("new_message")["message"]["file"].clone();
    for url in [&heard["url"], &heard["thumbnail_url"]] {
        assert_eq!(hub.client().bytes("GET", url.as_str().unwrap()).0, 200);
    }
    assert_eq!(binta_http.bytes("GET", &path_of(&file)).2, png(500, 300));
    caro_http.get(&path_of(&file)).problem(404, "not_found");
    hub.as_user("admin")
        .get(&path_of(&file))
        .problem(404, "not_found");

    // Whoever is taken out of the room reads it no more.
    awa.request(json!({"type": "remove_member", "room": room, "user_id": id_of(&binta)}))
        .unwrap();
    binta_http.get(&path_of(&file)).problem(404, "not_found");
    assert_eq!(awa_http.bytes("GET", &path_of(&file)).0, 200);
}

/// The addresses of a file as a member of its room gets them now.
fn fresh(socket: &mut Socket, room: &Value) -> String {
    let page = socket.request(json!({"type": "history", "room": room})).unwrap();
    let carrying = page["messages"].as_array().unwrap().last().unwrap();
    carrying["file"]["url"].as_str().unwrap().to_owned()
}

#[test]
fn an_address_that_was_handed_out_before_somebody_is_out_of_the_room_is_void_at_once() {
    let hub = Hub::start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let file = upload(&hub.as_user("awa"), "a.png", "image/png", &png(500, 300));
    let room = group(&mut awa, &binta);
    send(&mut awa, &room, &file);
    let heard = binta.event("new_message")["message"]["file"].clone();
    let taken_along = [&heard["url"], &heard["thumbnail_url"]].map(|url| url.as_str().unwrap().to_owned());
    let of_another_room = upload(&hub.as_user("awa"), "b.png", "image/png", &png(5, 5));

    awa.request(json!({"type": "remove_member", "room": room, "user_id": id_of(&binta)}))
        .unwrap();
    for url in &taken_along {
        hub.client().get(url).problem(401, "unauthorized");
    }
    // Whoever stayed gets others, and nothing else is touched.
    let url = fresh(&mut awa, &room);
    assert_eq!(hub.client().bytes("GET", &url).0, 200);
    let other = of_another_room["url"].as_str().unwrap();
    assert_eq!(hub.client().bytes("GET", other).0, 200);

    // The same for whoever is back and loses his account, or goes himself.
    awa.request(json!({"type": "add_member", "room": room, "user_id": id_of(&binta)}))
        .unwrap();
    let url = fresh(&mut binta, &room);
    binta
        .request(json!({"type": "leave_room", "room": room}))
        .unwrap();
    hub.client().get(&url).problem(401, "unauthorized");
    awa.request(json!({"type": "add_member", "room": room, "user_id": id_of(&binta)}))
        .unwrap();
    let url = fresh(&mut binta, &room);
    assert_eq!(hub.client().bytes("GET", &url).0, 200);
    hub.cli(&["user", "disable", "binta"]).succeeded();
    hub.client().get(&url).problem(401, "unauthorized");
}

#[test]
fn nobody_sends_what_is_not_his() {
    let hub = Hub::start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let file = upload(&hub.as_user("awa"), "a.png", "image/png", &png(5, 5));
    let room = group(&mut awa, &binta);
    for id in [file["id"].clone(), json!(999_999)] {
        binta.refused(
            json!({
                "type": "send_message", "room": room, "kind": "file", "content": "", "file": id,
                "client_id": unique("m")
            }),
            "not_found",
        );
    }
}

#[test]
fn a_file_goes_with_the_last_message_that_carries_it_and_not_before() {
    let hub = Hub::with().env("FILES__ORPHAN_AFTER_S", 2).start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let binta_http = hub.as_user("binta");
    let file = upload(&hub.as_user("awa"), "a.png", "image/png", &png(5, 5));
    let room = group(&mut awa, &binta);
    let messages = [send(&mut awa, &room, &file), send(&mut awa, &room, &file)];
    let url = binta.event("new_message")["message"]["file"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    // Sent, it is no orphan: another one that was uploaded later is collected, and this one stays.
    upload(&hub.as_user("awa"), "b", "", b"b");
    eventually("the orphan is collected", || {
        (stored(&hub).len() == 2).then_some(())
    });
    assert_eq!(binta_http.bytes("GET", &path_of(&file)).0, 200);

    let delete =
        |message: &Value| json!({"type": "delete_message", "room": room, "message_id": message["id"]});
    awa.request(delete(&messages[0])).unwrap();
    assert_eq!(binta_http.bytes("GET", &path_of(&file)).0, 200);
    awa.request(delete(&messages[1])).unwrap();
    binta_http.get(&path_of(&file)).problem(404, "not_found");
    hub.as_user("awa").get(&path_of(&file)).problem(404, "not_found");
    hub.client().get(&url).problem(404, "not_found");
    eventually("nothing is left on the disk", || {
        stored(&hub).is_empty().then_some(())
    });
}
