//! Uploads on their way to the disk, and what becomes of them.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{BOUNDARY, field, form, noise, path_of, png, send, stored, upload};
use crate::support::{Hub, disk::SmallDisk, eventually, isolated::with_own_mounts, raw};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn an_upload_is_hashed_and_comes_back_as_it_was() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let content = noise(3_000_001);
    let file = upload(&awa, "données.bin", "application/octet-stream", &content);
    assert_eq!(file["size"], 3_000_001);
    assert_eq!(file["name"], "données.bin");
    assert_eq!(file["sha256"], hex(&Sha256::digest(&content)));
    for member in ["duration_ms", "width", "height", "thumbnail_url"] {
        assert!(file[member].is_null(), "{file}");
    }
    let (status, _, body) = awa.bytes("GET", &path_of(&file));
    assert_eq!(status, 200);
    assert!(body == content, "the bytes differ");
    let on_disk = stored(&hub);
    assert_eq!(on_disk.len(), 1, "{on_disk:?}");
    assert!(
        !on_disk[0].contains("donn"),
        "names on the disk are the hub's own"
    );
}

#[test]
fn an_empty_file_is_a_file() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let file = upload(&awa, "vide.txt", "text/plain", b"");
    assert_eq!(file["size"], 0);
    assert_eq!(awa.bytes("GET", &path_of(&file)).2, b"");
}

#[test]
fn a_file_over_the_limit_is_refused_and_leaves_nothing() {
    let hub = Hub::with().env("LIMITS__MAX_FILE_BYTES", 100_000).start();
    let awa = hub.as_user("awa");
    // Announced as too long, found to be too long, and far too long to be read to its end.
    for length in [400_000, 100_001, 2_000_000] {
        let problem =
            send(&awa, &form("a", "text/plain", &noise(length), &[])).problem(413, "payload_too_large");
        assert_eq!(problem["limit"], "max_file_bytes");
    }
    assert_eq!(stored(&hub), Vec::<String>::new());
    upload(&awa, "a", "text/plain", &noise(100_000));
}

#[test]
fn a_form_that_is_not_whole_is_invalid_and_leaves_nothing() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let good = form("a", "text/plain", b"abc", &[]);
    let mut two = Vec::new();
    field(&mut two, "file", "; filename=\"a\"", b"1");
    two.extend(&good);
    let mut none = Vec::new();
    field(&mut none, "fichier", "; filename=\"a\"", b"1");
    none.extend(format!("--{BOUNDARY}--\r\n").bytes());
    for (what, body) in [
        ("cut", &good[..good.len() - 30]),
        ("two files", &two),
        ("no file", &none),
        ("nothing", &[][..]),
        ("no form", b"hello"),
    ] {
        let reply = send(&awa, body);
        assert_eq!(reply.status, 400, "{what}: {}", reply.text);
        reply.problem(400, "invalid_request");
    }
    for duration in ["-1", "1.5", "abc", "86400001", "99999999999999999999"] {
        send(
            &awa,
            &form("a", "audio/ogg", b"OggS\0", &[("duration_ms", duration)]),
        )
        .problem(400, "invalid_request");
    }
    awa.post_text("/api/files", "{}").problem(400, "invalid_request");
    hub.client()
        .post_bytes(
            "/api/files",
            &format!("multipart/form-data; boundary={BOUNDARY}"),
            &good,
        )
        .problem(401, "unauthorized");
    assert_eq!(stored(&hub), Vec::<String>::new());
}

