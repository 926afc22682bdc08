//! Ranges and combinations that types cannot express, with messages a person can act on.

use super::Config;
use crate::telemetry;

/// A value that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// `section.key`.
    pub key: &'static str,
    pub message: String,
}

/// Checks every range; the first problem found.
///
/// # Errors
/// Names the key and what it may be.
pub fn validate(config: &Config) -> Result<(), Problem> {
    let Config {
        server,
        data: _,
        auth,
        limits,
        files,
        changes,
        idempotency,
        messages,
        presence,
        notifications,
        backup,
        lan: _,
        calls,
        debug: _,
        log,
        metrics,
    } = config;
    let limit =
        |key, value: usize, low: usize, high: usize| range(key, value as u64, low as u64, high as u64);

    range("server.heartbeat_ms", server.heartbeat_ms, 100, 3_600_000)?;
    limit("server.workers", server.workers, 0, 1024)?;
    limit("server.max_connections", server.max_connections, 1, 1_000_000)?;
    for origin in &server.allowed_origins {
        if !is_origin(origin) {
            return Err(Problem {
                key: "server.allowed_origins",
                message: format!(
                    "`{origin}` is not an origin; write scheme and host without a path, such as `https://pos.example` or `http://192.168.1.20:3000`, or `null`"
                ),
            });
        }
    }
    for host in &server.allowed_hosts {
        if host.is_empty() || host.contains(['/', ' ']) {
            return Err(Problem {
                key: "server.allowed_hosts",
                message: format!("`{host}` is not a host name or address; write it without scheme or path"),
            });
        }
    }
    limit("data.readers", config.data.readers, 0, 256)?;
    range("auth.token_ttl_s", auth.token_ttl_s, 1, 86_400)?;
    range("auth.refresh_ttl_s", auth.refresh_ttl_s, 1, 400 * 86_400)?;
    range("auth.bcrypt_cost", u64::from(auth.bcrypt_cost), 4, 31)?;
    limit("limits.max_frame_bytes", limits.max_frame_bytes, 64, 64 << 20)?;
    limit("limits.max_body_bytes", limits.max_body_bytes, 64, 256 << 20)?;
    range("limits.max_file_bytes", limits.max_file_bytes, 64, 64 << 30)?;
    limit("limits.max_result_bytes", limits.max_result_bytes, 64, 256 << 20)?;
    limit("limits.max_rows", limits.max_rows, 1, 10_000_000)?;
    range(
        "limits.statement_timeout_ms",
        limits.statement_timeout_ms,
        1,
        3_600_000,
    )?;
    range(
        "limits.requests_per_second",
        u64::from(limits.requests_per_second),
        1,
        u64::from(u32::MAX),
    )?;
    range("limits.burst", u64::from(limits.burst), 1, u64::from(u32::MAX))?;
    limit("limits.pipeline", limits.pipeline, 1, 1_000_000)?;
    limit("limits.outbox_bytes", limits.outbox_bytes, 64, 256 << 20)?;
    limit("files.parallel_uploads", files.parallel_uploads, 1, 1_000)?;
    range("files.unsent_bytes", files.unsent_bytes, 64, 1 << 50)?;
    range("files.orphan_after_s", files.orphan_after_s, 1, 366 * 86_400)?;
    range("files.ticket_ttl_s", files.ticket_ttl_s, 1, 86_400)?;
    range("presence.away_after_s", presence.away_after_s, 1, 86_400)?;
    range("presence.grace_ms", presence.grace_ms, 0, 3_600_000)?;
    range("changes.retention_s", changes.retention_s, 1, 10 * 366 * 86_400)?;
    range("changes.retention_rows", changes.retention_rows, 1, 1_000_000_000)?;
    range(
        "messages.retention_s",
        messages.retention_s,
        0,
        100 * 366 * 86_400,
    )?;
    range("messages.urgent_repeat_s", messages.urgent_repeat_s, 1, 86_400)?;
    range(
        "messages.urgent_repeats",
        u64::from(messages.urgent_repeats),
        0,
        1_000,
    )?;
    range("idempotency.ttl_s", idempotency.ttl_s, 1, 366 * 86_400)?;
    range(
        "notifications.retention_s",
        notifications.retention_s,
        1,
        100 * 366 * 86_400,
    )?;
    range(
        "notifications.max_per_user",
        notifications.max_per_user,
        1,
        1_000_000,
    )?;
    range("backup.every_s", backup.every_s, 0, 366 * 86_400)?;
    limit("backup.keep", backup.keep, 1, 100_000)?;
    range("calls.ring_s", calls.ring_s, 1, 600)?;
    range("calls.seat_s", calls.seat_s, 1, 600)?;
    range("calls.lifetime_s", calls.lifetime_s, 1, 86_400)?;
    limit("calls.max_participants", calls.max_participants, 2, 50)?;
    limit("calls.max_calls", calls.max_calls, 1, 10_000)?;
    check_ice(calls)?;
    telemetry::logs::check_level(&log.level).map_err(|error| Problem {
        key: "log.level",
        message: error.to_string(),
    })?;
    if metrics.scrape_token.as_ref().is_some_and(String::is_empty) {
        return Err(Problem {
            key: "metrics.scrape_token",
            message: "must not be empty; leave the key out for none".into(),
        });
    }
    Ok(())
}

