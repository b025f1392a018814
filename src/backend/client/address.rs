//! What kind of place an IP address is: on the internet, or where no stranger may send us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// On the internet.
    Public,
    /// In a private network: RFC 1918, unique-local, or shared between a carrier's customers.
    Private,
    /// This machine.
    Loopback,
    /// On this very link, without a router in between.
    LinkLocal,
    /// Many receivers at once.
    Multicast,
    /// For documentation, benchmarks, or nothing yet.
    Reserved,
    /// Where clouds serve the machine's own secrets.
    Metadata,
}

impl Place {
    /// The place in words: "an address …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Public => "on the internet",
            Self::Private => "in a private network",
            Self::Loopback => "of this very machine",
            Self::LinkLocal => "that is local to a link",
            Self::Multicast => "of many receivers",
            Self::Reserved => "that is reserved",
            Self::Metadata => "where a cloud keeps a machine's own secrets",
        }
    }
}

/// Where clouds serve the machine's own secrets or steer it: AWS, Google, Azure, Alibaba, Oracle.
const METADATA: [IpAddr; 9] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// What kind of place an address is. An IPv6 address that stands for an IPv4 address is where that is.
pub fn place(ip: IpAddr) -> Place {
    if METADATA.contains(&ip) {
        return Place::Metadata;
    }
    match ip {
        IpAddr::V4(ip) => place_v4(ip),
        IpAddr::V6(ip) => match embedded(ip) {
            Some(inner) => place(IpAddr::V4(inner)),
            None => place_v6(ip),
        },
    }
}

fn place_v4(ip: Ipv4Addr) -> Place {
    match ip.octets() {
        [0, ..] => Place::Loopback,
        [127, ..] => Place::Loopback,
        [10, ..] | [192, 168, ..] => Place::Private,
        [172, b, ..] if b & 0xf0 == 16 => Place::Private,
        [100, b, ..] if b & 0xc0 == 64 => Place::Private,
        [169, 254, ..] => Place::LinkLocal,
        [224..=239, ..] => Place::Multicast,
        // 6to4 relays, protocol assignments, documentation, benchmarks, the rest of the range.
        [192, 88, 99, _] | [192, 0, 0, _] | [192, 0, 2, _] => Place::Reserved,
        [198, 51, 100, _] | [203, 0, 113, _] | [198, 18 | 19, ..] => Place::Reserved,
        [240..=255, ..] => Place::Reserved,
        _ => Place::Public,
    }
}

/// Only `2000::/3` is the internet; whatever else has no name here is refused with the rest.
fn place_v6(ip: Ipv6Addr) -> Place {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Place::Loopback,
        [a, ..] if a & 0xfe00 == 0xfc00 => Place::Private,
        // Site-local, which was given up; and translation within a network.
        [a, ..] if a & 0xffc0 == 0xfec0 => Place::Private,
        [0x64, 0xff9b, 1, ..] => Place::Private,
        [a, ..] if a & 0xffc0 == 0xfe80 => Place::LinkLocal,
        [a, ..] if a & 0xff00 == 0xff00 => Place::Multicast,
        // Documentation, and the tunnels, benchmarks and test names of 2001::/23.
        [0x2001, 0xdb8, ..] => Place::Reserved,
        [0x2001, b, ..] if b < 0x200 => Place::Reserved,
        [0x3fff, b, ..] if b < 0x1000 => Place::Reserved,
        [a, ..] if a & 0xe000 == 0x2000 => Place::Public,
        _ => Place::Reserved,
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, compatible, translated (SIIT, NAT64), 6to4,
/// and an interface of ISATAP.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(v4(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(v4(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [a, _, _, _, 0 | 0x200, 0x5efe, high, low] if a & 0xe000 == 0x2000 => Some(v4(high, low)),
        _ => None,
    }
}

/// Whether a network contains an address, in whichever form it is written.
pub(super) fn contains(network: &IpNet, ip: IpAddr) -> bool {
    network.contains(&ip) || network.contains(&ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACES: [(Place, &[&str]); 7] = [
        (
            Place::Public,
            &[
                "1.1.1.1",
                "172.15.255.255",
                "172.32.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "223.255.255.254",
                "2606:4700::1111",
                "2a00:1450:4001::1",
                "2002:0101:0101::1",
                "64:ff9b::1.1.1.1",
                "::ffff:8.8.8.8",
            ],
        ),
        (
            Place::Private,
            &[
                "10.0.0.1",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.1",
                "fc00::1",
                "fd12:3456::1",
                "fec0::1",
                "::ffff:10.0.0.1",
                "::ffff:0:192.168.0.1",
                "::192.168.0.1",
                "64:ff9b::10.0.0.1",
                "64:ff9b:1::1",
                "2002:0a00:0001::1",
                "2a00::5efe:10.0.0.1",
            ],
        ),
        (
            Place::Loopback,
            &[
                "127.0.0.1",
                "127.255.0.1",
                "0.0.0.0",
                "0.1.2.3",
                "::",
                "::1",
                "::ffff:127.0.0.1",
                "2002:7f00:0001::",
                "64:ff9b::127.0.0.1",
            ],
        ),
        (Place::LinkLocal, &["169.254.1.1", "fe80::1"]),
        (Place::Multicast, &["224.0.0.1", "239.255.255.250", "ff02::1"]),
        (
            Place::Reserved,
            &[
                "192.0.2.1",
                "198.51.100.1",
                "203.0.113.1",
                "198.18.0.1",
                "192.0.0.1",
                "192.88.99.1",
                "240.0.0.1",
                "255.255.255.255",
                "2001:db8::1",
                "2001::1",
                "2001:2::1",
                "3fff::1",
                "100::1",
                "5f00::1",
            ],
        ),
        (
            Place::Metadata,
            &[
                "169.254.169.254",
                "169.254.170.2",
                "168.63.129.16",
                "100.100.100.200",
                "fd00:ec2::254",
                "::ffff:169.254.169.254",
                "64:ff9b::169.254.169.254",
                "2002:a9fe:a9fe::",
            ],
        ),
    ];

    #[test]
    fn every_address_is_placed() {
        for (expected, addresses) in PLACES {
            for text in addresses {
                assert_eq!(place(text.parse().unwrap()), expected, "{text}");
            }
        }
    }
}
