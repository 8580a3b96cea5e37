//! How an IP address stands in a header.

use std::net::{IpAddr, Ipv4Addr};

/// One entry of `X-Forwarded-For`, or the value of a header that has one address: `192.0.2.1`,
/// `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`, with blanks around it.
///
/// `None` for anything else, and for the addresses that mean "any". IPv4-mapped addresses come out as
/// IPv4. Zones are refused: they mean something on one machine only.
pub(super) fn of_entry(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry.trim_ascii()).ok()?;
    match text.parse() {
        Ok(bare) => named(bare),
        Err(_) => with_port(text, is_port),
    }
}

/// A node of `Forwarded`, see [RFC 7239, section 6](https://www.rfc-editor.org/rfc/rfc7239#section-6):
/// as above, but IPv6 only in brackets, and the port may be an obfuscated one.
pub(super) fn of_node(node: &[u8]) -> Option<IpAddr> {
    with_port(std::str::from_utf8(node).ok()?, |port| is_port(port) || is_obfuscated(port))
}

fn with_port(text: &str, is_port: impl Fn(&str) -> bool) -> Option<IpAddr> {
    let (ip, port) = if let Some(open) = text.strip_prefix('[') {
        let (ip, port) = open.split_once(']')?;
        (IpAddr::V6(ip.parse().ok()?), port)
    } else {
        let (ip, port) = text.find(':').and_then(|colon| text.split_at_checked(colon)).unwrap_or((text, ""));
        (IpAddr::V4(ip.parse::<Ipv4Addr>().ok()?), port)
    };
    let port_is_one = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    if port_is_one { named(ip) } else { None }
}

/// The address, unless it names nobody.
fn named(ip: IpAddr) -> Option<IpAddr> {
    let ip = ip.to_canonical();
    (!ip.is_unspecified()).then_some(ip)
}

fn is_port(port: &str) -> bool {
    port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

fn is_obfuscated(port: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    port.strip_prefix('_').is_some_and(|name| !name.is_empty() && name.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_in_all_their_spellings() {
        for (entry, ip) in [
            ("192.0.2.1", "192.0.2.1"),
            (" \t192.0.2.1 ", "192.0.2.1"),
            ("192.0.2.1:65535", "192.0.2.1"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("[::ffff:c000:201]:80", "192.0.2.1"),
            ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
        ] {
            assert_eq!(of_entry(entry.as_bytes()), Some(ip.parse().unwrap()), "{entry:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        let entries = [
            "",
            " ",
            "-",
            "unknown",
            "_hidden",
            "localhost",
            "unix:",
            "0.0.0.0",
            "::",
            "[::]:80",
            "::ffff:0.0.0.0",
            "010.0.0.1",
            "10.0.0.08",
            "0x0a.0.0.1",
            "167772161",
            "10.1",
            "10.0.0.1.",
            "10.0.0.256",
            "10.0.0.1/32",
            "10.0.0.1:",
            "10.0.0.1:x",
            "10.0.0.1:+80",
            "10.0.0.1:65536",
            "10.0.0.1:000080",
            "10.0.0.1:80:80",
            "[10.0.0.1]",
            "[::1",
            "::1]",
            "[::1]80",
            "[::1]:",
            "[[::1]]",
            "fe80::1%eth0",
            "[fe80::1%eth0]:80",
            "10.0.0.1%1",
            "\"10.0.0.1\"",
            "10.0.0.1 10.0.0.2",
            "10.0.0.1;",
            "१०.0.0.1",
        ];
        for entry in entries {
            assert_eq!(of_entry(entry.as_bytes()), None, "{entry:?}");
            assert_eq!(of_node(entry.as_bytes()), None, "{entry:?}");
        }
        assert_eq!(of_entry(b"10.0.0.\xff"), None);
    }

    #[test]
    fn nodes_have_brackets_and_may_hide_their_port() {
        for (node, ip) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:_x.Y-9", Some("192.0.2.1")),
            ("[2001:db8::1]:_p", Some("2001:db8::1")),
            ("2001:db8::1", None),
            (" 192.0.2.1", None),
            ("192.0.2.1:_", None),
            ("192.0.2.1:_a/b", None),
        ] {
            assert_eq!(of_node(node.as_bytes()), ip.map(|ip| ip.parse().unwrap()), "{node:?}");
        }
    }
}
