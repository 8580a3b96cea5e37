//! What the tool reads.

use bytes::Bytes;

use tower_webhook::capture::{CapturedDelivery, Judge};
use tower_webhook::scheme::{Scheme, Verifier};
use tower_webhook::{ConfigErrorKind, Secret};

use super::signing::{self, BODY, NOW};

/// A line is no captured delivery, or it is the same after it was written and read again; and it can be judged.
pub fn delivery(data: &[u8]) {
    let judgement = Judge::new().provider("github").judge_line(data);
    drop(format!("{judgement:?}"));
    let Ok(delivery) = CapturedDelivery::from_line(data) else { return };
    let Ok(line) = delivery.to_line() else { return };
    let again = CapturedDelivery::from_line(line.as_bytes()).expect("what was written can be read");
    assert_eq!(again.body(), delivery.body());
    assert_eq!(again.head().headers, delivery.head().headers);
    assert_eq!(again.head().uri, delivery.head().uri);
    assert_eq!(again.to_line().expect("written before"), line);
}

/// A file is no list of schemes, or each of them can be asked; unsigned, nothing passes.
pub fn scheme_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for loaded in [Scheme::all_from_json(text), Scheme::all_from_toml(text)] {
        match loaded {
            Ok(schemes) => schemes.into_iter().for_each(nothing_unsigned_passes),
            // A process keeps what it loads: once it takes no more, nothing is checked any longer.
            Err(error) => assert_ne!(error.kind(), ConfigErrorKind::Limit, "fewer executions in one process: {error}"),
        }
    }
}

fn nothing_unsigned_passes(scheme: Scheme) {
    let Ok(verifier) = Verifier::new(scheme, Secret::short("a secret of some length").expect("a secret")) else {
        return;
    };
    let verdict = verifier.verify(&signing::unsigned(), &Bytes::from_static(BODY), Some(NOW));
    assert!(verdict.is_err(), "{scheme:?}");
}
