use proptest::prelude::*;

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

fn https(proxies: &TrustedProxies, peer: &str, headers: &[(&'static str, &str)]) -> Result<HttpsEvidence, NotHttps> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    proxies.https(None, Some(peer.parse().unwrap()), &map)
}

#[test]
fn a_connection_that_is_tls_is_evidence_enough() {
    let tls = OverTls::new();
    for proxies in [networks(), hops(2), TrustedProxies::none()] {
        assert_eq!(proxies.https(Some(&tls), None, &HeaderMap::new()), Ok(HttpsEvidence::Connection));
    }
}

#[test]
fn the_word_of_a_stranger_is_not_evidence() {
    let headers = [("x-forwarded-proto", "https"), ("forwarded", "for=203.0.113.7;proto=https"), ("x-scheme", "https")];
    let plain = Err(NotHttps::PlainConnection);
    assert_eq!(https(&networks(), STRANGER, &headers), plain);
    assert_eq!(https(&networks().list_header("forwarded").unwrap(), STRANGER, &headers), plain);
    assert_eq!(https(&networks().single_header("x-real-ip").unwrap(), STRANGER, &headers), plain);
    assert_eq!(https(&TrustedProxies::none(), PROXY, &headers), plain);
    assert_eq!(networks().https(None, None, &HeaderMap::new()), plain);
}

#[test]
fn one_protocol_of_a_trusted_proxy_is_the_clients() {
    let proto = |value| https(&networks(), PROXY, &[("x-forwarded-proto", value)]);
    for value in ["https", "HTTPS", " https "] {
        assert_eq!(proto(value), Ok(HttpsEvidence::Proxy), "{value:?}");
    }
    for value in ["http", "", "wss", "on", "\"https\"", "https;", "https://", "httpss", "http s"] {
        assert_eq!(proto(value), Err(NotHttps::PlainToProxy), "{value:?}");
    }
    let other_words = [("x-forwarded-ssl", "on"), ("x_forwarded_proto", "https"), ("forwarded", "proto=https")];
    assert_eq!(https(&networks(), PROXY, &other_words), Err(NotHttps::HeaderMissing));
}

#[test]
fn of_several_protocols_the_one_of_the_clients_hop_counts() {
    let ask = |proxies: &TrustedProxies, ips: &str, protos: &[&str]| {
        let mut headers = vec![("x-forwarded-for", ips)];
        headers.extend(protos.iter().map(|proto| ("x-forwarded-proto", *proto)));
        headers.retain(|(_, value)| !value.is_empty());
        https(proxies, PROXY, &headers)
    };
    let (yes, no, unclear) = (Ok(HttpsEvidence::Proxy), Err(NotHttps::PlainToProxy), Err(NotHttps::Unclear));
    for (ips, protos, want) in [
        // The client wrote the left one itself.
        ("203.0.113.7", &["https, http"][..], no),
        ("203.0.113.7", &["https", "http"], no),
        ("203.0.113.7", &["http, https"], yes),
        ("", &["https, http"], no),
        ("", &["http, https"], yes),
        // Behind two proxies the second from the right is the client's.
        ("203.0.113.7, 10.0.0.9", &["https, http"], yes),
        ("203.0.113.7, 10.0.0.9", &["https, http, https"], no),
        ("203.0.113.7, 10.0.0.9, 10.0.0.8", &["https, http, http"], yes),
        ("203.0.113.7, 10.0.0.9, 10.0.0.8", &["https", "https"], unclear),
        ("10.0.0.9", &["https, https"], unclear),
        ("nope", &["https, https"], unclear),
        ("203.0.113.7", &["https,"], no),
    ] {
        assert_eq!(ask(&networks(), ips, protos), want, "{ips} {protos:?}");
    }
    assert_eq!(ask(&hops(2), "203.0.113.7, 10.0.0.9", &["https, http"]), yes);
    assert_eq!(ask(&hops(2), "", &["https, http"]), yes);
    assert_eq!(ask(&hops(2), "", &["https, http, https"]), no);
    assert_eq!(ask(&hops(3), "", &["https, https"]), unclear);
    let single = networks().single_header("x-real-ip").unwrap();
    assert_eq!(ask(&single, "", &["https"]), yes);
    assert_eq!(ask(&single, "", &["https, https"]), unclear);
}

#[test]
fn forwarded_says_the_protocol_in_the_element_of_the_client() {
    let proxies = networks().list_header("forwarded").unwrap();
    let ask = |value: &str| https(&proxies, PROXY, &[("forwarded", value), ("x-forwarded-proto", "https")]);
    for value in [
        "proto=https",
        "for=203.0.113.7;proto=HTTPS",
        "for=_x;proto=\"https\"",
        "for=203.0.113.7;proto=https, for=10.0.0.9",
    ] {
        assert_eq!(ask(value), Ok(HttpsEvidence::Proxy), "{value}");
    }
    for value in [
        "for=203.0.113.7",
        "for=198.51.100.1;proto=https, for=203.0.113.7;proto=http",
        "for=203.0.113.7;proto=http, for=10.0.0.9;proto=https",
        "for=203.0.113.7;proto=https;proto=https",
        "for=203.0.113.7;proto=\"https",
        "proto=https;\"",
    ] {
        assert_eq!(ask(value), Err(NotHttps::PlainToProxy), "{value}");
    }
    assert_eq!(ask("for=_x;proto=https, for=_y;proto=https"), Err(NotHttps::Unclear));
    assert_eq!(https(&proxies, PROXY, &[("x-forwarded-proto", "https")]), Err(NotHttps::HeaderMissing));
}

/// Every way to be configured, with the header that it reads.
fn configurations() -> Vec<(TrustedProxies, &'static str)> {
    let mut all = vec![(TrustedProxies::none(), "x-forwarded-for")];
    for proxies in [networks(), hops(1), hops(3)] {
        all.push((proxies.clone(), "x-forwarded-for"));
        all.push((proxies.list_header("forwarded").unwrap(), "forwarded"));
    }
    for proxies in [networks(), hops(1)] {
        all.push((proxies.single_header("x-real-ip").unwrap(), "x-real-ip"));
    }
    all
}

/// Pieces of which headers are made, and bytes of which none should be.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "10.0.0.9",
        "203.0.113.7",
        "198.51.100.1:80",
        "2001:db8:1::7",
        "[2001:db8:ff::1]:9",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "::",
        "fe80::1%eth0",
        "unknown",
        "_hidden",
        "for=",
        "For=\"",
        "proto=https",
        "host=",
        "\"",
        "\\",
        "=",
        ";",
        ",",
        ", ",
        " ",
        "\t",
        "[",
        "]",
        ":",
        "%",
        "'",
        "é",
    ]);
    prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>().prop_filter("no header byte", |b| *b == 9 || (*b >= 32 && *b != 127)), 0..9),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..10).prop_map(|pieces| pieces.concat())
}

