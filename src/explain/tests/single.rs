//! What the matrix has no row for.

use bytes::Bytes;
use http::{HeaderValue, Request};

use super::senders::{NOW, secret, signed};
use super::written::by;
use crate::explain::{Cause, Confidence, LARGEST_BODY, Refused, Route, explain};
use crate::provider::{GITHUB, SLACK, STANDARD_WEBHOOKS, STRIPE};
use crate::rejection::Reason;
use crate::secret::Secrets;

#[test]
fn sorted_keys_are_a_guess_and_no_more() {
    let head = signed(&GITHUB.into(), &secret(&GITHUB, 1), &Bytes::from(by("javascript")), NOW);
    let body = Bytes::from(by("python sort_keys"));
    let route = Route::new("own", GITHUB, secret(&GITHUB, 1));
    let found = explain(&route, &[], &Refused::new(&head, Reason::SignatureMismatch).body(&body).at(NOW));
    assert_eq!((found.cause(), found.confidence()), (Cause::BodyKeysSorted, Confidence::Low));
}

#[test]
fn a_delivery_for_another_route_is_sent_there() {
    let body = Bytes::from(by("javascript"));
    let head = signed(&SLACK.into(), &secret(&SLACK, 2), &body, NOW);
    let route = Route::new("own", GITHUB, secret(&GITHUB, 1));
    let others = [Route::new("slack", SLACK, secret(&SLACK, 2))];
    let found = explain(&route, &others, &Refused::new(&head, Reason::MissingSignature).body(&body).at(NOW));
    assert_eq!((found.cause(), found.confidence()), (Cause::OtherRoute, Confidence::High));
    assert!(found.sentence().contains("`slack`"), "{found}");
}

#[test]
fn the_size_of_the_skew_is_said() {
    let body = Bytes::from(by("javascript"));
    let at = NOW.saturating_sub(std::time::Duration::from_secs(412));
    let head = signed(&STRIPE.into(), &secret(&STRIPE, 1), &body, at);
    let route = Route::new("own", STRIPE, secret(&STRIPE, 1));
    let refused = Refused::new(&head, Reason::TimestampTooOld).at(NOW);
    assert_eq!(refused.skew_s(&route), Some(412));
    for (refused, confidence) in [(refused, Confidence::Medium), (refused.body(&body), Confidence::High)] {
        let found = explain(&route, &[], &refused);
        assert_eq!((found.cause(), found.confidence()), (Cause::TimestampOld, confidence));
        assert!(found.sentence().contains("412 s in the past; tolerance 300 s"), "{found}");
    }
}

/// The search writes headers anew, and must not take that for the mistake.
#[test]
fn a_header_that_came_twice_or_not_at_all_is_named() {
    let body = Bytes::from(by("javascript"));
    for (scheme, header, lines, reason, cause) in [
        (GITHUB, "x-hub-signature-256", 2, Reason::MalformedSignature, Cause::HeaderRepeated),
        (STRIPE, "stripe-signature", 3, Reason::MalformedSignature, Cause::HeaderRepeated),
        (SLACK, "x-slack-request-timestamp", 2, Reason::MalformedTimestamp, Cause::HeaderRepeated),
        (STANDARD_WEBHOOKS, "webhook-id", 2, Reason::MalformedSignature, Cause::HeaderRepeated),
        (STANDARD_WEBHOOKS, "webhook-id", 0, Reason::MissingSignature, Cause::HeaderMissing),
    ] {
        let mut head = signed(&scheme.into(), &secret(&scheme, 1), &body, NOW);
        let value = head.headers.remove(header).unwrap();
        for _ in 0..lines {
            head.headers.append(header, value.clone());
        }
        let route = Route::new("own", scheme, secret(&scheme, 1));
        let verifier = route.verifier(route.sender(), route.keys()).unwrap();
        assert_eq!(verifier.verify(&head, &body, Some(NOW)).unwrap_err().reason(), reason, "{header} {lines}");
        let found = explain(&route, &[], &Refused::new(&head, reason).body(&body).at(NOW));
        assert_eq!((found.cause(), found.confidence()), (cause, Confidence::Medium), "{found}");
        assert!(found.sentence().contains(header), "{found}");
    }
}

#[test]
fn where_there_is_no_key_nothing_is_read_into_the_signature() {
    let body = Bytes::from(by("javascript"));
    let head = signed(&GITHUB.into(), &secret(&GITHUB, 1), &body, NOW);
    let route = Route::new("own", GITHUB, secret(&GITHUB, 2));
    let found = explain(&route, &[], &Refused::new(&head, Reason::UnknownKey).body(&body).at(NOW));
    assert_eq!((found.cause(), found.confidence()), (Cause::Unexplained, Confidence::Low));
    assert!(found.sentence().contains("no such tenant"), "{found}");
}

