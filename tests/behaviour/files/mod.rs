//! Files: uploads, who reads them, and what browsers are told of them.

mod access;
mod rooms;
mod storing;
mod types;

use std::path::Path;

use serde_json::Value;

use crate::support::{Client, Hub, Reply};

const BOUNDARY: &str = "----frontier";

/// One field of a form.
fn field(form: &mut Vec<u8>, name: &str, more: &str, value: &[u8]) {
    form.extend(
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n").bytes(),
    );
    form.extend(value);
    form.extend(b"\r\n");
}

/// A form with one file.
pub fn form(name: &str, mime: &str, content: &[u8], others: &[(&str, &str)]) -> Vec<u8> {
    let mut form = Vec::new();
    let more = format!("; filename=\"{name}\"\r\nContent-Type: {mime}");
    field(&mut form, "file", &more, content);
    for (name, value) in others {
        field(&mut form, name, "", value.as_bytes());
    }
    form.extend(format!("--{BOUNDARY}--\r\n").bytes());
    form
}

#[track_caller]
pub fn send(client: &Client, form: &[u8]) -> Reply {
    client.post_bytes(
        "/api/files",
        &format!("multipart/form-data; boundary={BOUNDARY}"),
        form,
    )
}

/// Uploads, and answers the description.
#[track_caller]
fn upload(client: &Client, name: &str, mime: &str, content: &[u8]) -> Value {
    let reply = send(client, &form(name, mime, content, &[]));
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

fn path_of(file: &Value) -> String {
    format!("/api/files/{}", file["id"])
}

/// The names of what is stored, thumbnails and unfinished uploads included.
fn stored(hub: &Hub) -> Vec<String> {
    let root = hub.data_dir().join("files");
    let names = |directory: &Path| -> Vec<String> {
        std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let mut all = names(&root);
    all.retain(|name| name != "incoming" && name != "lock");
    all.extend(names(&root.join("incoming")));
    all
}

/// Bytes that no compression makes small and no type begins with.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes: Vec<u8> = (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect();
    bytes[..length.min(4)].fill(0);
    bytes
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::DynamicImage::new_rgb8(width, height)
        .write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png)
        .unwrap();
    bytes
}
