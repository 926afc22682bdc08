//! The pages: `/`, `/admin`, `/setup`, `/conference/{id}` and what they are made of, out of the binary.
//!
//! `web/` stands under `/web/`, the JavaScript client under `/sdk/`. A debug build reads both from the
//! source tree, so that an edit shows when the page is loaded again.

mod assets;
mod headers;
mod modules;

use actix_web::{HttpRequest, HttpResponse, guard, http::header, web};
use serde_json::json;

use crate::protocol::{Code, Error};

use super::{endpoint::Endpoint, openapi::Operation, problem::Problem};
use assets::{Asset, Tree};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/", terminal, page("getTerminalPage", "The terminal, a page.")),
        Endpoint::get("/admin", console, page("getConsolePage", "The console, a page.")),
        Endpoint::get(
            "/setup",
            setup,
            page(
                "getSetupPage",
                "The set-up of a new hub, a page for its own machine.",
            ),
        ),
        Endpoint::get(
            "/conference/{id}",
            call,
            page("getCallPage", "A call, a page: `?code=` lets a guest in.").path(
                "id",
                "The call.",
                json!({ "type": "string" }),
            ),
        ),
        Endpoint::get(
            "/manifest.webmanifest",
            manifest,
            Operation::new(
                "getManifest",
                "hub",
                "What a browser needs to install the terminal.",
            )
            .open()
            .answers_as(
                200,
                "A web application manifest.",
                json!({ "application/manifest+json": { "schema": { "type": "object" } } }),
            ),
        ),
        Endpoint::get(
            "/sw.js",
            service_worker,
            Operation::new(
                "getServiceWorker",
                "hub",
                "Keeps the shell of the terminal for when the hub is away.",
            )
            .open()
            .answers_as(
                200,
                "A script.",
                json!({ "text/javascript": { "schema": { "type": "string" } } }),
            ),
        ),
    ]
}

/// The files of the pages. Not in the OpenAPI document: they are no interface.
pub fn files() -> [actix_web::Resource; 2] {
    let get = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    [
        web::resource("/web/{path:.*}").route(get().to(|req, path| file(req, path, Tree::Web))),
        web::resource("/sdk/{path:.*}").route(get().to(|req, path| file(req, path, Tree::Sdk))),
    ]
}

fn page(id: &str, summary: &str) -> Operation {
    Operation::new(id, "hub", summary).open().answers_as(
        200,
        "A page.",
        json!({ "text/html": { "schema": { "type": "string" } } }),
    )
}

async fn terminal(req: HttpRequest) -> Result<HttpResponse, Problem> {
    serve(&req, Tree::Web, "terminal/index.html")
}

async fn console(req: HttpRequest) -> Result<HttpResponse, Problem> {
    serve(&req, Tree::Web, "admin/index.html")
}

async fn setup(req: HttpRequest) -> Result<HttpResponse, Problem> {
    serve(&req, Tree::Web, "setup/index.html")
}

async fn call(req: HttpRequest) -> Result<HttpResponse, Problem> {
    serve(&req, Tree::Web, "call/index.html")
}

async fn manifest(req: HttpRequest) -> Result<HttpResponse, Problem> {
    serve(&req, Tree::Web, "manifest.webmanifest")
}

async fn service_worker(req: HttpRequest) -> Result<HttpResponse, Problem> {
    serve(&req, Tree::Web, "sw.js")
}

async fn file(req: HttpRequest, path: web::Path<String>, tree: Tree) -> Result<HttpResponse, Problem> {
    serve(&req, tree, &path)
}

fn serve(req: &HttpRequest, tree: Tree, path: &str) -> Result<HttpResponse, Problem> {
    let asset = assets::find(tree, path).ok_or_else(|| Error::of(Code::NotFound))?;
    let zipped = asset.gzip.as_ref().filter(|_| headers::takes_gzip(req));
    let etag = headers::etag(&asset.hash, zipped.is_some());
    let mut response = if headers::has(req, &etag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::ETAG, etag))
        .insert_header((header::VARY, "Accept-Encoding"))
        // Asked for again each time, answered by 304: a new version of the hub is never mixed with an old page.
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header(("Cross-Origin-Resource-Policy", "same-origin"));
    // A worker's own policy governs what it fetches.
    if asset.is_page() || path == "sw.js" {
        headers::of_a_page(req, &mut response);
    }
    let Asset { body, mime, .. } = &*asset;
    response.content_type(*mime);
    Ok(match zipped {
        Some(zipped) => response
            .insert_header((header::CONTENT_ENCODING, "gzip"))
            .body(zipped.clone()),
        // Compressed beforehand or not worth it: nothing is left to do for the middleware.
        None => response
            .insert_header((header::CONTENT_ENCODING, "identity"))
            .body(body.clone()),
    })
}
