//! The guard against private addresses.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};
use tower_webhook::bytes::Bytes;
use tower_webhook::send::{PublicConnector, RefusedAddress, SendLayer, TlsMissing};
use tower_webhook::{Secret, provider};

/// Every name is at these addresses.
#[derive(Clone, Debug)]
struct Known(Vec<SocketAddr>);

impl Service<Name> for Known {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

fn refused<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e RefusedAddress> {
    error.downcast_ref().or_else(|| refused(error.source()?))
}

async fn connect(addresses: &[&str], url: &str) -> Result<(), Option<RefusedAddress>> {
    let known = Known(addresses.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect());
    let connected = PublicConnector::resolving_by(known).oneshot(url.parse().unwrap()).await;
    connected.map(drop).map_err(|error| refused(&*error).cloned())
}

#[tokio::test]
async fn what_a_name_resolves_to_is_judged() {
    for private in [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ] {
        let error = connect(&[private], "http://hooks.example.com/").await.unwrap_err().expect(private);
        assert_eq!(error.address(), Some(private.parse().unwrap()));
        assert!(error.to_string().contains("hooks.example.com") && !error.to_string().contains(private), "{error}");
        // One private address among public ones: whoever made that meant it.
        assert!(connect(&["8.8.8.8", private], "http://hooks.example.com/").await.unwrap_err().is_some());
    }
    assert!(connect(&[], "http://hooks.example.com/").await.unwrap_err().is_some(), "no address at all");
}

#[tokio::test]
async fn an_address_in_the_url_is_judged_though_nobody_looks_it_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "localhost", "127.1", "2130706433", "0x7f.1"] {
        let connected = PublicConnector::new().oneshot(format!("http://{host}:{port}/").parse().unwrap()).await;
        let error = connected.expect_err(host);
        // The odd spellings are a matter of the resolver: it knows them not, or they are refused.
        let odd = host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[');
        assert!(refused(&*error).is_some() || odd && host != "localhost", "{host}: {error}");
    }
    let mine = PublicConnector::new().and_network("127.0.0.0/8").unwrap();
    assert!(mine.oneshot(format!("http://127.0.0.1:{port}/").parse().unwrap()).await.is_ok());
    assert!(PublicConnector::new().and_network("127.0.0.0/33").is_err());
}

#[tokio::test]
async fn https_goes_out_through_a_connector_of_tls_and_never_in_clear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: http::Uri = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let plain = PublicConnector::new().and_network("127.0.0.1").unwrap();
    let error = plain.clone().oneshot(url.clone()).await.expect_err("nobody makes it TLS");
    assert!(error.is::<TlsMissing>(), "{error}");
    let connecting = plain.under_tls().and_network("127.0.0.2").unwrap().oneshot(url);
    let (connected, accepted) = tokio::join!(connecting, listener.accept());
    assert_eq!(connected.unwrap().inner().local_addr().unwrap(), accepted.unwrap().1, "the first that ever came");
}

#[tokio::test(start_paused = true)]
async fn neither_a_refused_address_nor_a_missing_tls_is_tried_again() {
    for url in ["http://127.0.0.1:1/", "https://hooks.example.com/"] {
        let client = Client::builder(TokioExecutor::new()).build(PublicConnector::new());
        let secret = Secret::generate().unwrap();
        let sender = SendLayer::new(provider::STANDARD_WEBHOOKS, secret).unwrap().layer(client);
        let began = tokio::time::Instant::now();
        let request = http::Request::post(url).body(Full::new(Bytes::new())).unwrap();
        let error = sender.oneshot(request).await.unwrap_err();
        assert_eq!(refused(&*error).is_some(), url.starts_with("http:"), "{error}");
        assert!(began.elapsed().is_zero(), "{url}: it waited for a retry");
    }
}
