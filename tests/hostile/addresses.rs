//! Who the client is: what a header may and may not make of a socket on 127.0.0.1.

use crate::message::Message;
use crate::{Cases, run};

const LISTED: &str = "203.0.113.7";

/// Lines of a header, and what becomes of them: `None` passes.
type Row = (&'static [&'static str], Option<&'static str>);

const DENIED: Option<&str> = Some("ip_denied");
const UNKNOWN: Option<&str> = Some("ip_unknown");

fn table(cases: &mut Cases, route: &str, header: &str, rows: &[Row]) {
    for (lines, refused) in rows {
        let message = lines.iter().fold(Message::post(route), |message, line| message.line(header, line));
        let name = format!("{route} {header}: {lines:?}");
        match refused {
            None => cases.accepted(name, message),
            Some(reason) => cases.refused(name, message, 403, reason),
        }
    }
}

#[tokio::test]
async fn the_first_stranger_from_the_right_is_the_client() {
    let mut cases = Cases::default();
    table(
        &mut cases,
        "/allow",
        "x-forwarded-for",
        &[
            (&["203.0.113.7"], None),
            (&["203.0.113.0"], None),
            (&["203.0.113.255"], None),
            (&["2001:db8:1::5"], None),
            (&["2001:db8:1:ffff:ffff:ffff:ffff:ffff"], None),
            (&["198.51.100.1, 203.0.113.7"], None),
            (&["203.0.113.7, 10.0.0.3, 127.0.0.1"], None),
            (&["nonsense, ,,, 203.0.113.7"], None),
            (&["198.51.100.1", "203.0.113.7"], None),
            (&["203.0.113.7", "10.0.0.1", "127.9.9.9"], None),
            (&["203.0.113.7:443"], None),
            (&["[2001:db8:1::5]:443"], None),
            (&["[2001:db8:1::5]"], None),
            (&["::ffff:203.0.113.7"], None),
            (&["::ffff:cb00:7107"], None),
            (&["[::ffff:203.0.113.7]:80"], None),
            (&["2001:0DB8:0001:0:0:0:0:5"], None),
            (&["203.0.113.7, ::ffff:10.0.0.3"], None),
            (&["203.0.112.255"], DENIED),
            (&["203.0.114.0"], DENIED),
            (&["2001:db8:2::1"], DENIED),
            (&["2001:db8:0:ffff::1"], DENIED),
            (&["203.0.113.7, 198.51.100.1"], DENIED),
            (&["203.0.113.7", "198.51.100.1"], DENIED),
            (&["203.0.113.7, 198.51.100.1, 10.0.0.1"], DENIED),
            (&["::ffff:198.51.100.1"], DENIED),
            // Not the IPv4 address that it holds, but another network.
            (&["::203.0.113.7"], DENIED),
            (&["64:ff9b::203.0.113.7"], DENIED),
            (&["2002:cb00:7107::1"], DENIED),
            (&["::1"], DENIED),
            (&["172.16.0.1"], DENIED),
            (&["255.255.255.255"], DENIED),
            (&[], UNKNOWN),
            (&[""], UNKNOWN),
            (&["10.0.0.1"], UNKNOWN),
            (&["127.0.0.1, 10.0.0.1"], UNKNOWN),
            (&["203.0.113.7,"], UNKNOWN),
            (&["203.0.113.7, "], UNKNOWN),
            (&["203.0.113.7", ""], UNKNOWN),
            (&["203.0.113.7, ,10.0.0.1"], UNKNOWN),
            (&[",,,,"], UNKNOWN),
            (&["203.0.113.7, unknown"], UNKNOWN),
            (&["203.0.113.7, _hidden"], UNKNOWN),
            (&["203.0.113.7, localhost"], UNKNOWN),
            (&["203.0.113.7;10.0.0.1"], UNKNOWN),
            (&["203.0.113.7 10.0.0.1"], UNKNOWN),
            (&["\"203.0.113.7\""], UNKNOWN),
            (&["for=203.0.113.7"], UNKNOWN),
            (&["203.0.113.07"], UNKNOWN),
            (&["0313.0.0161.07"], UNKNOWN),
            (&["0xcb.0.0x71.7"], UNKNOWN),
            (&["3405803783"], UNKNOWN),
            (&["203.0.28935"], UNKNOWN),
            (&["203.0.113.7.0"], UNKNOWN),
            (&["203.0.113"], UNKNOWN),
            (&["203.0.113.256"], UNKNOWN),
            (&["203.0.113.7/32"], UNKNOWN),
            (&["203.0.113.7:"], UNKNOWN),
            (&["203.0.113.7:99999"], UNKNOWN),
            (&["203.0.113.7:http"], UNKNOWN),
            (&["203.0.113.7:-1"], UNKNOWN),
            (&["[203.0.113.7]"], UNKNOWN),
            (&["[2001:db8:1::5"], UNKNOWN),
            (&["2001:db8:1::5]"], UNKNOWN),
            (&["[[2001:db8:1::5]]"], UNKNOWN),
            (&["[2001:db8:1::5]443"], UNKNOWN),
            (&["2001:db8:1::5%eth0"], UNKNOWN),
            (&["[2001:db8:1::5%25eth0]:1"], UNKNOWN),
            (&["fe80::1%lo"], UNKNOWN),
            (&["2001:db8:1:::5"], UNKNOWN),
            (&["2001:db8:1::5::"], UNKNOWN),
            (&["12001:db8:1::5"], UNKNOWN),
            (&["203.0.113.7\t10.0.0.1"], UNKNOWN),
            (&["0.0.0.0"], UNKNOWN),
            (&["::"], UNKNOWN),
            (&["[::]:80"], UNKNOWN),
            (&["::ffff:0.0.0.0"], UNKNOWN),
            (&["203.0.113.7, 0.0.0.0"], UNKNOWN),
            (&["\u{0662}03.0.113.7"], UNKNOWN),
            (&["203\u{3002}0.113.7"], UNKNOWN),
        ],
    );
    let long = |proxies: usize| format!("{LISTED}{}", ", 10.0.0.9".repeat(proxies));
    cases.accepted("31 proxies", Message::post("/allow").line("x-forwarded-for", long(31)));
    cases.refused("32 proxies", Message::post("/allow").line("x-forwarded-for", long(32)), 403, "ip_unknown");
    cases.refused("60 KiB of proxies", Message::post("/allow").line("x-forwarded-for", long(6_000)), 403, "ip_unknown");
    let noise = format!("{}, {LISTED}", "x,".repeat(28_000));
    cases.accepted("56 KB of noise on the left", Message::post("/allow").line("x-forwarded-for", noise));
    let lines = (0..90).fold(Message::post("/allow").line("x-forwarded-for", LISTED), |message, _| {
        message.line("x-forwarded-for", "10.0.0.9")
    });
    cases.refused("90 lines of proxies", lines, 403, "ip_unknown");
    cases.refused("bytes", Message::post("/allow").line("x-forwarded-for", b"203.0.113.7, \xff"), 403, "ip_unknown");
    run(cases).await;
}