#[test]
fn a_key_beyond_its_time_is_found_out() {
    let body = Bytes::from(by("javascript"));
    let head = signed(&GITHUB.into(), &secret(&GITHUB, 1), &body, NOW);
    let ended = NOW.saturating_sub(std::time::Duration::from_secs(1));
    let keys = Secrets::named("old", secret(&GITHUB, 1)).not_after(ended).and("new", secret(&GITHUB, 2));
    let route = Route::new("own", GITHUB, keys);
    let found = explain(&route, &[], &Refused::new(&head, Reason::SignatureMismatch).body(&body).at(NOW));
    assert_eq!((found.cause(), found.confidence()), (Cause::SecretRetired, Confidence::High));
    assert!(found.sentence().contains("`old`"), "{found}");
}

/// What is left of a secret behind its first `=` may be nothing: a forger who signs with `=` must not be believed.
#[test]
fn what_is_left_of_a_secret_is_no_key() {
    use crate::secret::Secret;

    let body = Bytes::from(by("javascript"));
    for (configured, forged) in [
        ("abcdefghijklmnopqrstuv==", "="),
        ("whsec_=aaaaaaaaaaaaaaaaa=x", "x"),
        ("v1,whsec_a0=", "a0="),
        ("\"x\"             ", "x"),
    ] {
        let head = signed(&GITHUB.into(), &Secret::short(forged).unwrap(), &body, NOW);
        let route = Route::new("own", GITHUB, Secret::short(configured).unwrap());
        let found = explain(&route, &[], &Refused::new(&head, Reason::SignatureMismatch).body(&body).at(NOW));
        assert_ne!(found.confidence(), Confidence::High, "{configured}: {found}");
    }
}

#[test]
fn a_large_body_is_not_looked_at() {
    let body = Bytes::from(vec![b'x'; LARGEST_BODY + 1]);
    let head = signed(&GITHUB.into(), &secret(&GITHUB, 2), &body, NOW);
    let route = Route::new("own", GITHUB, secret(&GITHUB, 1));
    let others = [Route::new("other", GITHUB, secret(&GITHUB, 2))];
    let found = explain(&route, &others, &Refused::new(&head, Reason::SignatureMismatch).body(&body).at(NOW));
    assert_eq!(found.cause(), Cause::Unexplained);
}

/// A large body with much to try: what an attacker can make one explanation cost. (The largest one takes long where
/// nothing is optimised: `EXPLAIN_ALL` says so.)
#[test]
fn the_costliest_search_ends_in_its_budget() {
    let largest = if std::env::var_os("EXPLAIN_ALL").is_some() { LARGEST_BODY } else { LARGEST_BODY / 32 };
    let mut text = String::from("[");
    while text.len() < largest - 40 {
        text += "{\"é/<\": [1.0, \"\\u00e9\\/\"]},";
    }
    text += "1]";
    let body = Bytes::from(text);
    let head = signed(&GITHUB.into(), &secret(&GITHUB, 9), &body, NOW);
    let route = Route::new("own", GITHUB, secret(&GITHUB, 1));
    let others: Vec<_> = (2..9).map(|at| Route::new(&at.to_string(), GITHUB, secret(&GITHUB, at))).collect();
    let began = std::time::Instant::now();
    let found = explain(&route, &others, &Refused::new(&head, Reason::SignatureMismatch).body(&body).at(NOW));
    println!("{:?}", began.elapsed());
    assert_eq!(found.cause(), Cause::Unexplained);
}

#[test]
fn no_sentence_holds_what_a_request_says() {
    let mut request = Request::post("/").body(()).unwrap();
    for name in ["x-hub-signature-256", "x-planted-signature", "content-type"] {
        request.headers_mut().insert(name, HeaderValue::from_static("sha256=hunter2hunter2hunter2hunter2"));
    }
    let head = request.into_parts().0;
    let route = Route::new("own", GITHUB, crate::Secret::new("hunter2hunter2hunter2hunter2").unwrap());
    for body in ["hunter2=hunter2", "{\"hunter2\":\"hunter2\"}", "hunter2", ""] {
        let body = Bytes::from(body);
        for reason in Reason::ALL {
            let found = explain(&route, &[], &Refused::new(&head, *reason).body(&body).at(NOW));
            assert!(!found.to_string().contains("hunter2"), "{found}");
            assert!(!format!("{route:?} {found:?}").contains("hunter2"));
        }
    }
}
