//! Which addresses are on the public internet. Everything else, and every form that wraps such an address, is a way
//! into the operator's own network, and a connector may go there only when the operator says so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What IANA's registry of special IPv4 addresses does not call globally reachable, multicast, and the one address of public
/// looks at which a cloud (Azure) answers its own machines with what only they should know.
const BLOCKED_V4: [(Ipv4Addr, u32, &str); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "unspecified"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared by carriers"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "cloud metadata"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "for protocols"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a 6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "for documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(255, 255, 255, 255), 32, "broadcast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// The more telling names stand first; the last line of all is that only 2000::/3 is handed out.
const BLOCKED_V6: [(Ipv6Addr, u32, &str); 13] = [
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "private"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, "site-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "local translation"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, "Teredo"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "for protocols"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "for documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "for documentation"),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, "retired"),
];

/// Why an address is not a public one.
pub(super) fn blocked(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => blocked_v4(address),
        IpAddr::V6(address) => blocked_v6(address),
    }
}

/// The address that the host of a URL is, if it is not a name. The URL parser has made one form of all spellings.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

fn blocked_v4(address: Ipv4Addr) -> Option<&'static str> {
    let address = u32::from(address);
    let within = |network: Ipv4Addr, bits: u32| (address ^ u32::from(network)) >> (32 - bits) == 0;
    BLOCKED_V4.into_iter().find(|(network, bits, _)| within(*network, *bits)).map(|(_, _, name)| name)
}

fn blocked_v6(address: Ipv6Addr) -> Option<&'static str> {
    if let Some(inner) = wrapped(address) {
        return blocked_v4(inner);
    }
    let bits_of = u128::from(address);
    let within = |network: Ipv6Addr, bits: u32| (bits_of ^ u128::from(network)) >> (128 - bits) == 0;
    let listed = BLOCKED_V6.into_iter().find(|(network, bits, _)| within(*network, *bits));
    let is_handed_out = within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
    match listed {
        Some((_, _, name)) => Some(name),
        None if !is_handed_out => Some("not handed out"),
        None => isatap(address).and_then(blocked_v4),
    }
}

/// The IPv4 address that is really called: IPv4-mapped, and NAT64 which IPv6-only networks need.
fn wrapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(joined(high, low)),
        _ => None,
    }
}

/// A tunnel to the IPv4 address in the last half, whatever the network in the first.
fn isatap(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, _, _, _, kind, 0x5efe, high, low] = address.segments() else { return None };
    matches!(kind, 0 | 0x200).then(|| joined(high, low))
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests;