#[tokio::test]
async fn only_the_configured_header_of_a_trusted_peer_counts() {
    let mut cases = Cases::default();
    for name in [
        "x_forwarded_for",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-client-ip",
        "client-ip",
        "x-forwarded",
        "x-cluster-client-ip",
        "forwarded-for",
        "x-original-forwarded-for",
        "via",
        "x-forwarded-for-original",
    ] {
        cases.refused(name, Message::post("/allow").line(name, LISTED), 403, "ip_unknown");
    }
    cases.refused("forwarded", Message::post("/allow").line("forwarded", "for=203.0.113.7"), 403, "ip_unknown");
    // Here nobody is believed, and 127.0.0.1 is not on the list.
    for (name, value) in [("x-forwarded-for", LISTED), ("forwarded", "for=203.0.113.7"), ("x-real-ip", LISTED)] {
        cases.refused(format!("/direct {name}"), Message::post("/direct").line(name, value), 403, "ip_denied");
    }
    cases.refused("/direct", Message::post("/direct"), 403, "ip_denied");
    cases.refused("a host of the list", Message::post("/direct").line("x-forwarded-host", LISTED), 403, "ip_denied");
    let twins = Message::post("/allow").line("x-forwarded-for", "198.51.100.1").line("x_forwarded_for", LISTED);
    cases.refused("a twin with underscores", twins, 403, "ip_denied");
    let capitals = Message::post("/allow").line("x-forwarded-for", LISTED).line("via", "1.1 x");
    cases.accepted("other headers say nothing", capitals);
    run(cases).await;
}

