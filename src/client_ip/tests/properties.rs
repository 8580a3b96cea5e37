//! What holds for any header, well formed or not.

use proptest::prelude::*;

use super::trusted_proxies::Trust;
use super::*;

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
