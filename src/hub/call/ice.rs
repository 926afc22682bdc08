//! `iceServers` for one participant.

use serde_json::{Value, json};

use crate::{auth::turn, config};

/// The configured servers; those of TURN without credentials get ones that end at `until_ms`.
pub fn servers(config: &config::Calls, label: &str, until_ms: i64) -> Value {
    let servers = config.ice_servers.iter().map(|server| {
        let mut shown = json!({ "urls": server.urls });
        let made = || {
            let secret = config.turn_secret.as_deref()?;
            let is_turn = server.urls.iter().any(|url| url.starts_with("turn"));
            if !is_turn || server.credential.is_some() {
                return None;
            }
            turn::credentials(secret, label, until_ms)
                .inspect_err(|error| tracing::error!(%error, "no credentials for the TURN server"))
                .ok()
        };
        let fixed = server.username.clone().zip(server.credential.clone());
        if let Some((username, credential)) = fixed.or_else(made) {
            shown["username"] = username.into();
            shown["credential"] = credential.into();
        }
        shown
    });
    servers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::IceServer;

    #[test]
    fn credentials_are_made_for_turn_alone_and_the_secret_never_travels() {
        let server = |url: &str| IceServer {
            urls: vec![url.into()],
            username: None,
            credential: None,
        };
        let config = config::Calls {
            ice_servers: vec![server("stun:a"), server("turn:b")],
            turn_secret: Some("geheim".into()),
            ..config::Calls::default()
        };
        let shown = servers(&config, "7-2", 1_000_000);
        assert_eq!(shown[0], json!({ "urls": ["stun:a"] }));
        assert_eq!(shown[1]["username"], "1000:7-2");
        assert!(shown[1]["credential"].is_string() && !shown.to_string().contains("geheim"));
    }
}
