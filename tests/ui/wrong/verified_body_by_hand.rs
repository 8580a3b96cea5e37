//! A verified body comes out of a signature layer, and from nowhere else.
//~ E0423 cannot initialize a tuple struct which contains private fields

use bytes::Bytes;
use tower_webhook::VerifiedBody;

fn forge(bytes: Bytes) -> VerifiedBody {
    VerifiedBody(bytes)
}

fn main() {}
