//! What was looked at cannot be passed off as verified, nor made by hand.
//~ E0308 expected `VerifiedBody`, found `ObservedBody`
//~ E0277

use tower_webhook::VerifiedBody;
use tower_webhook::body::ObservedBody;

fn promote(body: ObservedBody) -> VerifiedBody {
    body
}

fn convert(body: ObservedBody) -> VerifiedBody {
    body.into()
}

fn main() {}
