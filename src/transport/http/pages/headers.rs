//! What a browser is told about a page: what it may load and do, and whether it has it already.

use actix_web::{HttpRequest, HttpResponseBuilder, http::header};

/// Everything from here, nothing inline, nothing evaluated. `trusted-types comptoir`: the one policy there is
/// names the service worker's script. The socket's host is spelled out for browsers whose `'self'` leaves it out.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types comptoir; connect-src 'self' blob:";

const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), \
    fullscreen=(self), geolocation=(), payment=(), usb=(), serial=()";

pub fn of_a_page(req: &HttpRequest, response: &mut HttpResponseBuilder) {
    let host = req
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    // The gate has let only hosts of ours through; a policy takes no more than a name and a port.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    let policy = if !host.is_empty() && host.chars().all(is_plain) {
        format!("{POLICY} ws://{host} wss://{host}")
    } else {
        POLICY.to_owned()
    };
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header(("Permissions-Policy", PERMISSIONS))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"));
}

/// A strong tag; each form of a file has its own.
pub fn etag(hash: &str, zipped: bool) -> String {
    format!("\"{hash}{}\"", if zipped { "-gz" } else { "" })
}

/// Whether the browser said that it has this form.
pub fn has(req: &HttpRequest, etag: &str) -> bool {
    req.headers()
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim())
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

pub fn takes_gzip(req: &HttpRequest) -> bool {
    req.headers()
        .get_all(header::ACCEPT_ENCODING)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
            named && !parts.any(|q| matches!(q, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
        })
}