/// What a proxy writes: an element that is well formed.
fn honest(header: &str, ip: &str) -> String {
    if header == "forwarded" { format!("for=\"{ip}\";proto=https") } else { ip.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_the_answer_is_a_canonical_address_of_nobody_trusted(
        texts in prop::collection::vec(text(), 0..4),
        peer in prop::sample::select(vec![PROXY, STRANGER, "::ffff:10.0.0.3", "2001:db8:ff::9", "::"]),
    ) {
        for (proxies, header) in configurations() {
            let headers = lines(header, &texts);
            let peer = peer.parse().unwrap();
            let _ = proxies.https(None, Some(peer), &headers);
            let _ = proxies.https(None, Some(peer), &lines("x-forwarded-proto", &texts));
            let Ok(ip) = proxies.client_ip(Some(peer), &headers) else { continue };
            prop_assert_eq!(ip, ip.to_canonical());
            prop_assert!(!ip.is_unspecified());
            if let Trust::Networks(networks) = &proxies.rules.trust {
                prop_assert!(!networks.contains(ip));
            }
            // Written down and read again it is the same address.
            prop_assert_eq!(address::of_entry(ip.to_string().as_bytes()), Some(ip));
        }
    }

    #[test]
    fn what_stands_to_the_left_never_changes_the_answer(
        left in prop::collection::vec(text(), 1..3),
        proxies_behind in 0_usize..3,
    ) {
        let right = |header| {
            let mut right = vec![honest(header, "203.0.113.7")];
            right.extend((0..proxies_behind).map(|_| honest(header, "10.0.0.9")));
            right.join(", ")
        };
        let all = configurations().into_iter().filter(|(_, header)| *header != "x-real-ip");
        for (proxies, header) in all {
            let peer = Some(PROXY.parse().unwrap());
            let alone = proxies.client_ip(peer, &lines(header, &[right(header)]));
            if matches!(alone, Err(ClientIpError::TooFewEntries)) {
                continue;
            }
            let mut in_lines: Vec<_> = left.clone();
            in_lines.push(right(header).into());
            prop_assert_eq!(proxies.client_ip(peer, &lines(header, &in_lines)), alone);

            // A proxy that appends to the client's own line. A quote of the client may break a line of
            // `Forwarded`: a refusal then, never another address.
            let in_line = [left.join(&b","[..]), right(header).into()].join(&b", "[..]);
            let answer = proxies.client_ip(peer, &lines(header, &[in_line]));
            prop_assert!(answer == alone || (header == "forwarded" && answer.is_err()), "{:?} {:?}", answer, alone);
        }
    }

    #[test]
    fn a_protocol_to_the_left_never_makes_a_request_https(left in text(), claims in prop::bool::ANY) {
        let left = if claims { b"https".to_vec() } else { left };
        let appended = [left, b"http".to_vec()].join(&b", "[..]);
        for with_ip in [false, true] {
            let mut headers = lines("x-forwarded-proto", std::slice::from_ref(&appended));
            if with_ip {
                headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.7"));
            }
            for proxies in [networks(), hops(1), networks().single_header("x-real-ip").unwrap()] {
                prop_assert!(proxies.https(None, Some(PROXY.parse().unwrap()), &headers).is_err());
            }
        }
    }
}
