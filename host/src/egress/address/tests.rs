//! The table of addresses.

use super::*;

#[test]
fn addresses_inside_are_blocked_in_every_form() {
    let inside = [
        // Unspecified, private, shared, loopback, link-local: first and last of each.
        "0.0.0.0",
        "0.0.0.1",
        "0.255.255.255",
        "10.0.0.0",
        "10.1.2.3",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.0",
        "127.0.0.1",
        "127.1.1.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "168.63.129.16",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.168.255.255",
        // For protocols, documentation, benchmarks.
        "192.0.0.0",
        "192.0.0.8",
        "192.0.0.170",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.1",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        // Multicast, reserved, broadcast.
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "254.1.1.1",
        "255.255.255.254",
        "255.255.255.255",
        // IPv6's own.
        "::",
        "::1",
        "::2",
        "fc00::",
        "fc00::1",
        "fd00:ec2::254",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "febf:ffff::1",
        "fec0::1",
        "feff::1",
        "ff02::1",
        "ff0e::1",
        "ffff::1",
        "100::1",
        "64:ff9b:1::1",
        "64:ff9b:1:ffff::808:808",
        "2001:db8::1",
        "2001:db8:ffff::1",
        "3fff::1",
        "3fff:fff::1",
        "3ffe::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:1ff::1",
        "1::1",
        "4000::1",
        "5f00::1",
        "8000::1",
        "e000::1",
        "1fff:ffff::1",
        // Wrapped: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP.
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:192.168.1.1",
        "::ffff:0.0.0.0",
        "::ffff:100.64.0.1",
        "::127.0.0.1",
        "::10.0.0.1",
        "::8.8.8.8",
        "::ffff:0:127.0.0.1",
        "::ffff:0:8.8.8.8",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b::192.168.0.1",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2002:c0a8:101::1",
        "2002:a9fe:a9fe::",
        "2002:808:808::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:0:7f00:1::1",
        "2001:0:808:808:0:0:f5ff:fffe",
        "2606:4700::5efe:10.0.0.1",
        "2606:4700::200:5efe:192.168.0.1",
        "2606:4700::5efe:7f00:1",
    ];
    for text in inside {
        let address: IpAddr = text.parse().unwrap();
        assert!(blocked(address).is_some(), "{text} is not blocked");
    }
}

#[test]
fn public_addresses_are_not_blocked() {
    let public = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "2000::1",
        "2001:200::1",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700::1111",
        "2a00:1450:4001::200e",
        "3fff:1000::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2606:4700::5efe:8.8.8.8",
        "2606:4700::1:5efe:10.0.0.1",
    ];
    for text in public {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(blocked(address), None, "{text}");
    }
}

#[test]
fn a_kind_is_named() {
    let check = |text: &str, kind: &str| assert_eq!(blocked(text.parse().unwrap()), Some(kind), "{text}");
    check("127.0.0.1", "loopback");
    check("::1", "loopback");
    check("::ffff:10.0.0.1", "private");
    check("255.255.255.255", "broadcast");
    check("169.254.169.254", "link-local");
    check("2001::1", "Teredo");
    check("1::1", "not handed out");
}

#[test]
fn a_host_is_an_address_or_a_name() {
    assert_eq!(literal("127.0.0.1"), Some(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    assert_eq!(literal("[::1]"), Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    assert_eq!(literal("localhost"), None);
    assert_eq!(literal("127.0.0.1.example.com"), None);
}
