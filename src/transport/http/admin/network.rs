//! How other machines reach the hub: its addresses, each as a code for phones, and the certificate.

use actix_web::{HttpResponse, web};
use qrcode::{Color, EcLevel, QrCode};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    net::{IpAddr, SocketAddr},
};

use crate::transport::http::{
    HttpState,
    body::ok_value,
    caller::Administrator,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get(
        "/api/admin/network",
        show,
        Operation::new(
            "getNetwork",
            "admin",
            "The addresses to open on other machines, with QR codes, and the certificate's fingerprint.",
        )
        .answers(200, "How to reach the hub.", schema_ref("Network")),
    )]
}

async fn show(_: Administrator, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let host = &state.host;
    let addresses: Vec<Value> = host
        .addresses
        .iter()
        .map(|ip| {
            let url = url(*ip, host.http_port, host.https_port);
            json!({
                "address": ip,
                "url": url,
                "loopback": ip.is_loopback(),
                "qr": (!ip.is_loopback()).then(|| qr(&url))
            })
        })
        .collect();
    Ok(ok_value(&json!({
        "hostname": host.hostname,
        "ports": { "http": host.http_port, "https": host.https_port },
        "addresses": addresses,
        "certificate_fingerprint": host.certificate_fingerprint,
        "plain_http": state.server.allow_plain_http,
        "allowed_origins": state.server.allowed_origins,
        "allowed_hosts": state.server.allowed_hosts,
        "trusted_proxies": state.server.trusted_proxies
    }))?)
}

/// Over TLS where there is some.
fn url(ip: IpAddr, http: u16, https: Option<u16>) -> String {
    match https {
        Some(443) => format!("https://{}/", bracketed(ip)),
        Some(port) => format!("https://{}/", SocketAddr::new(ip, port)),
        None if http == 80 => format!("http://{}/", bracketed(ip)),
        None => format!("http://{}/", SocketAddr::new(ip, http)),
    }
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// The modules as an SVG path on a grid of `size`, quiet zone left to the page. `None`: too long to be one.
fn qr(text: &str) -> Option<Value> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let size = code.width();
    let mut path = String::new();
    for (i, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", i % size, i / size);
        }
    }
    Some(json!({ "size": size, "path": path }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_browsers_take_them() {
        let v6: IpAddr = "fd00::1".parse().unwrap();
        assert_eq!(url(v6, 8080, None), "http://[fd00::1]:8080/");
        assert_eq!(url(v6, 80, None), "http://[fd00::1]/");
        assert_eq!(
            url([10, 0, 0, 2].into(), 8080, Some(8443)),
            "https://10.0.0.2:8443/"
        );
    }

    #[test]
    fn a_code_is_a_square_that_begins_with_a_finder() {
        let code = qr("http://192.168.1.10:8080/").unwrap();
        assert_eq!(code["size"], 25);
        assert!(code["path"].as_str().unwrap().starts_with("M0 0h1v1h-1zM1 0h"));
    }
}
