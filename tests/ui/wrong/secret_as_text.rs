//! A text may be empty, or say `changeme`; a `Secret` may not.
//~ E0277 `&str` is no key: it may be empty, a placeholder, or anything else that protects nothing

use tower_webhook::{ConfigError, WebhookLayer, provider};

fn layer() -> Result<WebhookLayer, ConfigError> {
    WebhookLayer::new(provider::GITHUB, "It's a Secret to Everybody")
}

fn main() {}
