//! Keys that each delivery names and the receiver fetches: Amazon SNS with its certificates, Canva with its set of keys.
//!
//! The crate has no HTTP client; this one is hyper with rustls. What matters in a source of your own: no redirects, a limit
//! on what is read, and a server certificate that is checked, for whoever answers in the sender's place chooses the keys.
//! The rest is the crate's: which URLs may be asked for at all, one question for many deliveries, what is kept for how long.
//!
//! ```text
//! TOPIC_ARN=arn:aws:sns:us-east-1:123456789012:MyTopic \
//! cargo run -p fetched_keys     # PORT: default 3000
//! ```
//!
//! `POST /webhooks/sns` also gets the URL that confirms a subscription, verified like any message, and prints it.

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::http::request::Parts;
use axum::routing::post;
use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower_webhook::challenge::{Handshake, Taken};
use tower_webhook::scheme::{KeyName, Sender};
use tower_webhook::serve::Server;
use tower_webhook::signature::KeySource;
use tower_webhook::{Delivery, KeyDocument, WebhookLayer, provider};

type BoxError = Box<dyn Error + Send + Sync>;

/// Bytes of a document.
const LONGEST: usize = 64 * 1024;

/// Fetches documents by `GET`. A clone shares the connections.
#[derive(Clone, Debug)]
struct HttpKeys(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl HttpKeys {
    /// Trusts the certificates that this machine trusts.
    fn new() -> Result<Self, BoxError> {
        let connector = HttpsConnectorBuilder::new().with_native_roots()?.https_only().enable_http1().build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }
}

/// What stands there: `None` for 404 and 410. hyper follows no redirects; a 3xx is an error here.
async fn document<C>(client: &Client<C, Empty<Bytes>>, url: Uri) -> Result<Option<KeyDocument>, BoxError>
where
    C: hyper_util::client::legacy::connect::Connect + Clone + Send + Sync + 'static,
{
    let response = client.request(Request::get(url).body(Empty::new())?).await?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
        status => return Err(format!("the keys were answered with {status}").into()),
    }
    let text = Limited::new(response.into_body(), LONGEST).collect().await?.to_bytes();
    let text = std::str::from_utf8(&text)?;
    let document = if text.trim_start().starts_with('{') { KeyDocument::jwks(text)? } else { KeyDocument::pem(text)? };
    Ok(Some(document))
}

impl KeySource for HttpKeys {
    fn fetch(&self, name: &KeyName) -> impl Future<Output = Result<Option<KeyDocument>, BoxError>> + Send + 'static {
        let (client, url) = (self.0.clone(), name.url().map(str::parse::<Uri>));
        async move {
            // Senders that name an id and no URL (Plaid, say) need a source that knows where their keys are.
            let Some(url) = url else { return Ok(None) };
            document(&client, url?).await
        }
    }
}

fn app(topic: &str, keys: impl KeySource + Clone) -> Result<Router, BoxError> {
    // Anybody at AWS can have SNS sign a message: this topic, and no other.
    let sns = WebhookLayer::fetching(Sender::from(provider::AWS_SNS).key_id(topic)?, keys.clone())?;
    let sns = sns.on_handshake(|handshake, _: &Parts| {
        if let Handshake::Confirm(url) = &handshake {
            println!("confirm the subscription: {url}");
        }
        async { Ok::<_, BoxError>(Taken::Stored) }
    });
    let canva = WebhookLayer::fetching(provider::CANVA, keys)?;
    Ok(Router::new()
        .route("/webhooks/sns", post(handle).layer(sns))
        .route("/webhooks/canva", post(handle).layer(canva)))
}

async fn handle(delivery: Delivery) -> &'static str {
    println!("{} {}", delivery.provider(), delivery.id().as_deref().unwrap_or("without an id"));
    "ok"
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let topic = std::env::var("TOPIC_ARN").unwrap_or_else(|_| "arn:aws:sns:us-east-1:123456789012:MyTopic".to_owned());
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("listening on http://{}", server.local_addr()?);
    server.serve(app(&topic, HttpKeys::new()?)?).await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use axum::http::header::LOCATION;
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;

    /// What a server on this machine answers, asked for without TLS.
    async fn fetched(router: Router) -> Result<Option<KeyDocument>, BoxError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let found = document(&client, url.parse().unwrap()).await;
        server.abort();
        found
    }

    fn answering(text: String) -> Router {
        Router::new().route("/keys", get(move || std::future::ready(text.clone())))
    }

    #[tokio::test]
    async fn a_set_of_keys_is_read_and_what_is_too_long_moved_or_none_is_not() {
        let set =
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k-1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
        assert_eq!(fetched(answering(set.to_owned())).await.unwrap().unwrap().keys().len(), 1);
        assert!(fetched(Router::new()).await.unwrap().is_none());
        assert!(fetched(answering(format!("{set}{}", " ".repeat(LONGEST)))).await.is_err());
        assert!(fetched(answering("no key".to_owned())).await.is_err());
        let moved = Router::new().route("/keys", get(|| async { (StatusCode::FOUND, [(LOCATION, "/other")]) }));
        assert!(fetched(moved).await.is_err());
    }

    #[tokio::test]
    async fn only_https_is_asked_for() {
        let error =
            document(&HttpKeys::new().unwrap().0, "http://127.0.0.1:1/keys".parse().unwrap()).await.unwrap_err();
        assert!(format!("{error:?}").contains("InvalidInput") || format!("{error:?}").contains("scheme"), "{error:?}");
    }
}
