//! Who reads a file: by token, by ticket, and nobody else.

use serde_json::Value;

use super::{noise, path_of, png, upload};
use crate::support::{Client, Hub, eventually};

/// What a refusal says, without what differs by request.
fn refusal(client: &Client, path: &str) -> Value {
    let mut problem = client.get(path).problem(404, "not_found");
    problem.as_object_mut().unwrap().remove("request_id");
    problem
}

#[test]
fn a_file_that_is_not_yours_is_not_there() {
    let hub = Hub::start();
    let file = upload(&hub.as_user("awa"), "a.png", "image/png", &png(20, 20));
    let absent = refusal(&hub.as_user("binta"), "/api/files/999999");
    for other in ["binta", "caro", "moussa", "admin"] {
        let client = hub.as_user(other);
        for path in [
            path_of(&file),
            format!("{}/thumbnail", path_of(&file)),
            "/api/files/0".into(),
            "/api/files/-1".into(),
            "/api/files/abc".into(),
            "/api/files/99999999999999999999999".into(),
        ] {
            assert_eq!(refusal(&client, &path), absent, "{other} {path}");
        }
        assert_eq!(client.bytes("HEAD", &path_of(&file)).0, 404);
    }
    hub.client().get(&path_of(&file)).problem(401, "unauthorized");
}

#[test]
fn a_ticket_opens_its_file_without_a_token_and_no_other() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let first = upload(&awa, "a.png", "image/png", &png(400, 20));
    let second = upload(&awa, "b.png", "image/png", &png(30, 30));
    let nobody = hub.client();
    let (status, _, body) = nobody.bytes("GET", first["url"].as_str().unwrap());
    assert_eq!((status, body), (200, png(400, 20)));
    let (status, headers, _) = nobody.bytes("GET", first["thumbnail_url"].as_str().unwrap());
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );

    let ticket = first["url"]
        .as_str()
        .unwrap()
        .split_once("?ticket=")
        .unwrap()
        .1
        .to_owned();
    let (expires, seal) = ticket.split_once('.').unwrap();
    let later = expires.parse::<i64>().unwrap() + 60_000;
    let turned: String = seal.chars().rev().collect();
    for (path, ticket) in [
        (path_of(&second), ticket.clone()),
        ("/api/files/999999".into(), ticket.clone()),
        (path_of(&first), format!("{later}.{seal}")),
        (path_of(&first), format!("{expires}.{turned}")),
        (path_of(&first), format!("{expires}.")),
        (path_of(&first), String::new()),
        (path_of(&first), hub.token("awa")),
    ] {
        nobody
            .get(&format!("{path}?ticket={ticket}"))
            .problem(401, "unauthorized");
    }
}

#[test]
fn a_ticket_ends_with_its_time() {
    let hub = Hub::with().env("FILES__TICKET_TTL_S", 1).start();
    let file = upload(&hub.as_user("awa"), "a", "", b"abc");
    let url = file["url"].as_str().unwrap();
    eventually("the ticket has expired", || {
        (hub.client().get(url).status == 401).then_some(())
    });
    // It does not stand in the way of whoever may read the file anyhow.
    assert_eq!(hub.as_user("awa").get(url).status, 200);
    assert_eq!(hub.as_user("binta").get(url).status, 404);
}

#[test]
fn ranges_are_answered_in_part_and_only_of_the_file_that_was_meant() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let content = noise(200_000);
    let file = upload(&awa, "a.bin", "", &content);
    let path = path_of(&file);
    let (_, headers, _) = awa.bytes("HEAD", &path);
    let etag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(headers["content-length"], "200000");
    assert_eq!(headers["accept-ranges"], "bytes");

    for (range, first, last) in [
        ("bytes=0-0", 0, 0),
        ("bytes=100-149999", 100, 149_999),
        ("bytes=199990-", 199_990, 199_999),
        ("bytes=-5", 199_995, 199_999),
        ("bytes=199999-999999", 199_999, 199_999),
    ] {
        for client in [awa.clone(), awa.clone().header("if-range", &etag)] {
            let (status, headers, body) = client.header("range", range).bytes("GET", &path);
            assert_eq!(status, 206, "{range}");
            assert_eq!(headers["content-range"], format!("bytes {first}-{last}/200000"));
            assert!(body == content[first..=last], "{range}");
        }
    }
    let other = awa
        .clone()
        .header("range", "bytes=0-9")
        .header("if-range", "\"other\"");
    assert_eq!(other.bytes("GET", &path).2.len(), 200_000);
    assert_eq!(
        awa.clone().header("range", "bytes=0-1,5-6").bytes("GET", &path).0,
        200
    );
    let outside = awa.clone().header("range", "bytes=200000-").get(&path);
    outside.problem(416, "invalid_request");
    assert_eq!(outside.header("content-range"), Some("bytes */200000"));
    let (status, _, body) = awa.clone().header("if-none-match", &etag).bytes("GET", &path);
    assert_eq!((status, body.len()), (304, 0));
    let gzip = awa.clone().header("accept-encoding", "gzip").bytes("GET", &path);
    assert!(gzip.1.get("content-encoding").is_none());
}
