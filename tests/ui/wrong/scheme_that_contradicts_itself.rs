//! A mistake in a scheme is found when the program is compiled.
//~ E0080 a timestamp that is not signed proves nothing: name it in `.signed(..)`

use tower_webhook::scheme::{Encoding, Scheme, TimestampFormat, header};

const ACME: Scheme = Scheme::hmac_sha256("acme")
    .signature(header("x-acme-signature"), Encoding::Hex)
    .timestamp(header("x-acme-time"), TimestampFormat::UnixSeconds)
    .checked();

fn main() {
    println!("{}", ACME.name());
}
