//! Who lets deliveries in unsigned says `danger`.
//~ E0624 `unsigned` is private

use tower_webhook::{ConfigError, SignatureLayer};

fn layer() -> Result<SignatureLayer, ConfigError> {
    SignatureLayer::unsigned("meraki")
}

fn main() {}
