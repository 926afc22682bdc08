//! `/api/files`: uploads, and files as they were sent. What people uploaded is never rendered by our origin, the few
//! types aside that browsers only draw or play.

mod disposition;
mod download;
mod range;
mod upload;

use serde_json::json;

use super::{
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/api/files", upload::upload, upload_operation()),
        Endpoint::get(
            "/api/files/{id}",
            download::file,
            download_operation(
                "getFile",
                "A file, to its owner and to the members of a room where it was sent.",
            ),
        ),
        Endpoint::get(
            "/api/files/{id}/thumbnail",
            download::thumbnail,
            download_operation("getThumbnail", "A small copy of a picture."),
        ),
    ]
}

fn upload_operation() -> Operation {
    Operation::new("uploadFile", "people", "Uploads a file, to be sent in a message.")
        .describe(
            "The hub decides the type from the content. A file that is not sent within `files.orphan_after_s` is removed.",
        )
        .member(
            "requestBody",
            json!({
                "required": true,
                "content": { "multipart/form-data": { "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": { "type": "string", "format": "binary" },
                        "duration_ms": {
                            "description": "Of a voice note.",
                            "type": "integer", "minimum": 0, "maximum": 86_400_000
                        }
                    }
                } } }
            }),
        )
        .answers(201, "The file.", schema_ref("UploadedFile"))
}

fn download_operation(id: &str, summary: &str) -> Operation {
    let bytes = || json!({ "*/*": { "schema": { "type": "string", "format": "binary" } } });
    Operation::new(id, "people", summary)
        .member("security", json!([{ "bearer": [] }, {}]))
        .path("id", "The file.", json!({ "type": "integer" }))
        .query(
            "ticket",
            "As in the `url` of a message's file; instead of a token.",
            json!({ "type": "string" }),
        )
        .header("Range", "One range of bytes.", json!({ "type": "string" }))
        .header(
            "If-Range",
            "The `ETag` that the range is of.",
            json!({ "type": "string" }),
        )
        .header("If-None-Match", "An `ETag`.", json!({ "type": "string" }))
        .answers_as(200, "The bytes.", bytes())
        .answers_as(206, "The bytes of the range.", bytes())
        .answers_nothing(304, "It is the one that `If-None-Match` names.")
        .answers_as(
            416,
            "The range lies outside of the file; `Content-Range` says how long it is.",
            json!({ "application/problem+json": { "schema": schema_ref("Problem") } }),
        )
}
