//! Events without a socket: server-sent events and the long poll.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Hub, Socket, sse::Sse};

fn line(socket: &mut Socket, text: &str) {
    socket
        .query("INSERT INTO lignes VALUES (?)", json!([text]))
        .unwrap();
}

#[test]
fn server_sent_events_carry_the_sockets_frames_and_resume_by_last_event_id() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let client = hub.as_user("awa");
    let mut stream = Sse::open(&client, "/api/events");
    let welcome = stream.next();
    assert_eq!(welcome.frame["type"], "welcome");
    line(&mut awa, "un");
    let change = stream.next_of("data_change");
    assert_eq!(change.id.as_deref(), change.frame["cursor"].as_str());
    assert_eq!(change.frame["changes"][0]["row"]["texte"], "un");
    drop(stream);
    line(&mut awa, "deux");
    line(&mut awa, "trois");
    let client = client.header("last-event-id", &change.id.unwrap());
    let mut stream = Sse::open(&client, "/api/events");
    assert_eq!(stream.next().frame["type"], "welcome");
    for text in ["deux", "trois"] {
        assert_eq!(
            stream.next_of("data_change").frame["changes"][0]["row"]["texte"],
            text
        );
    }
    assert_eq!(stream.next_of("caught_up").frame["replayed"], 2);
}

#[test]
fn an_event_stream_ends_with_its_login() {
    let hub = Hub::start();
    let client = hub.as_user("awa");
    let body = client
        .clone()
        .header("accept", "text/event-stream")
        .open("GET", "/api/events", None)
        .unwrap();
    client.post("/api/auth/logout", &json!({}));
    // Reads to the end, which comes.
    let mut body = body.into_body();
    let _ = body.read_to_string().unwrap();
}

#[test]
fn a_long_poll_resumes_where_the_last_one_ended() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let client = hub.as_user("awa");
    let poll = |query: &str| -> Value { client.get(&format!("/api/events?{query}")).ok() };
    let first = poll("wait_ms=0");
    let mut cursor = first["cursor"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    for n in 0..10 {
        line(&mut awa, &n.to_string());
        let answer = poll(&format!("since={cursor}&wait_ms=5000"));
        cursor = answer["cursor"].as_str().unwrap().to_owned();
        for event in answer["events"].as_array().unwrap() {
            if event["type"] == "data_change" {
                seen.push(event["changes"][0]["row"]["texte"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(seen, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_waiting_poll_is_answered_as_soon_as_something_happens() {
    let hub = Hub::start();
    let client = hub.as_user("awa");
    let cursor = client.get("/api/events?wait_ms=0").ok()["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            client
                .get(&format!("/api/events?since={cursor}&wait_ms=10000&tables=lignes"))
                .ok()
        });
        line(&mut hub.socket("binta"), "enfin");
        assert!(waiting.join().unwrap()["events"].to_string().contains("enfin"));
    });
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn events_of_a_table_that_the_role_may_not_read_are_forbidden() {
    let hub = Hub::start();
    hub.as_user("awa")
        .get("/api/events?tables=secrets&wait_ms=0")
        .problem(403, "forbidden");
}
