//! What somebody makes who does not know the secret.

use super::breakages::{all, is_high};
use super::senders::template_senders;

/// The same deliveries, made with another secret than the receiver's, and than any other route's. Of each sender every
/// fifth, and of the next sender the ones after: all ways are tried with many senders.
#[test]
fn a_forgery_is_never_explained_with_high_confidence() {
    for (at, scheme) in template_senders().enumerate() {
        for forged in all(scheme, 9).into_iter().skip(at % 5).step_by(5) {
            let Some(reason) = forged.reason() else { panic!("{}: {} passes", scheme.name(), forged.what) };
            let found = forged.explained(reason);
            assert!(!is_high(&found), "{}: {}: {found}", scheme.name(), forged.what);
        }
    }
}

#[test]
fn a_head_alone_proves_nothing() {
    for scheme in template_senders() {
        for broken in all(scheme, 1) {
            let Some(reason) = broken.reason() else { continue };
            assert!(!is_high(&broken.explained_by_head(reason)));
        }
    }
}
