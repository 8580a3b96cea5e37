//! Senders that are not in the catalogue: one as a `const` of a few lines, one with a rule of its own, one out of a file.
//!
//! * `acme` signs `<time>.<path of its choice>.<body>` with HMAC-SHA-256: a template says that. A contradiction in it
//!   would not compile.
//! * `parcel` signs all of its `x-parcel-…` headers, sorted, and then the body. No template can say "all headers that
//!   begin with": that is a `SignatureRule`, a pure function from the request to the signed content. Keys, comparing
//!   in constant time and everything else stay the crate's.
//! * `quay` is not known when this is compiled: its TOML is read at the start (feature `schemes`), with the same checks.
//!
//! The same data signs, too: for your tests, and for those who send.
//!
//! ```text
//! cargo run --example custom_provider     # PORT: default 3000; prints curl lines that are good for five minutes
//! ```

#![allow(clippy::print_stdout, reason = "an example that shows something")]

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::routing::post;
use bytes::Bytes;
use tower_webhook::clock::{Clock, SystemClock};
use tower_webhook::scheme::{
    Emit, Encoding, Part, Place, Scheme, SignatureRule, Signer, TimestampFormat, Unverified, VerifyError, days, header,
    item,
};
use tower_webhook::serve::Server;
use tower_webhook::{ConfigError, Delivery, Reason, Secret, WebhookLayer};

/// `acme-signature: t=<seconds>;s=<hex>` over `<t>:<acme-event>:<body>`, at most 64 KiB.
const ACME: Scheme = Scheme::hmac_sha256("acme")
    .signature(item("acme-signature", ';', "s"), Encoding::Hex)
    .timestamp(item("acme-signature", ';', "t"), TimestampFormat::UnixSeconds)
    .signed(&[Part::Timestamp, Part::Lit(":"), Part::Header("acme-event"), Part::Lit(":"), Part::Body])
    .tolerance(Duration::from_secs(120))
    .id(Place::Json("/event/id"))
    .event_type(Place::Header("acme-event"))
    .body_limit(64 * 1024)
    .deadline(Duration::from_secs(5))
    .retries_for(days(1))
    .checked();

/// `x-parcel-signature: <base64>` by HMAC-SHA-512 over what [`ParcelRule`] puts together.
const PARCEL: Scheme = Scheme::hmac_sha512("parcel")
    .signature(header(PARCEL_SIGNATURE), Encoding::Base64)
    .signed_by(&ParcelRule)
    .id(Place::Header("x-parcel-id"))
    .checked();

const PARCEL_SIGNATURE: &str = "x-parcel-signature";

/// `<name>:<value>\n` for each header that begins with `x-parcel-` but the signature, sorted; an empty line; the body.
#[derive(Debug)]
struct ParcelRule;

impl SignatureRule for ParcelRule {
    fn contents(&self, request: &Unverified<'_>, emit: &mut Emit<'_>) -> Result<(), VerifyError> {
        let mut lines = Vec::new();
        for (name, value) in &request.head.headers {
            let name = name.as_str();
            if name.starts_with("x-parcel-") && name != PARCEL_SIGNATURE {
                // Of two lines of one name nobody knows which one the handler will read.
                if lines.iter().any(|(other, _)| *other == name) {
                    return Err(VerifyError::new(
                        Reason::MalformedSignature,
                        "a signed header stands on several lines",
                    ));
                }
                lines.push((name, value.as_bytes()));
            }
        }
        lines.sort_unstable();
        // No value has a line end in it, so no two requests come to the same content.
        let mut slices: Vec<&[u8]> = Vec::with_capacity(4 * lines.len() + 2);
        for (name, value) in lines {
            slices.extend([name.as_bytes(), b":", value, b"\n"]);
        }
        slices.extend([b"\n".as_slice(), request.body]);
        // One spelling only. Where a sender has several, `emit` is called with each until it breaks.
        let _ = emit(&slices);
        Ok(())
    }
}

/// What somebody wrote into a file; here it stands in the program.
const QUAY: &str = r#"
name = "quay"
algorithm = "hmac-sha256"
signature = { header = "quay-signature", prefix = "sha256=", encoding = "hex" }
delivery_id = { json = "/id" }
"#;

async fn handle(delivery: Delivery) -> String {
    format!("{} {:?}", delivery.provider(), delivery.id())
}

/// The application.
fn app(acme: Secret, parcel: Secret, quay: Secret) -> Result<Router, ConfigError> {
    Ok(Router::new()
        .route("/acme", post(handle).layer(WebhookLayer::new(ACME, acme)?))
        .route("/parcel", post(handle).layer(WebhookLayer::new(PARCEL, parcel)?))
        .route("/quay", post(handle).layer(WebhookLayer::new(Scheme::from_toml(QUAY)?, quay)?)))
}

