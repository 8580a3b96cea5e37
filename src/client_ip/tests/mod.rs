//! The walk as a table of what comes in and who the client is.

mod https;
mod properties;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

const PROXY: &str = "10.0.0.2";
const STRANGER: &str = "192.0.2.66";

fn networks() -> TrustedProxies {
    TrustedProxies::from_cidrs(["10.0.0.0/8", "2001:db8:ff::/48"]).unwrap()
}

fn hops(count: u8) -> TrustedProxies {
    TrustedProxies::hops(count).unwrap()
}

fn lines(name: &str, lines: &[impl AsRef<[u8]>]) -> HeaderMap {
    let name: HeaderName = name.parse().unwrap();
    lines.iter().map(|line| (name.clone(), HeaderValue::from_bytes(line.as_ref()).unwrap())).collect()
}

fn xff(text: &[&str]) -> HeaderMap {
    lines("x-forwarded-for", text)
}

fn fwd(text: &[&str]) -> HeaderMap {
    lines("forwarded", text)
}

fn ask(proxies: &TrustedProxies, peer: &str, headers: &HeaderMap) -> Result<String, ClientIpError> {
    proxies.client_ip(Some(peer.parse().unwrap()), headers).map(|ip| ip.to_string())
}

#[track_caller]
fn table(proxies: &TrustedProxies, header: &str, cases: &[(&[&str], Result<&str, ClientIpError>)]) {
    for (text, want) in cases {
        let answer = ask(proxies, PROXY, &lines(header, text));
        assert_eq!(answer, want.map(str::to_owned), "{header}: {text:?}");
    }
}

#[test]
fn a_peer_that_is_no_proxy_is_its_own_client() {
    for headers in [HeaderMap::new(), xff(&["203.0.113.7"]), xff(&["203.0.113.7, 10.0.0.9"]), xff(&["\""])] {
        assert_eq!(ask(&networks(), STRANGER, &headers), Ok(STRANGER.to_owned()));
        assert_eq!(ask(&TrustedProxies::none(), PROXY, &headers), Ok(PROXY.to_owned()));
    }
    let named = networks().single_header("x-real-ip").unwrap();
    assert_eq!(ask(&named, STRANGER, &lines("x-real-ip", &["203.0.113.7"])), Ok(STRANGER.to_owned()));
}

#[test]
fn a_mapped_peer_is_the_ipv4_peer_that_it_is() {
    let headers = xff(&["203.0.113.7"]);
    assert_eq!(ask(&networks(), "::ffff:10.0.0.2", &headers), Ok("203.0.113.7".into()));
    assert_eq!(ask(&networks(), "::ffff:192.0.2.66", &headers), Ok(STRANGER.into()));
}

#[test]
fn without_a_peer_nobody_is_the_client() {
    let headers = xff(&["203.0.113.7"]);
    for proxies in [networks(), TrustedProxies::none()] {
        for peer in [None, Some("0.0.0.0"), Some("::"), Some("::ffff:0.0.0.0")] {
            let peer = peer.map(|ip| ip.parse().unwrap());
            assert_eq!(proxies.client_ip(peer, &headers), Err(ClientIpError::NoPeer), "{peer:?}");
        }
    }
    assert_eq!(hops(1).client_ip(None, &headers), Ok("203.0.113.7".parse().unwrap()), "a Unix socket");
}

