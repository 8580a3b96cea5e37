//! Who signs the URL that it calls needs to be told which: the request's own is the attacker's to choose.
//~ E0277 UrlScheme` is no sender yet

use tower_webhook::{ConfigError, Secret, WebhookLayer, provider};

fn layer(secret: Secret) -> Result<WebhookLayer, ConfigError> {
    WebhookLayer::new(provider::TWILIO, secret)
}

fn main() {}
