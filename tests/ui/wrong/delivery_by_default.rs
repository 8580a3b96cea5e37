//! There is no delivery to begin with.
//~ E0277 Delivery: Default` is not satisfied
//~ E0277 Delivery: From<bytes::Bytes>` is not satisfied

use bytes::Bytes;
use tower_webhook::Delivery;

fn forge(bytes: Bytes) -> [Delivery; 2] {
    [Default::default(), bytes.into()]
}

fn main() {}