#[test]
fn the_first_address_from_the_right_that_is_no_proxy_is_the_client() {
    use ClientIpError::*;
    table(
        &networks(),
        "x-forwarded-for",
        &[
            (&["203.0.113.7"], Ok("203.0.113.7")),
            (&["198.51.100.1, 203.0.113.7"], Ok("203.0.113.7")),
            (&["198.51.100.1,203.0.113.7, 10.0.0.9 ,\t10.1.1.1"], Ok("203.0.113.7")),
            // All lines, the first one leftmost.
            (&["198.51.100.1", "203.0.113.7"], Ok("203.0.113.7")),
            (&["198.51.100.1, 203.0.113.7", "10.0.0.9", "10.1.1.1"], Ok("203.0.113.7")),
            // Every spelling of an address.
            (&["198.51.100.1, 203.0.113.7:4711"], Ok("203.0.113.7")),
            (&["::ffff:203.0.113.7, ::ffff:10.0.0.9"], Ok("203.0.113.7")),
            (&["2001:DB8:1:0:0::7"], Ok("2001:db8:1::7")),
            (&["[2001:db8:1::7]:80, [2001:db8:ff::1]"], Ok("2001:db8:1::7")),
            // A proxy puts its entry behind the empty value that it got.
            (&[",203.0.113.7"], Ok("203.0.113.7")),
            // What lies left of the client is not even looked at.
            (&["\"; nonsense ,,, , 203.0.113.7"], Ok("203.0.113.7")),
            // Nothing is guessed.
            (&[], Err(HeaderMissing)),
            (&["10.0.0.9"], Err(OnlyProxies)),
            (&["10.0.0.9", "10.0.0.2, 2001:db8:ff::1"], Err(OnlyProxies)),
            (&[""], Err(NoAddress)),
            (&["203.0.113.7,"], Err(NoAddress)),
            (&["203.0.113.7", ""], Err(NoAddress)),
            (&["203.0.113.7, unknown"], Err(NoAddress)),
            (&["203.0.113.7, nope, 10.0.0.9"], Err(NoAddress)),
            (&["203.0.113.7, 0.0.0.0"], Err(NoAddress)),
            (&["203.0.113.7, [::]:80, 10.0.0.9"], Err(NoAddress)),
            (&["203.0.113.7, 010.0.0.9"], Err(NoAddress)),
            (&["203.0.113.7, 0x0a.0.0.9"], Err(NoAddress)),
            (&["203.0.113.7, fe80::1%eth0"], Err(NoAddress)),
            (&["203.0.113.7, 10.0.0.9:port"], Err(NoAddress)),
            (&["203.0.113.7 10.0.0.9"], Err(NoAddress)),
        ],
    );
}

#[test]
fn by_hop_count_the_nth_entry_from_the_right_is_the_client() {
    use ClientIpError::*;
    table(
        &hops(1),
        "x-forwarded-for",
        &[
            (&["198.51.100.1, 203.0.113.7"], Ok("203.0.113.7")),
            (&["203.0.113.7, 10.0.0.9"], Ok("10.0.0.9")),
            (&["203.0.113.7", ""], Err(NoAddress)),
            (&[], Err(HeaderMissing)),
        ],
    );
    table(
        &hops(3),
        "x-forwarded-for",
        &[
            (&["198.51.100.1, 203.0.113.7", "10.0.0.9", "192.0.2.1"], Ok("203.0.113.7")),
            (&["10.0.0.9", "192.0.2.1"], Err(TooFewEntries)),
            (&["198.51.100.1, nope, 10.0.0.9, 192.0.2.1"], Err(NoAddress)),
            (&["203.0.113.7, nope, 192.0.2.1"], Err(NoAddress)),
        ],
    );
    table(
        &hops(2).list_header("forwarded").unwrap(),
        "forwarded",
        &[
            (&["for=198.51.100.1, for=203.0.113.7;proto=https", "for=10.0.0.9"], Ok("203.0.113.7")),
            (&["for=203.0.113.7, for=unknown"], Err(NoAddress)),
        ],
    );
}

