//! So is a piece that is missing.
//~ E0080 it is not said where the signature stands: call `.signature(..)`

use tower_webhook::scheme::Scheme;

const ACME: Scheme = Scheme::hmac_sha256("acme").checked();

fn main() {
    println!("{}", ACME.name());
}
