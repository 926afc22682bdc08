//! The configuration in force, for people to read: secrets masked.

use super::Config;

const MASK: &str = "********";

/// The same configuration with its secrets replaced by asterisks.
#[must_use]
pub fn masked(config: &Config) -> Config {
    let mut shown = config.clone();
    if let Some(token) = &mut shown.metrics.scrape_token {
        *token = MASK.to_owned();
    }
    if let Some(secret) = &mut shown.calls.turn_secret {
        *secret = MASK.to_owned();
    }
    for server in &mut shown.calls.ice_servers {
        if let Some(credential) = &mut server.credential {
            *credential = MASK.to_owned();
        }
    }
    shown
}

/// The effective values as TOML, secrets masked.
///
/// # Errors
/// None of today's values can fail to be written.
pub fn to_toml(config: &Config) -> Result<String, toml::ser::Error> {
    toml::to_string(&masked(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let mut config = Config::default();
        config.metrics.scrape_token = Some("0123456789abcdef".into());
        config.calls.turn_secret = Some("0123456789abcdef".into());
        config.calls.ice_servers = vec![crate::config::IceServer {
            urls: vec!["turn:turn.example:3478".into()],
            username: Some("u".into()),
            credential: Some("0123456789abcdef".into()),
        }];
        let text = to_toml(&config).unwrap();
        assert!(
            !text.contains("0123456789abcdef") && text.contains(MASK),
            "{text}"
        );
    }
}