#[test]
fn forwarded_is_walked_by_its_own_grammar() {
    use ClientIpError::*;
    table(
        &networks().list_header("forwarded").unwrap(),
        "forwarded",
        &[
            (&["for=203.0.113.7"], Ok("203.0.113.7")),
            (&["for=198.51.100.1, FOR=\"203.0.113.7:80\";proto=http;by=_me, for=10.0.0.9"], Ok("203.0.113.7")),
            (&["for=198.51.100.1", "for=\"[2001:db8:1::7]:_p\"", "for=\"[2001:db8:ff::1]\""], Ok("2001:db8:1::7")),
            (&["for=\"[::ffff:203.0.113.7]\""], Ok("203.0.113.7")),
            (&["by=10.0.0.1;host=\"a, for=198.51.100.1;\\\"\";for=203.0.113.7"], Ok("203.0.113.7")),
            // A broken line counts for nothing, but only if the walk comes to it.
            (&["for=\"198.51.100.1", "for=203.0.113.7"], Ok("203.0.113.7")),
            (&["for=203.0.113.7", "for=\"10.0.0.9"], Err(NoAddress)),
            (&["for=\", for=203.0.113.7"], Err(NoAddress)),
            (&["for=\"x, for=198.51.100.1;\", for=\"[2001:db8:1::7]"], Err(NoAddress)),
            // Nobody in clear.
            (&["for=203.0.113.7, for=unknown"], Err(NoAddress)),
            (&["for=203.0.113.7, for=_hidden, for=10.0.0.9"], Err(NoAddress)),
            (&["for=203.0.113.7, proto=https"], Err(NoAddress)),
            (&["for=203.0.113.7, for=\"0.0.0.0\""], Err(NoAddress)),
            (&["for=203.0.113.7, for=\"[fe80::1%25eth0]\""], Err(NoAddress)),
            (&["for=203.0.113.7,"], Err(NoAddress)),
            (&["for=203.0.113.7;for=198.51.100.1"], Err(NoAddress)),
            (&["for=2001:db8:1::7"], Err(NoAddress)),
            (&["for=\"2001:db8:1::7\""], Err(NoAddress)),
            (&["203.0.113.7"], Err(NoAddress)),
            (&[""], Err(NoAddress)),
            (&[], Err(HeaderMissing)),
            (&["for=10.0.0.9", "for=10.0.0.8"], Err(OnlyProxies)),
        ],
    );
}

#[test]
fn a_named_header_has_one_line_with_one_address() {
    use ClientIpError::*;
    table(
        &networks().single_header("CF-Connecting-IP").unwrap(),
        "cf-connecting-ip",
        &[
            (&["203.0.113.7"], Ok("203.0.113.7")),
            (&[" [2001:db8:1::7]:80 "], Ok("2001:db8:1::7")),
            (&[], Err(HeaderMissing)),
            (&["203.0.113.7", "203.0.113.7"], Err(HeaderRepeated)),
            (&["203.0.113.7, 203.0.113.7"], Err(NoAddress)),
            (&[""], Err(NoAddress)),
            (&["10.0.0.9"], Err(OnlyProxies)),
        ],
    );
}

#[test]
fn only_the_configured_header_counts() {
    let mut others = fwd(&["for=203.0.113.7"]);
    for name in ["x_forwarded_for", "x-real-ip", "client-ip", "x-forwarded", "x-original-forwarded-for"] {
        others.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_static("203.0.113.7"));
    }
    assert_eq!(ask(&networks(), PROXY, &others), Err(ClientIpError::HeaderMissing));
}

#[test]
fn the_walk_ends_after_a_number_of_entries() {
    let chain = |proxies: usize| xff(&[&format!("203.0.113.7{}", ", 10.0.0.9".repeat(proxies))]);
    assert_eq!(ask(&networks(), PROXY, &chain(31)), Ok("203.0.113.7".into()));
    assert_eq!(ask(&networks(), PROXY, &chain(32)), Err(ClientIpError::TooManyEntries));
    let forwarded = networks().list_header("forwarded").unwrap();
    let chain = |proxies: usize| fwd(&[&format!("for=203.0.113.7{}", ", for=10.0.0.9".repeat(proxies))]);
    assert_eq!(ask(&forwarded, PROXY, &chain(31)), Ok("203.0.113.7".into()));
    assert_eq!(ask(&forwarded, PROXY, &chain(32)), Err(ClientIpError::TooManyEntries));
}

#[test]
fn a_header_that_was_not_believed_is_told() {
    let peer = |text: &str| Some(text.parse().unwrap());
    assert!(networks().ignores(peer(STRANGER), &xff(&["203.0.113.7"])));
    assert!(!networks().ignores(peer(PROXY), &xff(&["203.0.113.7"])));
    assert!(!networks().ignores(peer(STRANGER), &fwd(&["for=203.0.113.7"])));
}
