//! Which `Host` is ours and which `Origin` may call us (PROTOCOL section 3). Pure rules; the socket's
//! upgrade and the HTTP gate both ask here.
//!
//! The `Host` check is what stops DNS rebinding: a page of somebody else's name that resolves to this machine.

use std::net::{IpAddr, Ipv6Addr};

/// Answers whether an address belongs to this machine.
pub type IsOwnAddress<'a> = &'a dyn Fn(IpAddr) -> bool;

/// The names of this hub and the origins it was told to trust.
#[derive(Debug, Clone)]
pub struct HostRules {
    /// Lower case, without port.
    own_names: Vec<String>,
    /// As configured, without a trailing slash, lower case.
    allowed_origins: Vec<String>,
}

impl HostRules {
    /// `hostname` is the machine's; `allowed_hosts` and `allowed_origins` come from the configuration.
    pub fn new(hostname: &str, allowed_hosts: &[String], allowed_origins: &[String]) -> Self {
        let mut own_names = vec!["localhost".to_owned()];
        let hostname = hostname.trim_end_matches('.').to_ascii_lowercase();
        if !hostname.is_empty() {
            own_names.push(format!("{hostname}.local"));
            own_names.push(hostname);
        }
        own_names.extend(
            allowed_hosts
                .iter()
                .map(|host| host_of(host).to_ascii_lowercase()),
        );
        Self {
            own_names,
            allowed_origins: allowed_origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_ascii_lowercase())
                .collect(),
        }
    }

    /// Whether `host` (`name[:port]`, as in the header) names this hub. The port is not looked at: it is
    /// the name that a stranger's page cannot choose.
    pub fn is_own_host(&self, host: &str, is_own_address: IsOwnAddress<'_>) -> bool {
        let name = host_of(host).trim_end_matches('.');
        if self.own_names.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return true;
        }
        // `0.0.0.0` reaches loopback on some systems, and no person types it.
        parse_address(name).is_some_and(|ip| !ip.is_unspecified() && (ip.is_loopback() || is_own_address(ip)))
    }

    /// Whether the configuration lists `origin` (`"null"` included): what CORS answers to.
    pub fn is_listed_origin(&self, origin: &str) -> bool {
        let origin = origin.trim_end_matches('/');
        self.allowed_origins
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }

    /// Whether a page of `origin` may open a socket or change state: a listed one, or the hub's own
    /// (one of our names with the port that `host` carries).
    pub fn may_act(&self, origin: &str, host: &str, is_own_address: IsOwnAddress<'_>) -> bool {
        if self.is_listed_origin(origin) {
            return true;
        }
        let Some((scheme, authority)) = origin.split_once("://") else {
            return false;
        };
        let default_port = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        port_of(authority).unwrap_or(default_port) == port_of(host).unwrap_or(default_port)
            && self.is_own_host(authority, is_own_address)
    }

    /// Whether any foreign origin is listed at all.
    pub fn has_listed_origins(&self) -> bool {
        !self.allowed_origins.is_empty()
    }
}

/// The name of `name[:port]` or `[address]:port`.
fn host_of(authority: &str) -> &str {
    if authority.starts_with('[') {
        return authority.split_inclusive(']').next().unwrap_or(authority);
    }
    match authority.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') => name,
        _ => authority,
    }
}

fn port_of(authority: &str) -> Option<u16> {
    authority[host_of(authority).len()..]
        .strip_prefix(':')?
        .parse()
        .ok()
}

fn parse_address(name: &str) -> Option<IpAddr> {
    match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => name.parse().ok(),
    }
    .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(ip: IpAddr) -> bool {
        ip == IpAddr::from([192, 168, 1, 10])
    }

    fn rules(origins: &[&str]) -> HostRules {
        let origins: Vec<String> = origins.iter().map(|&o| o.to_owned()).collect();
        HostRules::new("Accueil", &["hub.example:8443".to_owned()], &origins)
    }

    #[test]
    fn the_hub_answers_to_its_own_names_and_addresses_only() {
        let rules = rules(&[]);
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "accueil",
            "accueil.local:80",
            "ACCUEIL.local.",
            "192.168.1.10:8080",
            "hub.example",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(rules.is_own_host(host, &own), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "192.168.1.11",
            "0.0.0.0:8080",
            "localhost.evil.example",
            "accueil.lan",
            "[::]",
            "127.0.0.1.evil.example",
            "xhub.example",
            "::1:8080",
        ] {
            assert!(!rules.is_own_host(host, &own), "{host}");
        }
    }

    #[test]
    fn pages_of_the_hub_itself_may_act() {
        let rules = rules(&[]);
        assert!(rules.may_act("http://localhost:8080", "localhost:8080", &own));
        assert!(rules.may_act("http://192.168.1.10:8080", "accueil.local:8080", &own));
        assert!(rules.may_act("https://hub.example", "hub.example", &own));
    }

    #[test]
    fn pages_of_other_programs_and_other_machines_may_not() {
        let rules = rules(&[]);
        for origin in [
            "http://localhost:3000",
            "http://evil.example",
            "null",
            "file://",
            "",
            "http://192.168.1.11:8080",
        ] {
            assert!(!rules.may_act(origin, "localhost:8080", &own), "{origin}");
        }
    }

    #[test]
    fn listed_origins_may_act_null_included() {
        let rules = rules(&["https://app.example/", "null"]);
        assert!(rules.may_act("https://app.example", "localhost:8080", &own));
        assert!(rules.may_act("https://APP.example", "localhost:8080", &own));
        assert!(rules.may_act("null", "localhost:8080", &own));
        assert!(!rules.may_act("http://app.example", "localhost:8080", &own));
        assert!(!rules.may_act("https://app.example:444", "localhost:8080", &own));
    }
}
