//! Where a request comes from, as far as that can be believed.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The address that a request counts for. What proxies say is believed only from those that are listed.
pub(super) fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> String {
    let Some(peer) = peer.map(|peer| peer.to_canonical()) else { return "unknown".to_owned() };
    let believed = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer;
    if believed(&peer) {
        for told in forwarded(headers) {
            // Whatever stands before a word that is no address may have been written by anybody.
            let Some(told) = told else { break };
            client = told;
            if !believed(&told) {
                break;
            }
        }
    }
    group(client)
}

/// The addresses of `X-Forwarded-For`, the last one first; `None` is not an address.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let lines = lines.into_iter().rev().map(|line| line.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.rsplit(',')).map(|word| parse(word.trim()))
}

fn parse(word: &str) -> Option<IpAddr> {
    let plain = word.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let address = plain.or_else(|| Some(word.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

/// One who has an IPv6 address has all of its /64.
fn group(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64);
            format!("{network}/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        client(Some(peer.parse().unwrap()), &headers, &trusted)
    }

    #[test]
    fn only_listed_proxies_are_believed() {
        for (peer, forwarded, client) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7, 10.1.1.1"], "198.51.100.7"),
            ("10.0.0.1", &["10.3.3.3, 10.1.1.1"], "10.3.3.3"),
            ("10.0.0.1", &["203.0.113.9, nonsense, 10.1.1.1"], "10.1.1.1"),
            ("10.0.0.1", &["198.51.100.7:4711"], "198.51.100.7"),
            ("fd00::1", &["[2001:db8:1:2:3:4:5:6]:443"], "2001:db8:1:2::/64"),
        ] {
            assert_eq!(from(peer, forwarded), client, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn an_ipv6_address_counts_by_its_network() {
        assert_eq!(from("2001:db8:1:2::7", &[]), from("2001:db8:1:2:ffff::1", &[]));
        assert_ne!(from("2001:db8:1:2::7", &[]), from("2001:db8:1:3::7", &[]));
        assert_eq!(from("::ffff:192.0.2.1", &[]), "192.0.2.1");
    }
}
