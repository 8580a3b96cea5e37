//! The client's address is what a trusted proxy saw, or nobody's.

use std::net::IpAddr;
use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use tower_webhook::AllowlistLayer;
use tower_webhook::client_ip::TrustedProxies;

const TRUSTED: [&str; 3] = ["10.0.0.0/8", "192.0.2.1", "2001:db8:ff::/48"];
const PEER: &str = "10.0.0.1";

static PROXIES: LazyLock<TrustedProxies> =
    LazyLock::new(|| TrustedProxies::from_cidrs(TRUSTED).expect("networks of proxies"));
static FORWARDED: LazyLock<TrustedProxies> =
    LazyLock::new(|| PROXIES.clone().list_header("forwarded").expect("a list"));

pub fn x_forwarded_for(data: &[u8]) {
    walk(&PROXIES, "x-forwarded-for", "203.0.113.9", data);
}

pub fn forwarded(data: &[u8]) {
    walk(&FORWARDED, "forwarded", "for=203.0.113.9", data);
}

/// Lines of `data` as lines of the header.
fn walk(proxies: &TrustedProxies, name: &'static str, other: &str, data: &[u8]) {
    let Some(headers) = lines(name, data) else { return };
    let peer: IpAddr = PEER.parse().expect("an address");
    let _ = proxies.https(None, Some(peer), &headers);
    let answer = proxies.client_ip(Some(peer), &headers);

    // A stranger's headers say nothing.
    let stranger: IpAddr = "198.51.100.4".parse().expect("an address");
    assert_eq!(proxies.client_ip(Some(stranger), &headers), Ok(stranger));

    // What stands further to the left does not change an answer.
    let mut more = HeaderMap::new();
    more.append(name, HeaderValue::try_from(other).expect("a header value"));
    for line in headers.get_all(name) {
        more.append(name, line.clone());
    }
    let Ok(ip) = answer else { return };
    assert_eq!(proxies.client_ip(Some(peer), &more), Ok(ip));

    // The address is canonical, not a proxy's, and reads the same when written by the last proxy.
    assert_eq!(ip, ip.to_canonical());
    assert!(!ip.is_unspecified());
    let text = match (name, ip) {
        ("forwarded", IpAddr::V6(ip)) => format!("for=\"[{ip}]\""),
        ("forwarded", IpAddr::V4(ip)) => format!("for={ip}"),
        _ => ip.to_string(),
    };
    let again = lines(name, text.as_bytes()).expect("a header value");
    assert_eq!(proxies.client_ip(Some(peer), &again), Ok(ip));
}

/// A list is taken where each entry is a network or an address, written in full and without bits behind its prefix.
pub fn cidr_list(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let entries: Vec<_> = text.lines().take(50).collect();
    let proxies = TrustedProxies::from_cidrs(&entries);
    let allowed = AllowlistLayer::new(&entries);
    // What proxies may be, clients may be, too; not the other way round: nobody trusts everybody.
    assert!(proxies.is_err() || allowed.is_ok(), "{entries:?}");
    if allowed.is_ok() {
        assert!(!entries.is_empty());
        for entry in entries {
            let network = entry.parse::<ipnet::IpNet>().map(|network| network.network() == network.addr());
            assert!(network.unwrap_or_else(|_| entry.parse::<IpAddr>().is_ok()), "{entry:?}");
        }
    }
}

fn lines(name: &'static str, data: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n').take(40) {
        headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}
