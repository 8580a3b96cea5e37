//! Who signs your id there needs to be told which: what stands in the request is the attacker's to choose.
//~ E0277 KeyIdScheme` is no sender yet

use tower_webhook::{ConfigError, Secret, WebhookLayer, provider};

fn layer(secret: Secret) -> Result<WebhookLayer, ConfigError> {
    WebhookLayer::new(provider::TIKTOK_SHOP, secret)
}

fn main() {}
