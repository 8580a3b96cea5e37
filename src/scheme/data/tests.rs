//! Where a file of schemes ends, and what is left out of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{Encoding, Scheme, header};
use crate::provider;

/// An object with these further members.
fn and(mut object: Value, more: &Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

/// A scheme with these further keys.
fn with(more: &Value) -> Result<Scheme, String> {
    let acme = json!({
        "name": "acme", "algorithm": "hmac-sha256", "signature": {"header": "x-acme", "encoding": "hex"},
    });
    Scheme::from_json(&and(acme, more).to_string()).map_err(|error| error.to_string())
}

#[test]
fn the_longest_of_each_is_taken() {
    assert!(with(&json!({"name": "a".repeat(64)})).is_ok());
    assert!(with(&json!({"name": "a".repeat(65)})).is_err());
    let parts = |count: usize| {
        let mut parts = vec!["method"; count - 1];
        parts.push("body");
        with(&json!({"signed": parts}))
    };
    assert!(parts(64).is_ok() && parts(65).is_err());
    let year = 366 * 24 * 60 * 60;
    assert_eq!(with(&json!({"retries_for_s": year})).unwrap().retry_horizon(), Some(Duration::from_secs(year)));
    assert!(with(&json!({"retries_for_s": year + 1})).is_err());
}

#[test]
fn what_belongs_to_a_list_needs_one() {
    let signature =
        |more: &Value| with(&json!({"signature": and(json!({"header": "x-acme", "encoding": "hex"}), more)}));
    for alone in [json!({"between": ":"}), json!({"groups": " "}), json!({"or_key": "v0"}), json!({"spaced": true})] {
        let problem = signature(&alone).unwrap_err();
        assert!(problem.contains("say its `separator`"), "{alone}: {problem}");
    }
    let list = json!({"separator": ",", "items": "all"});
    assert!(signature(&list).is_ok());
    for pair in [json!({"between": ":"}), json!({"or_key": "v0"})] {
        assert!(signature(&and(list.clone(), &pair)).is_err(), "{pair}");
    }
}

#[test]
fn what_says_nothing_is_not_written() {
    const ACME: Scheme = Scheme::hmac_sha256("acme").signature(header("x-acme"), Encoding::Hex);
    let written = |scheme: &Scheme| serde_json::to_value(scheme).unwrap();
    let token = written(&Scheme::token("acme", header("x-token")));
    assert!(token.get("signed").is_none(), "{token}");
    assert!(written(&ACME).get("confidence").is_none());
    assert_eq!(written(&provider::GITHUB)["confidence"], "verified");
}
