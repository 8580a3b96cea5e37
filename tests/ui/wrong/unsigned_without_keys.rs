//! No key is no way to say that nothing is signed.
//~ E0277 what a sender without any signature sends is let in by name: `danger::accept_unsigned(..)`

use tower_webhook::{ConfigError, WebhookLayer, provider};

fn layer() -> Result<WebhookLayer, ConfigError> {
    WebhookLayer::new(provider::GITHUB, ())
}

fn main() {}