fn range(key: &'static str, value: u64, low: u64, high: u64) -> Result<(), Problem> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Problem {
        key,
        message: format!("must be {low} to {high}, not {value}"),
    })
}

fn check_ice(calls: &super::Calls) -> Result<(), Problem> {
    let is_known = |url: &str| {
        ["stun:", "stuns:", "turn:", "turns:"]
            .iter()
            .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
    };
    for server in &calls.ice_servers {
        if server.urls.is_empty() || !server.urls.iter().all(|url| is_known(url)) {
            return Err(Problem {
                key: "calls.ice_servers",
                message:
                    "each server has urls such as [\"turn:turn.example:3478\"] (stun, stuns, turn, turns)"
                        .into(),
            });
        }
    }
    if calls.turn_secret.as_ref().is_some_and(String::is_empty) {
        return Err(Problem {
            key: "calls.turn_secret",
            message: "must not be empty; leave the key out for none".into(),
        });
    }
    Ok(())
}

/// `scheme://host[:port]` as browsers send it, or `null`.
fn is_origin(text: &str) -> bool {
    if text == "null" {
        return true;
    }
    text.split_once("://").is_some_and(|(scheme, host)| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !host.is_empty()
            && !host.contains(['/', ' ', '*', '@', '?', '#'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut Config)) -> Option<&'static str> {
        let mut config = Config::default();
        change(&mut config);
        validate(&config).err().map(|problem| problem.key)
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(validate(&Config::default()), Ok(()));
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        assert_eq!(problem(|c| c.auth.bcrypt_cost = 3), Some("auth.bcrypt_cost"));
        assert_eq!(problem(|c| c.auth.bcrypt_cost = 32), Some("auth.bcrypt_cost"));
        assert_eq!(problem(|c| c.auth.bcrypt_cost = 4), None);
        assert_eq!(
            problem(|c| c.server.heartbeat_ms = 99),
            Some("server.heartbeat_ms")
        );
        assert_eq!(problem(|c| c.server.heartbeat_ms = 100), None);
        assert_eq!(problem(|c| c.backup.every_s = u64::MAX), Some("backup.every_s"));
        assert_eq!(problem(|c| c.backup.keep = 0), Some("backup.keep"));
        assert_eq!(problem(|c| c.auth.refresh_ttl_s = 0), Some("auth.refresh_ttl_s"));
        assert_eq!(problem(|c| c.log.level = "info,x=loud".into()), Some("log.level"));
    }

    #[test]
    fn ice_servers_are_urls_of_stun_and_turn() {
        let with = |url: &str| {
            problem(|c| {
                c.calls.ice_servers = vec![crate::config::IceServer {
                    urls: vec![url.into()],
                    username: None,
                    credential: None,
                }];
            })
        };
        assert_eq!(with("turn:192.168.1.5:3478?transport=tcp"), None);
        for bad in ["", "turn:", "http://a", "192.168.1.5"] {
            assert_eq!(with(bad), Some("calls.ice_servers"), "{bad}");
        }
    }

    #[test]
    fn origins_are_scheme_and_host() {
        let with = |origin: &str| problem(|c| c.server.allowed_origins = vec![origin.into()]);
        for good in [
            "null",
            "https://a.example",
            "http://192.168.1.2:3000",
            "capacitor://localhost",
        ] {
            assert_eq!(with(good), None, "{good}");
        }
        for bad in ["*", "a.example", "https://a.example/", "https://*.example", ""] {
            assert_eq!(with(bad), Some("server.allowed_origins"), "{bad}");
        }
    }
}