/// An upload that has come to the disk in part.
fn begin(hub: &Hub, user: &str) -> TcpStream {
    let mut stream = raw::connect(hub.addr());
    let head = format!(
        "POST /api/files HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: 9000000\r\n\r\n",
        hub.token(user)
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut begun = Vec::new();
    field(&mut begun, "file", "; filename=\"a\"", &noise(1_000_000));
    stream.write_all(&begun).unwrap();
    eventually("the upload has begun", || (stored(hub).len() == 1).then_some(()));
    stream
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let hub = Hub::start();
    let stream = begin(&hub, "awa");
    drop(stream);
    eventually("nothing is left", || stored(&hub).is_empty().then_some(()));
}

#[test]
fn what_a_killed_hub_was_receiving_is_gone_after_the_next_start() {
    let mut hub = Hub::start();
    let _stream = begin(&hub, "awa");
    hub.kill();
    std::fs::write(
        hub.data_dir().join("files/0123456789abcdef0123456789abcdef"),
        "no row",
    )
    .unwrap();
    hub.restart();
    eventually("nothing is left", || stored(&hub).is_empty().then_some(()));
}

#[test]
fn an_answered_upload_survives_a_kill() {
    let mut hub = Hub::start();
    let content = noise(700_000);
    let file = upload(&hub.as_user("awa"), "a.bin", "", &content);
    hub.kill();
    hub.restart();
    let (status, _, body) = hub.as_user("awa").bytes("GET", &path_of(&file));
    assert_eq!(status, 200);
    assert!(body == content);
}

#[test]
fn what_is_never_sent_is_removed_after_its_time() {
    let hub = Hub::with().env("FILES__ORPHAN_AFTER_S", 1).start();
    let awa = hub.as_user("awa");
    let file = upload(&awa, "a.png", "image/png", &png(10, 10));
    eventually("the orphan is collected", || {
        (awa.bytes("GET", &path_of(&file)).0 == 404 && stored(&hub).is_empty()).then_some(())
    });
}

#[test]
fn uploads_side_by_side_do_not_mix() {
    let hub = Hub::start();
    let clients = [hub.as_user("awa"), hub.as_user("awa"), hub.as_user("binta")];
    std::thread::scope(|scope| {
        for (n, client) in clients.iter().enumerate() {
            scope.spawn(move || {
                for round in 0..3_usize {
                    let content = noise(500_000 + n * 1_000 + round);
                    let file = upload(client, "a", "", &content);
                    assert!(client.bytes("GET", &path_of(&file)).2 == content);
                }
            });
        }
    });
    assert_eq!(stored(&hub).len(), 9);
}

#[test]
fn one_user_does_not_take_all_the_places() {
    let hub = Hub::with().env("FILES__PARALLEL_UPLOADS", 4).start();
    let stream = begin(&hub, "awa");
    let busy = send(&hub.as_user("awa"), &form("b", "", b"b", &[])).problem(503, "busy");
    assert!(busy["retry_after_ms"].as_u64().unwrap() > 0);
    upload(&hub.as_user("binta"), "b", "", b"b");
    drop(stream);
    eventually("the place is free again", || {
        (send(&hub.as_user("awa"), &form("b", "", b"b", &[])).status == 201).then_some(())
    });
}

#[test]
fn what_one_user_leaves_unsent_is_bounded() {
    let hub = Hub::with().env("FILES__UNSENT_BYTES", 100_000).start();
    let awa = hub.as_user("awa");
    upload(&awa, "a", "", &noise(60_000));
    let problem = send(&awa, &form("b", "", &noise(60_000), &[])).problem(413, "payload_too_large");
    assert_eq!(problem["limit"], "unsent_bytes");
    upload(&hub.as_user("binta"), "b", "", &noise(60_000));
    assert_eq!(stored(&hub).len(), 2);
}

#[test]
fn on_a_full_disk_an_upload_is_unavailable_and_leaves_nothing() {
    with_own_mounts(|| {
        let disk = SmallDisk::new(24);
        let hub = Hub::with().data(disk.path().join("data")).start();
        let awa = hub.as_user("awa");
        let first = upload(&awa, "a", "", &noise(10_000));
        send(&awa, &form("b", "", &noise(30_000_000), &[])).problem(503, "unavailable");
        assert_eq!(stored(&hub).len(), 1);
        // And the databases still have room.
        let mut socket = hub.socket("awa");
        socket
            .query("INSERT INTO lignes(texte) VALUES ('x')", serde_json::json!([]))
            .unwrap();
        disk.fill();
        send(&awa, &form("b", "", b"b", &[])).problem(503, "unavailable");
        disk.relieve();
        upload(&awa, "b", "", b"b");
        assert_eq!(awa.bytes("GET", &path_of(&first)).2, noise(10_000));
    });
}

/// The same without a disk of one's own: the system takes no file of the hub over so many bytes.
#[test]
fn where_the_system_takes_no_more_an_upload_is_unavailable_and_leaves_nothing() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let first = upload(&awa, "a", "", &noise(10_000));
    hub.limit_files(Some(8 << 20));
    send(&awa, &form("b", "", &noise(10_000_000), &[])).problem(503, "unavailable");
    assert_eq!(stored(&hub).len(), 1, "only the first is there");
    // The hub lives, and what fits is taken.
    upload(&awa, "b", "", &noise(10_000));
    let mut socket = hub.socket("awa");
    socket
        .query("INSERT INTO lignes(texte) VALUES ('x')", serde_json::json!([]))
        .unwrap();
    hub.limit_files(None);
    let content = noise(10_000_000);
    let large = upload(&awa, "c", "", &content);
    assert!(awa.bytes("GET", &path_of(&large)).2 == content);
    assert_eq!(awa.bytes("GET", &path_of(&first)).2, noise(10_000));
}

#[test]
fn a_backup_holds_the_files_and_a_restore_brings_them_back() {
    let hub = Hub::start();
    let content = noise(300_000);
    let awa = hub.as_user("awa");
    let file = upload(&awa, "a", "", &content);
    let picture = upload(&awa, "a.png", "image/png", &png(640, 480));
    let backups = tempfile::tempdir().unwrap();
    let backup = hub.backup(&backups.path().join("made"));
    let restored = backups.path().join("restored");
    let paths = [backup.to_str().unwrap(), restored.to_str().unwrap()];
    crate::support::cli::run(&["restore", paths[0], "--data", paths[1]], "", &[]).succeeded();
    let check = crate::support::cli::run(&["check", "--data", paths[1]], "", &[]).succeeded();
    assert!(
        check.stdout.contains("2 files, each as it was uploaded"),
        "{}",
        check.stdout
    );

    let again = Hub::with().data(&restored).start();
    let awa = again.as_user("awa");
    assert!(awa.bytes("GET", &path_of(&file)).2 == content);
    assert_eq!(
        awa.bytes("GET", &format!("{}/thumbnail", path_of(&picture))).0,
        200
    );

    damage(&restored.join("files"));
    let check = crate::support::cli::run(&["check", "--data", paths[1]], "", &[]);
    assert_eq!(check.code, 1);
    assert!(check.stdout.contains("not what was uploaded"), "{}", check.stdout);
}

/// Changes one byte of the largest file.
fn damage(files: &Path) {
    let largest = std::fs::read_dir(files)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .max_by_key(|entry| entry.metadata().unwrap().len())
        .unwrap()
        .path();
    let mut bytes = Vec::new();
    std::fs::File::open(&largest)
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes[1_000] ^= 1;
    std::fs::write(largest, bytes).unwrap();
}
