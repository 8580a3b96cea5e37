//! Which evidence counts for https.

use super::*;
use crate::connection::OverTls;

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
    let plain = Err(NotHttps::HeaderIgnored);
    assert_eq!(https(&networks(), STRANGER, &headers), plain);
    assert_eq!(https(&networks().list_header("forwarded").unwrap(), STRANGER, &headers), plain);
    assert_eq!(https(&networks().single_header("x-real-ip").unwrap(), STRANGER, &headers), plain);
    assert_eq!(https(&TrustedProxies::none(), PROXY, &headers), plain);
    assert_eq!(https(&networks(), STRANGER, &[("forwarded", "proto=https")]), Err(NotHttps::PlainConnection));
    assert_eq!(networks().https(None, None, &HeaderMap::new()), Err(NotHttps::NoPeer));
    assert_eq!(TrustedProxies::none().https(None, None, &HeaderMap::new()), Err(NotHttps::PlainConnection));
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
