//! What is kept, for how long, and how often a source is asked.

use std::future::ready;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::Semaphore;
use tower_webhook::{KeyDocument, Reason};

use crate::deliveries::{ACME, OF_A_SET, Route, delivery, document, whole};
use crate::scripted_body::ScriptedBody;

#[tokio::test]
async fn a_document_is_asked_for_once_an_hour() {
    let route = Route::new(ACME, |_| ready(Ok(Some(document(1)))));
    for _ in 0..10 {
        assert_eq!(route.reason(delivery(1, "k1", whole())).await, None);
    }
    route.later(3599);
    assert_eq!((route.reason(delivery(1, "k1", whole())).await, route.asked()), (None, 1));
    route.later(1);
    assert_eq!((route.reason(delivery(1, "k1", whole())).await, route.asked()), (None, 2));
}

#[tokio::test]
async fn a_document_may_say_how_long_it_lasts() {
    let route = Route::new(ACME, |_| ready(Ok(Some(document(1).lasts(Duration::from_secs(90))))));
    assert_eq!(route.reason(delivery(1, "k1", whole())).await, None);
    route.later(89);
    assert_eq!((route.reason(delivery(1, "k1", whole())).await, route.asked()), (None, 1));
    route.later(1);
    assert_eq!((route.reason(delivery(1, "k1", whole())).await, route.asked()), (None, 2));
}

#[tokio::test]
async fn a_key_that_is_over_does_not_live_on_while_the_source_is_down() {
    let down = Arc::new(AtomicBool::new(false));
    let state = down.clone();
    let route = Route::new(ACME, move |_| {
        ready(if state.load(Ordering::SeqCst) { Err(io::Error::other("down")) } else { Ok(Some(document(1))) })
    });
    assert_eq!(route.reason(delivery(1, "k1", whole())).await, None);
    down.store(true, Ordering::SeqCst);
    route.later(3600);
    for _ in 0..10 {
        assert_eq!(route.reason(delivery(1, "k1", whole())).await, Some(Reason::KeyUnavailable));
    }
    assert_eq!(route.asked(), 2, "a failure is remembered");
    down.store(false, Ordering::SeqCst);
    route.later(5);
    assert_eq!((route.reason(delivery(1, "k1", whole())).await, route.asked()), (None, 3));
}

#[tokio::test]
async fn everybody_waits_for_one_fetch_even_if_the_first_one_leaves() {
    let gate = Arc::new(Semaphore::new(0));
    let opened = gate.clone();
    let route = Route::new(ACME, move |_| {
        let gate = opened.clone();
        async move {
            gate.acquire().await.map_err(io::Error::other)?.forget();
            Ok(Some(document(1)))
        }
    });
    let first = tokio::spawn({
        let route = route.clone();
        async move { route.reason(delivery(1, "k1", whole())).await }
    });
    while route.asked() == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let others: Vec<_> = (0..100)
        .map(|_| {
            let route = route.clone();
            tokio::spawn(async move { route.reason(delivery(1, "k1", whole())).await })
        })
        .collect();
    tokio::task::yield_now().await;
    gate.add_permits(1);
    for other in others {
        assert_eq!(other.await.unwrap(), None);
    }
    assert_eq!(route.asked(), 1);
}

#[tokio::test]
async fn a_flood_of_invented_names_is_no_flood_of_fetches() {
    let route = Route::new(ACME, |name| ready(Ok((name.document() == "good").then(|| document(1)))));
    assert_eq!(route.reason(delivery(1, "good", whole())).await, None);
    for invented in 0..1000 {
        let reason = route.reason(delivery(1, &invented.to_string(), ScriptedBody::untouchable())).await;
        let expected = if invented < 32 { Reason::UnknownKey } else { Reason::KeyUnavailable };
        assert_eq!(reason, Some(expected), "{invented}");
    }
    assert_eq!(route.asked(), 1 + 32);
    assert_eq!(route.reason(delivery(1, "good", whole())).await, None);
    route.later(60);
    assert_eq!(route.reason(delivery(1, "good-2", whole())).await, Some(Reason::UnknownKey));
    assert_eq!(route.asked(), 1 + 32 + 1);
}

/// The public keys of the seeds 1 and 2, as a JWK writes them; made with Python's cryptography.
const PUBLIC: [&str; 2] =
    ["iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w", "gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q"];

fn set(kids: &[(&str, usize)]) -> KeyDocument {
    let jwk = |(kid, seed): &(&str, usize)| {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{}"}}"#, PUBLIC[*seed - 1])
    };
    let keys: Vec<_> = kids.iter().map(jwk).collect();
    KeyDocument::jwks(&format!(r#"{{"keys":[{}]}}"#, keys.join(","))).unwrap()
}

#[tokio::test]
async fn a_new_key_of_a_set_is_found_within_a_minute_and_no_other_costs_a_fetch() {
    let published = Arc::new(Mutex::new(set(&[("a", 1)])));
    let there = published.clone();
    let route = Route::new(OF_A_SET, move |_| ready(Ok(Some(there.lock().unwrap().clone()))));
    assert_eq!(route.judge(delivery(1, "a", whole())).await.unwrap(), "a");
    *published.lock().unwrap() = set(&[("a", 1), ("b", 2)]);
    for unknown in ["b", "c", "d"] {
        let refused = route.reason(delivery(2, unknown, ScriptedBody::untouchable())).await;
        assert_eq!(refused, Some(Reason::UnknownKey), "{unknown}");
    }
    assert_eq!(route.asked(), 1);
    route.later(60);
    assert_eq!(route.judge(delivery(2, "b", whole())).await.unwrap(), "b");
    assert_eq!(route.judge(delivery(1, "a", whole())).await.unwrap(), "a");
    assert_eq!(route.reason(delivery(1, "b", whole())).await, Some(Reason::SignatureMismatch));
    assert_eq!(route.reason(delivery(1, "c", whole())).await, Some(Reason::UnknownKey));
    assert_eq!(route.asked(), 2);
}
