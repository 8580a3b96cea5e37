//! Nor is an empty one made, nor one of bytes.
//~ E0624 `new` is private
//~ E0277 VerifiedBody: Default` is not satisfied
//~ E0277 VerifiedBody: From<bytes::Bytes>` is not satisfied

use bytes::Bytes;
use tower_webhook::VerifiedBody;

fn forge(bytes: Bytes) -> [VerifiedBody; 3] {
    [VerifiedBody::new(bytes.clone()), Default::default(), bytes.into()]
}

fn main() {}
