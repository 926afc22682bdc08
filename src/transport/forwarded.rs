//! Which address a request really comes from. Pure; the socket's upgrade asks here too.

use std::net::{IpAddr, SocketAddr};

/// The client behind trusted proxies: the right-most address of `X-Forwarded-For` that is not a trusted
/// proxy. Where the TCP peer is no trusted proxy the header says nothing, because anybody can send it.
///
/// `forwarded` holds the values of all `X-Forwarded-For` headers in the order received.
pub fn client_address<'a>(
    tcp_peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[IpAddr],
) -> IpAddr {
    let mut nearest = tcp_peer.to_canonical();
    if !is_trusted(nearest, trusted) {
        return nearest;
    }
    for part in forwarded.rev().flat_map(|value| value.rsplit(',')) {
        // What a trusted proxy could not read is where its knowledge ends.
        let Some(address) = parse(part) else {
            return nearest;
        };
        nearest = address;
        if !is_trusted(nearest, trusted) {
            return nearest;
        }
    }
    nearest
}

/// Whether `address` is one of `server.trusted_proxies`.
pub fn is_trusted(address: IpAddr, trusted: &[IpAddr]) -> bool {
    let address = address.to_canonical();
    trusted.iter().any(|proxy| proxy.to_canonical() == address)
}

fn parse(part: &str) -> Option<IpAddr> {
    let part = part.trim().trim_matches('"');
    part.parse::<IpAddr>()
        .ok()
        .or_else(|| part.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| part.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client(peer: &str, forwarded: &[&str], trusted: &[&str]) -> IpAddr {
        let trusted: Vec<IpAddr> = trusted.iter().map(|t| ip(t)).collect();
        client_address(ip(peer), forwarded.iter().copied(), &trusted)
    }

    #[test]
    fn a_stranger_cannot_choose_his_address() {
        assert_eq!(client("192.168.1.7", &["127.0.0.1"], &[]), ip("192.168.1.7"));
        assert_eq!(
            client("192.168.1.7", &["127.0.0.1"], &["10.0.0.1"]),
            ip("192.168.1.7")
        );
    }

    #[test]
    fn behind_a_trusted_proxy_the_right_most_untrusted_address_counts() {
        let trusted = &["10.0.0.1", "10.0.0.2"];
        assert_eq!(
            client("10.0.0.1", &["127.0.0.1, 192.168.1.7"], trusted),
            ip("192.168.1.7")
        );
        assert_eq!(
            client("10.0.0.1", &["127.0.0.1", "192.168.1.7, 10.0.0.2"], trusted),
            ip("192.168.1.7")
        );
        assert_eq!(
            client("10.0.0.1", &["192.168.1.7:4711"], trusted),
            ip("192.168.1.7")
        );
        assert_eq!(client("10.0.0.1", &["[fe80::1]:80"], trusted), ip("fe80::1"));
        assert_eq!(client("10.0.0.1", &[], trusted), ip("10.0.0.1"));
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        assert_eq!(
            client("10.0.0.1", &["127.0.0.1, unknown"], &["10.0.0.1"]),
            ip("10.0.0.1")
        );
    }

    #[test]
    fn mapped_addresses_are_their_ipv4_selves() {
        assert_eq!(
            client("::ffff:10.0.0.1", &["::ffff:192.168.1.7"], &["10.0.0.1"]),
            ip("192.168.1.7")
        );
    }
}
