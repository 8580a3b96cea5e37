//! A sender without any signature, let in by the word `danger`; and a scheme that makes sense.

use tower_webhook::scheme::{Encoding, Scheme, header};
use tower_webhook::{ConfigError, Secret, WebhookLayer, danger};

const ACME: Scheme =
    Scheme::hmac_sha256("acme").signature(header("x-acme-signature"), Encoding::Hex).checked();

fn layers(secret: Secret) -> Result<[WebhookLayer; 2], ConfigError> {
    let unsigned = WebhookLayer::of(danger::accept_unsigned("meraki")?).allow(["203.0.113.0/24"])?;
    Ok([unsigned, WebhookLayer::new(ACME, secret)?])
}

fn main() {}
