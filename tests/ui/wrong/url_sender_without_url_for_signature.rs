//! The same for the layer alone.
//~ E0277 a sender that signs the URL needs it as you gave it to the sender: `provider::TWILIO.at("https://…")?`

use tower_webhook::{ConfigError, Secret, SignatureLayer, provider};

fn layer(secret: Secret) -> Result<SignatureLayer, ConfigError> {
    SignatureLayer::new(provider::SQUARE, secret)
}

fn main() {}