#[tokio::test]
async fn hops_are_counted_from_the_right() {
    let mut cases = Cases::default();
    table(
        &mut cases,
        "/hops1",
        "x-forwarded-for",
        &[
            (&["203.0.113.7"], None),
            (&["198.51.100.1, 203.0.113.7"], None),
            (&["198.51.100.1", "203.0.113.7"], None),
            (&["nonsense, 203.0.113.7"], None),
            (&["203.0.113.7, 198.51.100.1"], DENIED),
            (&["203.0.113.7, 10.0.0.1"], DENIED),
            (&["203.0.113.7", "127.0.0.1"], DENIED),
            (&["203.0.113.7,"], UNKNOWN),
            (&["203.0.113.7, x"], UNKNOWN),
            (&[], UNKNOWN),
            (&[""], UNKNOWN),
        ],
    );
    table(
        &mut cases,
        "/hops2",
        "x-forwarded-for",
        &[
            (&["203.0.113.7, 198.51.100.1"], None),
            (&["203.0.113.7, 10.0.0.1"], None),
            (&["198.51.100.9, 203.0.113.7, 10.0.0.1"], None),
            (&["203.0.113.7", "198.51.100.1"], None),
            (&["198.51.100.1, 203.0.113.7"], DENIED),
            (&["203.0.113.7, 198.51.100.1, 198.51.100.2"], DENIED),
            (&["203.0.113.7"], UNKNOWN),
            (&["203.0.113.7, "], UNKNOWN),
            (&["203.0.113.7, x"], UNKNOWN),
            (&["x, 198.51.100.1"], UNKNOWN),
            (&[], UNKNOWN),
        ],
    );
    run(cases).await;
}

#[tokio::test]
async fn forwarded_is_read_by_its_grammar() {
    let mut cases = Cases::default();
    table(
        &mut cases,
        "/fwd",
        "forwarded",
        &[
            (&["for=203.0.113.7"], None),
            (&["For=\"203.0.113.7:443\";Proto=https;By=_x"], None),
            (&["FOR=\"[2001:db8:1::5]\""], None),
            (&["for=\"[2001:db8:1::5]:_port\""], None),
            (&["for=\"\\203.0.113.7\""], None),
            (&["for=198.51.100.1, for=203.0.113.7, for=10.0.0.1"], None),
            (&["for=198.51.100.1", "for=203.0.113.7"], None),
            (&["host=\"a, for=198.51.100.1\";for=203.0.113.7"], None),
            (&["for=\"[::ffff:203.0.113.7]\""], None),
            (&["broken=\"", "for=203.0.113.7"], None),
            (&["for=198.51.100.1"], DENIED),
            (&["for=203.0.113.7, for=198.51.100.1"], DENIED),
            (&["for=203.0.113.7", "for=198.51.100.1"], DENIED),
            (&["for=198.51.100.1;host=\"x, for=203.0.113.7\""], DENIED),
            (&[], UNKNOWN),
            (&[""], UNKNOWN),
            (&["203.0.113.7"], UNKNOWN),
            (&["for="], UNKNOWN),
            (&["for=\"\""], UNKNOWN),
            (&["for = 203.0.113.7"], UNKNOWN),
            (&["for=\"203.0.113.7"], UNKNOWN),
            (&["for=203.0.113.7\""], UNKNOWN),
            (&["for='203.0.113.7'"], UNKNOWN),
            (&["for=203.0.113.7;for=203.0.113.7"], UNKNOWN),
            (&["for=203.0.113.7;for=198.51.100.1"], UNKNOWN),
            (&["for=203.0.113.7,"], UNKNOWN),
            (&["for=203.0.113.7, proto=https"], UNKNOWN),
            (&["for=203.0.113.7, for=unknown"], UNKNOWN),
            (&["for=203.0.113.7, for=_secret"], UNKNOWN),
            (&["for=203.0.113.7", "for=\"10.0.0.1"], UNKNOWN),
            (&["for=2001:db8:1::5"], UNKNOWN),
            (&["for=\"2001:db8:1::5\""], UNKNOWN),
            (&["for=\"[2001:db8:1::5%25eth0]\""], UNKNOWN),
            (&["for=203.0.113.7 for=10.0.0.1"], UNKNOWN),
            (&["for=\"203.0.113.7, for=10.0.0.1\""], UNKNOWN),
            (&["for=\"203.0.113.7\\\""], UNKNOWN),
            (&["by=203.0.113.7"], UNKNOWN),
            (&["for=10.0.0.1"], UNKNOWN),
            (&["for=0.0.0.0"], UNKNOWN),
            (&["for=203.0.113.7:443"], UNKNOWN),
        ],
    );
    cases.refused("another header", Message::post("/fwd").line("x-forwarded-for", LISTED), 403, "ip_unknown");
    cases.refused("bytes", Message::post("/fwd").line("forwarded", b"for=203.0.113.7\xff"), 403, "ip_unknown");
    let quotes = format!("for=\"{}\"", "\\".repeat(20_000));
    cases.refused("twenty thousand escapes", Message::post("/fwd").line("forwarded", quotes), 403, "ip_unknown");
    run(cases).await;
}
