//! `GET /api/openapi.json`: OpenAPI 3.1, built from the same list of endpoints as the router.

mod console_schemas;
mod call_schemas;
mod messaging_schemas;
mod operation;
mod pack_routes;
mod schemas;

use actix_web::{HttpResponse, web};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::pack::Pack;

use super::endpoint::Endpoint;

pub use operation::{Operation, schema_ref};

/// The finished document, kept per worker.
pub struct Document(pub Bytes);

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get(
        "/api/openapi.json",
        serve,
        Operation::new("getOpenApi", "hub", "This document.")
            .open()
            .answers(200, "OpenAPI 3.1.", json!({ "type": "object" })),
    )]
}

async fn serve(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.0.clone())
}

/// The document of these endpoints and of the routes that the pack's functions declare.
pub fn document(endpoints: &[Endpoint], pack: &Pack) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut add = |path: &str, method: &str, operation: Value| {
        let item = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        item[method.to_ascii_lowercase()] = operation;
    };
    for endpoint in endpoints {
        add(
            endpoint.path,
            endpoint.method.as_str(),
            endpoint.operation.to_json(),
        );
    }
    for (path, method, operation) in pack_routes::operations(pack) {
        add(&path, method, operation.to_json());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Comptoir",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The real-time hub for a place of work.",
            "description": "Every error is an RFC 9457 problem document whose `code` is stable. \
                The WebSocket at `/ws` is described by AsyncAPI.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "tags": [
            { "name": "login", "description": "Logging in and one's own account." },
            { "name": "data", "description": "Statements, functions, tables and events." },
            { "name": "people", "description": "What people do with each other." },
            { "name": "calls", "description": "Calls, and the door for guests." },
            { "name": "pack", "description": "Routes declared by the functions of the app pack." },
            { "name": "hub", "description": "The hub itself." },
            { "name": "admin", "description": "For administrators." }
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                "scrape_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`metrics.scrape_token` of the configuration."
                }
            },
            "responses": {
                "Problem": {
                    "description": "What went wrong; `code` says what to do.",
                    "headers": {
                        "X-Request-Id": {
                            "description": "Also in `request_id`; leads to the hub's log line.",
                            "schema": { "type": "string", "format": "uuid" }
                        },
                        "Retry-After": {
                            "description": "Seconds; with `rate_limited` and `busy`.",
                            "schema": { "type": "integer" }
                        }
                    },
                    "content": { "application/problem+json": { "schema": schema_ref("Problem") } }
                }
            },
            "schemas": schemas::all()
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::transport::http::{all_endpoints, functions::tests::pack};

    fn built() -> Value {
        document(&all_endpoints(), &pack())
    }

    fn references<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(target) if name == "$ref" => out.push(target),
                        other => references(other, out),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, out)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_of_the_document_resolves() {
        let document = built();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for target in found {
            let pointer = target.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{target}");
        }
    }

    #[test]
    fn every_component_is_used() {
        let document = built();
        let mut found = Vec::new();
        references(&document, &mut found);
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(
                found.contains(&format!("#/components/schemas/{name}").as_str()),
                "{name}"
            );
        }
    }

    #[test]
    fn every_route_is_in_the_document_and_every_operation_is_a_route() {
        let endpoints = all_endpoints();
        let routes: BTreeSet<(String, String)> = endpoints
            .iter()
            .map(|e| (e.path.to_owned(), e.method.as_str().to_ascii_lowercase()))
            .collect();
        assert_eq!(routes.len(), endpoints.len(), "a route is listed twice");
        let no_pack = Pack {
            functions: Default::default(),
            ..pack()
        };
        let document = document(&endpoints, &no_pack);
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                item.as_object()
                    .unwrap()
                    .keys()
                    .map(move |m| (path.clone(), m.clone()))
            })
            .collect();
        assert_eq!(routes, documented);
    }

    #[test]
    fn the_contracts_routes_are_all_there() {
        let document = built();
        for (method, path) in [
            ("post", "/api/auth"),
            ("post", "/api/auth/refresh"),
            ("post", "/api/auth/logout"),
            ("get", "/api/me"),
            ("post", "/api/me/password"),
            ("get", "/api/me/sessions"),
            ("delete", "/api/me/sessions/{id}"),
            ("get", "/api/health"),
            ("get", "/api/health/ready"),
            ("get", "/api/info"),
            ("post", "/api/query"),
            ("post", "/api/batch"),
            ("post", "/api/rpc/{function}"),
            ("post", "/api/request"),
            ("get", "/api/events"),
            ("get", "/api/tables/{table}"),
            ("post", "/api/tables/{table}"),
            ("get", "/api/tables/{table}/{key}"),
            ("patch", "/api/tables/{table}/{key}"),
            ("delete", "/api/tables/{table}/{key}"),
            ("post", "/api/files"),
            ("get", "/api/files/{id}"),
            ("get", "/api/messaging/conversations"),
            ("post", "/api/messaging/conversations/{id}/messages"),
            ("get", "/api/schema"),
            ("get", "/api/metrics"),
            ("get", "/metrics"),
            ("get", "/api/admin/sessions"),
            ("delete", "/api/admin/sessions/{id}"),
            ("get", "/api/admin/users"),
            ("post", "/api/admin/users"),
            ("patch", "/api/admin/users/{id}"),
            ("get", "/api/admin/terminals"),
            ("post", "/api/admin/terminals"),
            ("delete", "/api/admin/terminals/{name}"),
            ("get", "/api/admin/audit"),
            ("post", "/api/admin/backup"),
            ("post", "/api/admin/announce"),
            ("get", "/api/openapi.json"),
            ("get", "/"),
        ] {
            assert!(document["paths"][path][method].is_object(), "{method} {path}");
        }
    }

    #[test]
    fn operations_are_named_once_and_declare_every_parameter_of_their_path() {
        let document = built();
        let mut ids = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(
                    ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
                    "{method} {path}"
                );
                let in_path: BTreeSet<&str> = path
                    .split('/')
                    .filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'))
                    .collect();
                let declared: BTreeSet<&str> = operation["parameters"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|p| p["in"] == "path")
                    .map(|p| p["name"].as_str().unwrap())
                    .collect();
                assert_eq!(in_path, declared, "{method} {path}");
                let responses = operation["responses"].as_object().unwrap();
                assert!(
                    // 101: the handshake of the socket; 501: of the contract, and not in this build.
                    responses
                        .keys()
                        .any(|status| status.starts_with('2') || matches!(status.as_str(), "101" | "501")),
                    "{method} {path}"
                );
            }
        }
    }
}
