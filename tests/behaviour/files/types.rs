//! What browsers are told of a file: types that the hub decides, and names that do no harm.

use super::{form, path_of, png, send, upload};
use crate::support::{Client, Hub};

/// Type and disposition as a browser gets them, after checking what must hold of every file.
#[track_caller]
fn served(client: &Client, path: &str) -> (String, String) {
    let (status, headers, _) = client.bytes("GET", path);
    assert_eq!(status, 200);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
    (header("content-type"), header("content-disposition"))
}

#[test]
fn what_a_browser_could_run_is_only_ever_saved() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let html = b"<!doctype html><script>alert(1)</script>";
    let mut polyglot = b"\x89PNG\r\n\x1a\n".to_vec();
    polyglot.extend(html);
    for (name, mime, content) in [
        ("a.svg", "image/svg+xml", &svg[..]),
        ("a.png", "image/png", svg),
        ("a.html", "text/html", html),
        ("a.html", "text/html; charset=utf-7", b"+ADw-script+AD4-"),
        ("a.png", "image/png", html),
        ("a.png", "image/png", &polyglot),
        ("a.gif", "image/gif", b"GIF89a/*<script>*/=1;"),
        ("a.mp3", "audio/mpeg", html),
        ("a.webm", "audio/webm", html),
        ("a.js", "text/javascript", b"alert(1)"),
        ("a.xml", "application/xhtml+xml", html),
        ("a.txt", "text/plain", html),
        ("a.pdf", "application/pdf", html),
    ] {
        let file = upload(&awa, name, mime, content);
        assert_eq!(file["mime"], "application/octet-stream", "{mime}");
        let (kind, disposition) = served(&awa, &path_of(&file));
        assert_eq!(kind, "application/octet-stream");
        assert!(disposition.starts_with("attachment"), "{disposition}");
        assert!(file["thumbnail_url"].is_null());
    }
}

#[test]
fn documents_keep_their_type_and_are_saved() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for (mime, content) in [
        ("application/pdf", &b"%PDF-1.7\n"[..]),
        ("text/csv", b"a;b\n1;2\n"),
    ] {
        let file = upload(&awa, "a", mime, content);
        let (kind, disposition) = served(&awa, &path_of(&file));
        assert_eq!(kind, mime);
        assert!(disposition.starts_with("attachment"));
    }
}

#[test]
fn pictures_are_shown_with_their_size_and_a_thumbnail() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    // What the sender says counts for nothing.
    let file = upload(&awa, "scan.bin", "application/octet-stream", &png(800, 600));
    assert_eq!((&file["width"], &file["height"]), (&800.into(), &600.into()));
    assert_eq!(file["mime"], "image/png");
    let (kind, disposition) = served(&awa, &path_of(&file));
    assert_eq!(kind, "image/png");
    assert!(disposition.starts_with("inline"), "{disposition}");
    let thumbnail = format!("{}/thumbnail", path_of(&file));
    assert!(served(&awa, &thumbnail).1.starts_with("inline"));
    let small = image::load_from_memory(&awa.bytes("GET", &thumbnail).2).unwrap();
    assert_eq!((small.width(), small.height()), (320, 240));
}

#[test]
fn a_picture_made_to_fill_the_memory_is_a_file_like_any_other() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    // Its header says 60,000 by 60,000, its checksum is right, and there is nothing behind it.
    let mut bomb = png(1, 1);
    bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let crc = crc32(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&crc);
    let file = upload(&awa, "a.png", "image/png", &bomb);
    assert_eq!(file["mime"], "application/octet-stream");
    assert!(file["width"].is_null() && file["thumbnail_url"].is_null());
    assert!(served(&awa, &path_of(&file)).1.starts_with("attachment"));
    // One that is only large is taken: 30 megapixels in some tens of kilobytes.
    let large = png(6_000, 5_000);
    let file = upload(&awa, "a.png", "image/png", &large);
    assert_eq!(file["width"], 6_000);
    assert!(file["thumbnail_url"].is_string());
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[test]
fn a_voice_note_is_played_and_has_its_duration() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for (mime, content) in [
        ("audio/ogg; codecs=opus", &b"OggS\0\x02rest"[..]),
        (
            "audio/webm;codecs=opus",
            b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webmrest",
        ),
        ("audio/mp4", b"\0\0\0\x1cftypM4A rest"),
        ("audio/wav", b"RIFF\0\0\0\0WAVEfmt "),
        ("audio/mpeg", b"ID3\x04rest"),
    ] {
        let reply = send(&awa, &form("note", mime, content, &[("duration_ms", "4200")]));
        assert_eq!(reply.status, 201, "{}", reply.text);
        let file = reply.json();
        assert_eq!(file["duration_ms"], 4_200);
        let (kind, disposition) = served(&awa, &path_of(&file));
        assert_eq!(kind, mime.split(';').next().unwrap());
        assert!(disposition.starts_with("inline"), "{disposition}");
    }
    // A film is not among what is shown.
    let film = upload(&awa, "film", "video/webm", b"\x1a\x45\xdf\xa3\x42\x82\x84webm");
    assert!(served(&awa, &path_of(&film)).1.starts_with("attachment"));
}

#[test]
fn names_lose_what_does_harm_and_keep_the_rest() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for (given, name, disposition) in [
        ("../../../etc/passwd", "passwd", "attachment; filename=\"passwd\""),
        ("C:\\\\temp\\\\x.exe", "x.exe", "attachment; filename=\"x.exe\""),
        (
            "photo\u{202e}gpj.exe",
            "photogpj.exe",
            "attachment; filename=\"photogpj.exe\"",
        ),
        // As browsers escape what would break the form.
        (
            "a%22b%0D%0A.txt",
            "a\"b.txt",
            "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt",
        ),
        ("..", "file", "attachment; filename=\"file\""),
        (
            "ordonnance été.pdf",
            "ordonnance été.pdf",
            "attachment; filename=\"ordonnance _t_.pdf\"; filename*=UTF-8''ordonnance%20%C3%A9t%C3%A9.pdf",
        ),
        (
            "وصفة.pdf",
            "وصفة.pdf",
            "attachment; filename=\"____.pdf\"; filename*=UTF-8''%D9%88%D8%B5%D9%81%D8%A9.pdf",
        ),
        (
            "a\\\"; filename=evil.html; x=\\\".txt",
            "a\"; filename=evil.html; x=\".txt",
            "attachment; filename=\"a_; filename=evil.html; x=_.txt\"; \
             filename*=UTF-8''a%22%3B%20filename%3Devil.html%3B%20x%3D%22.txt",
        ),
    ] {
        let file = upload(&awa, given, "", b"abc");
        assert_eq!(file["name"], name, "{given}");
        assert_eq!(served(&awa, &path_of(&file)).1, disposition);
    }
    let long = upload(&awa, &format!("{}.jpeg", "x".repeat(3_000)), "", b"abc");
    let name = long["name"].as_str().unwrap();
    assert!(name.len() <= 200 && name.ends_with(".jpeg"));
}