/// Signs as the senders do; the headers that they sign must be there before.
fn signed(scheme: Scheme, secret: Secret, request: Request<Bytes>) -> Result<Request<Bytes>, ConfigError> {
    let (mut head, body) = request.into_parts();
    let now = SystemClock::new().now().unwrap_or_default();
    Signer::new(scheme, secret)?.sign(&mut head, &body, now)?;
    Ok(Request::from_parts(head, body))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (acme, parcel, quay) = (Secret::generate()?, Secret::generate()?, Secret::generate()?);
    let port: u16 = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let address = server.local_addr()?;

    let request = Request::post("/acme").header("acme-event", "ordered");
    let request = signed(ACME, acme.clone(), request.body(Bytes::from_static(br#"{"event":{"id":"1"}}"#))?)?;
    print_curl(address, &request);
    let request = Request::post("/parcel").header("x-parcel-id", "1").header("x-parcel-depot", "Oslo");
    print_curl(address, &signed(PARCEL, parcel.clone(), request.body(Bytes::from_static(b"delivered"))?)?);
    let request = Request::post("/quay").body(Bytes::from_static(br#"{"id":"1"}"#))?;
    print_curl(address, &signed(Scheme::from_toml(QUAY)?, quay.clone(), request)?);

    println!("Serving on http://{address}. Ctrl-C ends.");
    server.shutdown_on(tokio::signal::ctrl_c()).serve(app(acme, parcel, quay)?.with_state(())).await?;
    Ok(())
}

fn print_curl(address: SocketAddr, request: &Request<Bytes>) {
    print!("curl -i http://{address}{}", request.uri());
    for (name, value) in request.headers() {
        print!(" -H '{name}: {}'", String::from_utf8_lossy(value.as_bytes()));
    }
    println!(" --data-raw '{}'\n", String::from_utf8_lossy(request.body()));
}

#[cfg(test)]
mod tests {
    use tower_webhook::scheme::Verifier;
    use tower_webhook::testing::{self, Endpoint};

    use super::*;

    const SECRET: &str = "a secret of at least sixteen bytes";

    fn secret() -> Secret {
        Secret::new(SECRET).unwrap()
    }

    fn endpoint() -> Endpoint<Router> {
        Endpoint::new(app(secret(), secret(), secret()).unwrap())
    }

    fn parcel(request: axum::http::request::Builder) -> Request<Bytes> {
        signed(PARCEL, secret(), request.body(Bytes::from_static(b"delivered")).unwrap()).unwrap()
    }

    /// What the rule says of a request, without a server.
    fn verdict(request: Request<Bytes>) -> Result<(), Reason> {
        let (head, body) = request.into_parts();
        let verifier = Verifier::new(PARCEL, secret()).unwrap();
        verifier.verify(&head, &body, SystemClock::new().now()).map(drop).map_err(|error| error.reason())
    }

    #[tokio::test]
    async fn a_scheme_of_a_few_lines_verifies_what_it_signs() {
        let endpoint = endpoint();
        // Headers that are signed are given before the body.
        let builder = testing::delivery(ACME, SECRET).to("/acme").header("acme-event", "ordered");
        let delivery = builder.json(r#"{"event":{"id":"1"}}"#);
        let answer = endpoint.send(&delivery).await;
        assert_eq!(answer.body(), r#"acme Some("1")"#);
        endpoint.send(&delivery).await.assert_duplicate();
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
        endpoint.send(&delivery.aged(Duration::from_secs(121))).await.assert_rejected(Reason::TimestampTooOld);
    }

    #[tokio::test]
    async fn a_rule_of_one_s_own_works_with_the_whole_stack() {
        let endpoint = endpoint();
        let delivery = testing::delivery(PARCEL, SECRET).to("/parcel").id("7").body("text/plain", "delivered");
        let answer = endpoint.send(&delivery).await;
        assert_eq!(answer.body(), r#"parcel Some("7")"#);
        endpoint.send(&delivery).await.assert_duplicate();
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
        endpoint.send(&delivery.unsigned()).await.assert_rejected(Reason::MissingSignature);
    }

    #[tokio::test]
    async fn a_scheme_out_of_a_file_verifies_what_it_signs() {
        let endpoint = endpoint();
        let delivery = testing::delivery(Scheme::from_toml(QUAY).unwrap(), SECRET).to("/quay").json(r#"{"id":"1"}"#);
        assert_eq!(endpoint.send(&delivery).await.body(), r#"quay Some("1")"#);
        endpoint.send(&delivery.tampered()).await.assert_rejected(Reason::SignatureMismatch);
        assert!(Scheme::from_toml(&QUAY.replace("quay-signature", "Quay-Signature")).is_err());
    }

    #[test]
    fn every_parcel_header_is_signed_and_no_other() {
        let request = || parcel(Request::post("/parcel").header("x-parcel-id", "1").header("x-parcel-depot", "Oslo"));
        assert_eq!(verdict(request()), Ok(()));

        let mut more = request();
        more.headers_mut().insert("x-request-id", "a proxy's".parse().unwrap());
        assert_eq!(verdict(more), Ok(()));

        let mut moved = request();
        moved.headers_mut().insert("x-parcel-depot", "Bergen".parse().unwrap());
        assert_eq!(verdict(moved), Err(Reason::SignatureMismatch));

        let mut dropped = request();
        dropped.headers_mut().remove("x-parcel-depot");
        assert_eq!(verdict(dropped), Err(Reason::SignatureMismatch));

        let mut twice = request();
        twice.headers_mut().append("x-parcel-depot", "Bergen".parse().unwrap());
        assert_eq!(verdict(twice), Err(Reason::MalformedSignature));
    }
}
