//! A gRPC service of tonic whose calls are signed.
//!
//! What is signed is the body as it comes over the wire: the gRPC frame, which is five bytes of prefix and the
//! message. Unary calls only, since a stream has no last byte to wait for. Refusals are `grpc-status`, in an answer of
//! trailers alone.
//!
//! Message and service are what `tonic-prost-build` would write, by hand, so that this runs without `protoc`; with
//! yours, the line that counts is the same: `layer.named_layer(EventsServer::new(..))`.
//!
//! ```text
//! export ACME_SECRET=a-secret-of-at-least-sixteen-bytes     # PORT: default 3000
//! cargo run --example tonic_service --features tonic
//!
//! printf '\0\0\0\0\11\12\5evt_1\20\3' > frame     # not compressed, 9 bytes: { id: "evt_1", cents: 3 }
//! t=$(date +%s)
//! hex=$((printf %s "/acme.Events/Paid:1:$t:"; cat frame) |
//!     openssl dgst -sha256 -hmac "$ACME_SECRET" -r | cut -d' ' -f1)
//! curl -i --http2-prior-knowledge http://127.0.0.1:3000/acme.Events/Paid --data-binary @frame --output - \
//!     -H 'content-type: application/grpc' -H 'te: trailers' -H 'acme-call: /acme.Events/Paid' -H 'acme-id: 1' \
//!     -H "acme-time: $t" -H "acme-signature: $hex"
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::service::{LayerExt, Layered};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::Service;
use tower_webhook::body::BoxError;
use tower_webhook::scheme::{Encoding, Part, Place, Scheme, TimestampFormat, header};
use tower_webhook::serve::Server;
use tower_webhook::stack::WebhookService;
use tower_webhook::{ConfigError, Secret, WebhookLayer};

/// `<call>:<id>:<time>:<frame>`. The call is among it, or one message could be brought to another method; its name has
/// dots, so colons separate.
const ACME: Scheme = Scheme::hmac_sha256("acme")
    .signature(header("acme-signature"), Encoding::Hex)
    .timestamp(header("acme-time"), TimestampFormat::UnixSeconds)
    .id(Place::Header("acme-id"))
    .signed(&[
        Part::Header("acme-call"),
        Part::Lit(":"),
        Part::Id,
        Part::Lit(":"),
        Part::Timestamp,
        Part::Lit(":"),
        Part::Body,
    ])
    .checked();

/// `message Event { string id = 1; uint64 cents = 2; }`
#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(uint64, tag = "2")]
    cents: u64,
}

/// `message Receipt { string text = 1; }`
#[derive(Clone, PartialEq, prost::Message)]
struct Receipt {
    #[prost(string, tag = "1")]
    text: String,
}

/// Your code: it runs once for each delivery, and only for verified ones.
async fn paid(request: Request<Event>) -> Result<Response<Receipt>, Status> {
    // There is no delivery where no signature layer stands around the service: `internal`, not an unsigned call.
    let delivery = tower_webhook::tonic::delivery(&request)?;
    if request.metadata().get("acme-call").is_none_or(|call| call != PAID) {
        return Err(Status::unauthenticated("signed for another call"));
    }
    let text = format!("{} of {}: {} cents", request.get_ref().id, delivery.provider(), request.get_ref().cents);
    Ok(Response::new(Receipt { text }))
}

const PAID: &str = "/acme.Events/Paid";

/// `service Events { rpc Paid(Event) returns (Receipt); }`
#[derive(Clone, Copy, Debug)]
struct EventsServer;

impl NamedService for EventsServer {
    const NAME: &'static str = "acme.Events";
}

impl<B> Service<http::Request<B>> for EventsServer
where
    B: Body<Data = Bytes, Error: Into<BoxError> + Send> + Send + 'static,
{
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            Ok(match request.uri().path() {
                PAID => Grpc::new(ProstCodec::default()).unary(tower::service_fn(paid), request).await,
                _ => Status::unimplemented("no such call").into_http(),
            })
        })
    }
}

/// The application: what `tonic::transport::Server::add_service` and `Routes::new` take, and any server of tower
/// services.
fn app(secret: Secret) -> Result<Layered<WebhookService<EventsServer>, EventsServer>, ConfigError> {
    let webhook_layer = WebhookLayer::new(ACME, secret)?;
    Ok(webhook_layer.named_layer(EventsServer))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = app(Secret::from_env("ACME_SECRET")?)?;
    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Serving gRPC on http://{}. Ctrl-C ends.", server.local_addr()?);
    server.shutdown_on(tokio::signal::ctrl_c()).serve(app).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use prost::Message;
    use tonic::Code;
    use tower_webhook::Reason;
    use tower_webhook::testing::{self, Answer, Endpoint, TestDelivery};

    use super::*;

    const SECRET: &str = "a secret of at least sixteen bytes";

    fn endpoint() -> Endpoint<Layered<WebhookService<EventsServer>, EventsServer>> {
        Endpoint::new(app(Secret::new(SECRET).unwrap()).unwrap())
    }

    /// Not compressed, the length, the message.
    fn frame(message: &impl Message) -> Vec<u8> {
        let message = message.encode_to_vec();
        [&[0], u32::try_from(message.len()).unwrap().to_be_bytes().as_slice(), &message].concat()
    }

    fn event(id: &str) -> TestDelivery {
        let event = Event { id: id.to_owned(), cents: 3 };
        let builder = testing::delivery(ACME, SECRET).to(PAID).header("acme-call", PAID);
        builder.body("application/grpc", frame(&event))
    }

    #[track_caller]
    fn code(answer: &Answer) -> Code {
        assert_eq!(answer.status(), 200, "gRPC has its status elsewhere");
        Code::from_bytes(answer.headers()["grpc-status"].as_bytes())
    }

    #[tokio::test]
    async fn a_signed_call_runs_once() {
        let (endpoint, event) = (endpoint(), event("evt_1"));
        let receipt = Receipt { text: "evt_1 of acme: 3 cents".to_owned() };
        let answer = endpoint.send(&event).await;
        assert_eq!(*answer.body(), frame(&receipt));
        answer.assert_accepted();
        let again = endpoint.send(&event).await;
        assert_eq!(*again.body(), frame(&receipt));
        again.assert_duplicate();
    }

    #[tokio::test]
    async fn refusals_are_grpc_statuses() {
        let (endpoint, event) = (endpoint(), event("evt_1"));
        for (delivery, reason) in [
            (event.tampered(), Reason::SignatureMismatch),
            (event.unsigned(), Reason::MissingSignature),
            (event.aged(Duration::from_secs(301)), Reason::TimestampTooOld),
        ] {
            let answer = endpoint.send(&delivery).await;
            assert_eq!((code(&answer), answer.body().len()), (Code::Unauthenticated, 0));
            answer.assert_rejected(reason);
        }
        let get = endpoint.send(&event.method(http::Method::GET)).await;
        assert_eq!(code(&get), Code::Unimplemented);
    }

    #[tokio::test]
    async fn without_the_layer_no_call_is_answered() {
        let answer = Endpoint::new(EventsServer).send(&event("evt_1")).await;
        assert_eq!(code(&answer), Code::Internal);
    }
}
