//! nginx and HAProxy judge the same headers as we do, and stand in front of us as the guide says.
//!
//! Both are found on the PATH; `tests/run.sh` installs them, and runs a million with `--long`. `PROXY_CASES` is the number of generated values, 3,000 by
//! default.
#![allow(clippy::print_stdout, reason = "figures are what it is for")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod front;
mod generate;
mod process;

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use tower_webhook::client_ip::TrustedProxies;

use self::generate::{Generator, Reader};
use self::process::{HAPROXY, NGINX, Oracle};

/// As in the reference receiver.
const LISTED: [&str; 2] = ["203.0.113.0/24", "2001:db8:1::/48"];
const TRUSTED: [&str; 2] = ["127.0.0.0/8", "10.0.0.0/8"];

fn cases() -> usize {
    std::env::var("PROXY_CASES").ok().map_or(3_000, |text| text.parse().expect("a number"))
}

fn ours(proxies: &TrustedProxies, lines: &[String]) -> Option<IpAddr> {
    let line = |line: &String| {
        ("x-forwarded-for".parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(line.as_bytes()).unwrap())
    };
    let headers: HeaderMap = lines.iter().map(line).collect();
    proxies.client_ip(Some(IpAddr::from([127, 0, 0, 1])), &headers).ok()
}

/// Past all trusted proxies: whom we let in is the client that nginx finds.
#[tokio::test]
async fn whom_nginx_turns_away_we_turn_away() {
    let realip = TRUSTED.map(|network| format!("set_real_ip_from {network};")).concat();
    let nginx = NGINX.start(|port| {
        format!(
            "server {{ listen 127.0.0.1:{port}; {realip} real_ip_header X-Forwarded-For; real_ip_recursive on; \
             add_header x-client $remote_addr always; return 204; }}"
        )
    });
    differ(nginx.port, &TrustedProxies::from_cidrs(TRUSTED).unwrap(), Generator::new(7, Reader::Nginx)).await;
}

/// By hop count: the last entry, as HAProxy reads it, is the client that we let in.
#[tokio::test]
async fn whom_haproxy_does_not_see_we_turn_away() {
    let haproxy = HAPROXY.start(|port| {
        format!(
            "frontend oracle\n  bind 127.0.0.1:{port}\n  \
             http-request return status 200 hdr x-client %[req.hdr_ip(x-forwarded-for,-1)]\n"
        )
    });
    differ(haproxy.port, &TrustedProxies::hops(1).unwrap(), Generator::new(11, Reader::HaProxy)).await;
}

async fn differ(port: u16, proxies: &TrustedProxies, mut generator: Generator) {
    let mut oracle = Oracle::connect(port).await;
    let listed = LISTED.map(|network| network.parse::<IpNet>().unwrap());
    let (mut allowed, mut wrong) = (0, Vec::new());
    for _ in 0..cases() {
        let lines = generator.lines();
        let ip = ours(proxies, &lines).filter(|ip| listed.iter().any(|network| network.contains(ip)));
        let Some(ip) = ip else { continue };
        allowed += 1;
        let theirs = oracle.client("x-forwarded-for", &lines).await.map(|ip| ip.to_canonical());
        if theirs != Some(ip) {
            wrong.push(format!("{lines:?}: {ip}, and {theirs:?}"));
        }
    }
    println!("{} cases, {allowed} allowed", cases());
    assert!(allowed > cases() / 50, "{allowed} were allowed");
    assert!(wrong.is_empty(), "{}: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
}
