//! actix-web, which takes no tower layers: an extractor that verifies the body as it arrives.
//!
//! `Verified` is for any handler. What the head decides is refused with no byte of the body read, and the bytes are
//! hashed as they come. The limit on the body stands here; HTTPS only, an allowlist and each delivery once are yours, the
//! last by a unique constraint on the delivery id, in the transaction of what the handler does.
//!
//! ```text
//! export GITHUB_WEBHOOK_SECRET=a-secret-of-at-least-sixteen-bytes
//! cargo run --manifest-path examples/frameworks/Cargo.toml --bin actix
//! ```

use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorBadRequest, ErrorInternalServerError, ErrorPayloadTooLarge, ErrorUnauthorized};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{App, FromRequest, HttpRequest, HttpServer, web};
use futures_util::StreamExt;
use http::request::Parts;
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::scheme::{Verifier, VerifyError};
use tower_webhook::{Delivery, Secret, provider};

/// Bytes of a body, at most.
const BODY_LIMIT: usize = 1024 * 1024;

/// A delivery whose signature matched, and its bytes.
struct Verified {
    delivery: Delivery,
    body: Bytes,
}

impl FromRequest for Verified {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let verifier = request.app_data::<Data<Verifier>>().ok_or_else(|| ErrorInternalServerError(""))?;
            let head = head(&request).map_err(|_| ErrorBadRequest(""))?;
            let mut verification = verifier.begin(&head, SystemClock::new().now()).map_err(refused)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk?;
                if body.len() + chunk.len() > BODY_LIMIT {
                    return Err(ErrorPayloadTooLarge(""));
                }
                verification.update(&chunk);
                body.extend_from_slice(&chunk);
            }
            let body = body.freeze();
            let delivery = verification.finish(&head, body.clone()).map_err(refused)?;
            Ok(Self { delivery, body })
        })
    }
}

/// The reason is for the log. The sender gets one answer for all of them.
fn refused(error: VerifyError) -> actix_web::Error {
    eprintln!("webhook refused: {error}, see {}", error.reason().docs());
    ErrorUnauthorized("")
}

/// The head in the types of `http` 1: actix-web has those of 0.2.
fn head(request: &HttpRequest) -> Result<Parts, http::Error> {
    let mut builder = http::Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    for (name, value) in request.headers() {
        builder = builder.header(name.as_str(), value.as_bytes());
    }
    Ok(builder.body(())?.into_parts().0)
}

/// Your code, for verified deliveries alone.
async fn handle(Verified { delivery, body }: Verified) -> String {
    format!("{}: {} verified bytes", delivery.event_type().unwrap_or_default(), body.len())
}

fn app(
    verifier: Verifier,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new().app_data(Data::new(verifier)).route("/webhooks/github", web::post().to(handle))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once, at the start: a secret that protects nothing ends the program here.
    let verifier = Verifier::new(provider::GITHUB, Secret::from_env("GITHUB_WEBHOOK_SECRET")?)?;
    HttpServer::new(move || app(verifier.clone())).bind(("127.0.0.1", 3000))?.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use actix_web::test;
    use tower_webhook::testing::{self, TestDelivery};

    use super::*;

    const SECRET: &str = "It's a Secret to Everybody";
    /// JSON that no serialiser writes so.
    const BODY: &str = r#"{ "ref": "refs\/heads/main", "n": 1.0 }"#;

    /// Status and body of the answer to each.
    async fn answers(deliveries: &[TestDelivery]) -> Vec<(u16, Bytes)> {
        let verifier = Verifier::new(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap();
        let service = test::init_service(app(verifier)).await;
        let mut answers = Vec::new();
        for delivery in deliveries {
            let (head, body) = delivery.to_request::<Bytes>().into_parts();
            let mut request = test::TestRequest::post().uri(&head.uri.to_string()).set_payload(body);
            for (name, value) in &head.headers {
                request = request.append_header((name.as_str(), value.as_bytes()));
            }
            let response = test::call_service(&service, request.to_request()).await;
            answers.push((response.status().as_u16(), test::read_body(response).await));
        }
        answers
    }

    #[actix_web::test]
    async fn a_signed_delivery_passes_as_it_was_sent_and_no_other() {
        let signed = testing::delivery(provider::GITHUB, SECRET).to("/webhooks/github").event_type("push").json(BODY);
        let large = testing::delivery(provider::GITHUB, SECRET).to("/webhooks/github").json(vec![b' '; BODY_LIMIT + 1]);
        let answers = answers(&[signed.clone(), signed.tampered(), signed.unsigned(), large]).await;
        assert_eq!(answers[0], (200, Bytes::from(format!("push: {} verified bytes", BODY.len()))));
        assert_eq!(answers[1..3], [(401, Bytes::new()), (401, Bytes::new())]);
        assert_eq!(answers[3].0, 413);
    }
}
