//! Conversations in the older service's words: the same rooms and messages, for the same people.

use serde_json::{Value, json};

use crate::support::{Client, Hub};

/// The data of an answer, with nothing beside it.
#[track_caller]
fn data(reply: &crate::support::Reply) -> Value {
    let body = reply.ok();
    assert_eq!(body, json!({"success": true, "data": body["data"]}));
    body["data"].clone()
}

fn id_of(client: &Client) -> i64 {
    client.get("/api/me").ok()["user"]["id"].as_i64().unwrap()
}

/// The private conversation of two, opened by the first.
fn private(one: &Client, other: &Client) -> i64 {
    let wanted = json!({"type": "private", "participant_id": id_of(other)});
    let opened = one.post("/api/messaging/conversations", &wanted);
    assert_eq!(opened.status, 201, "{}", opened.text);
    data(&opened)["conversation"]["id"].as_i64().unwrap()
}

fn messages_of(id: i64) -> String {
    format!("/api/messaging/conversations/{id}/messages")
}

#[test]
fn members_write_and_read_in_the_old_shapes() {
    let hub = Hub::start();
    let (awa, binta) = (hub.as_user("awa"), hub.as_user("binta"));
    let mut screen = hub.socket("binta");
    let id = private(&awa, &binta);
    assert_eq!(private(&binta, &awa), id, "the same one each time");

    let body = json!({"contenu": "Bonjour", "type_message": "texte", "metadata": {"timestamp": "2024-01-15T10:30:00Z"}});
    let sent = awa.post(&messages_of(id), &body);
    assert_eq!(sent.status, 201, "{}", sent.text);
    let sent = data(&sent)["message"].clone();
    assert_eq!(sent["contenu"], "Bonjour");
    assert_eq!(sent["type_message"], "texte");
    assert_eq!(sent["expediteur_id"], id_of(&awa));
    assert_eq!(sent["conversation_id"], id);
    assert_eq!(sent["timestamp"], sent["created_at"]);
    assert_eq!(sent["sender"]["type"], "vendeur");
    assert_eq!(sent["sender"]["nom"], "Awa Diop");
    let pushed = screen.event("new_message");
    assert_eq!(
        (&pushed["message"]["id"], &pushed["message"]["content"]),
        (&sent["id"], &json!("Bonjour"))
    );

    let listed = data(&binta.get("/api/messaging/conversations"));
    let conversation = listed["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["id"] == id)
        .unwrap();
    assert_eq!(
        (&conversation["type"], &conversation["non_lus"]),
        (&json!("private"), &json!(1))
    );
    assert_eq!(conversation["dernier_message"]["contenu"], "Bonjour");
    let one = data(&binta.get(&format!("/api/messaging/conversations/{id}")));
    assert_eq!(&one["conversation"], conversation);

    awa.post(&messages_of(id), &json!({"contenu": "Deux"})).ok();
    let page = data(&binta.get(&messages_of(id)));
    let texts: Vec<&Value> = page["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["contenu"])
        .collect();
    assert_eq!(texts, ["Bonjour", "Deux"], "the oldest first");
    let newest = data(&binta.get(&format!("{}?limit=1", messages_of(id))));
    assert_eq!(
        (&newest["messages"][0]["contenu"], &newest["has_more"]),
        (&json!("Deux"), &json!(true))
    );

    let read = format!("/api/messaging/conversations/{id}/read");
    let first = data(&binta.post(&read, &json!({"up_to": sent["seq"]})));
    assert_eq!(first["non_lus"], 1);
    assert_eq!(data(&binta.post_text(&read, ""))["non_lus"], 0);
}

#[test]
fn who_writes_is_who_holds_the_token() {
    let hub = Hub::start();
    let (awa, binta) = (hub.as_user("awa"), hub.as_user("binta"));
    let (id, another) = (private(&awa, &binta), private(&awa, &hub.as_user("caro")));
    let forged = json!({
        "contenu": "Bonjour", "expediteur_id": id_of(&binta), "sender": {"id": id_of(&binta), "type": "administrateur"},
        "conversation_id": another, "room": another,
        "metadata": {"sender_id": id_of(&binta), "conversation_id": another}
    });
    let sent = data(&awa.post(&messages_of(id), &forged))["message"].clone();
    assert_eq!(
        (&sent["expediteur_id"], &sent["metadata"]["sender_id"]),
        (&json!(id_of(&awa)), &json!(id_of(&awa)))
    );
    assert_eq!(sent["sender"]["type"], "vendeur");
    assert_eq!(sent["conversation_id"], id);
    let elsewhere = data(&awa.get(&messages_of(another)));
    assert_eq!(elsewhere["messages"], json!([]));
}

#[test]
fn an_outsider_finds_nothing_whatever_he_does() {
    let hub = Hub::start();
    let (awa, caro) = (hub.as_user("awa"), hub.as_user("caro"));
    let id = private(&awa, &hub.as_user("binta"));
    awa.post(&messages_of(id), &json!({"contenu": "Entre nous"})).ok();
    let message = json!({"contenu": "x"});
    for id in [id.to_string(), "999999".into(), "temp_conv_11_79".into()] {
        let one = format!("/api/messaging/conversations/{id}");
        for reply in [
            caro.get(&one),
            caro.get(&format!("{one}/messages")),
            caro.post(&format!("{one}/messages"), &message),
            caro.post(&format!("{one}/read"), &json!({})),
            caro.post(&format!("{one}/read"), &json!({"up_to": 1})),
        ] {
            assert_eq!(reply.problem(404, "not_found")["success"], false);
        }
    }
    let listed = data(&caro.get("/api/messaging/conversations"));
    assert!(
        !listed["conversations"]
            .as_array()
            .unwrap()
            .iter()
            .any(|c| c["id"] == id)
    );
    // Nor is a conversation opened with whom the role may not write to.
    let stranger = json!({"participant_id": id_of(&awa)});
    hub.as_user("moussa")
        .post("/api/messaging/conversations", &stranger)
        .problem(403, "forbidden");
    hub.client()
        .get("/api/messaging/conversations")
        .problem(401, "unauthorized");
}

#[test]
fn a_message_sent_again_is_the_one_that_is_there() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let id = private(&awa, &hub.as_user("binta"));
    let keyed = hub.as_user("awa").header("idempotency-key", "un clic");
    let first = keyed.post(&messages_of(id), &json!({"contenu": "Bonjour"}));
    let again = keyed.post(&messages_of(id), &json!({"contenu": "Bonjour"}));
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(data(&first)["message"]["id"], data(&again)["message"]["id"]);
    keyed
        .post(&messages_of(id), &json!({"contenu": "Autre"}))
        .problem(409, "conflict");
    for bad in [
        json!({"contenu": ""}),
        json!({"contenu": 5}),
        json!({"contenu": "x", "type_message": "video"}),
    ] {
        awa.post(&messages_of(id), &bad).problem(400, "invalid_request");
    }
}
