//! Ids, bodies, profiles, the replay guard.

use super::*;

fn in_body(body: &'static str) -> Request<VerifiedBody> {
    sent(body, |_| {})
}

fn same_id(body: &'static str) -> Request<VerifiedBody> {
    sent(body, |delivery| delivery.id = Value::Header(HeaderValue::from_static("e1")))
}

#[tokio::test]
async fn without_a_delivery_the_layer_says_that_it_is_misconfigured() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(handler(&runs, |_| ok()));
    let answer = send(&service, Request::new(VerifiedBody::new(Bytes::new()))).await;
    assert_eq!((answer.status().as_u16(), reason(&answer), runs.count()), (500, Some(Reason::Misconfigured), 0));
}

#[tokio::test]
async fn deliveries_that_differ_in_id_route_tenant_or_sender_all_run() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(handler(&runs, |_| ok()));
    let id = Value::Header(HeaderValue::from_static("e1"));
    for expected in 1..=5 {
        let request = sent("{}", |delivery| {
            delivery.id = id.clone();
            match expected {
                2 => delivery.route = Arc::from("other"),
                3 => delivery.tenant = Some(Arc::from("t")),
                4 => facts(delivery).provider = "other",
                5 => delivery.id = Value::Header(HeaderValue::from_static("e2")),
                _ => {}
            }
        });
        send(&service, request).await;
        assert_eq!(runs.count(), expected);
    }
}

#[tokio::test]
async fn an_account_header_tells_equal_ids_apart() {
    let runs = Runs::default();
    let name = http::HeaderName::from_static("x-hook");
    let service = IdempotencyLayer::in_memory().account_header(name.clone()).layer(handler(&runs, |_| ok()));
    for (account, expected) in [("1", 1), ("2", 2), ("1", 2)] {
        let mut request = delivery("e1");
        request.headers_mut().insert(name.clone(), HeaderValue::from_static(account));
        send(&service, request).await;
        assert_eq!(runs.count(), expected);
    }
}

#[tokio::test]
async fn a_malformed_id_is_refused_in_either_profile() {
    for profile in [Profile::Webhook, Profile::Ietf] {
        let runs = Runs::default();
        let service = IdempotencyLayer::in_memory().profile(profile).layer(handler(&runs, |_| ok()));
        for id in [&[b'x'; 256][..], b"\xff", b"a\tb"] {
            let request = sent("{}", |delivery| delivery.id = Value::Header(HeaderValue::from_bytes(id).unwrap()));
            let answer = send(&service, request).await;
            assert_eq!((answer.status().as_u16(), reason(&answer)), (400, Some(Reason::MalformedEventId)));
            assert_eq!(header(&answer, "link").is_some(), profile == Profile::Ietf);
        }
        assert_eq!(runs.count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_id_copies_at_the_same_time_are_joined_and_later_ones_run() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory();
    let service = layer.layer(gated(&runs, &gate));
    let spawn = |request| {
        let service = service.clone();
        tokio::spawn(async move { send(&service, request).await })
    };
    let copies: Vec<_> = (0..10).map(|_| spawn(in_body("a"))).collect();
    let other = spawn(in_body("b"));
    settle().await;
    assert_eq!(runs.count(), 2);
    gate.notify_waiters();
    let mut duplicates = 0;
    for copy in copies {
        let answer = copy.await.unwrap();
        assert_eq!(&answer.body()[..], b"done");
        duplicates += usize::from(outcome(&answer) == Some(Outcome::Duplicate));
    }
    other.await.unwrap();
    assert_eq!(duplicates, 9);
    gate.notify_one();
    assert_eq!(outcome(&send(&service, in_body("a")).await), None);
    assert_eq!((runs.count(), layer.drain().running(), service.config.flights.waiting()), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_joined_run_outlives_its_client_too() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().layer(gated(&runs, &gate));
    let mut connection = tokio_test::task::spawn(service.clone().oneshot(in_body("a")));
    assert!(connection.poll().is_pending());
    let copy = tokio::spawn({
        let service = service.clone();
        async move { send(&service, in_body("a")).await }
    });
    settle().await;
    drop(connection);
    settle().await;
    gate.notify_one();
    assert_eq!((copy.await.unwrap().status().as_u16(), runs.count()), (200, 1));
}

#[tokio::test]
async fn bodies_are_keys_where_they_are_unique_or_the_user_says_so() {
    for (layer, unique) in [(IdempotencyLayer::in_memory().key_by_body(), false), (IdempotencyLayer::in_memory(), true)]
    {
        let runs = Runs::default();
        let service = layer.layer(handler(&runs, |_| ok()));
        for body in ["a", "a", "b"] {
            send(&service, sent(body, |delivery| facts(delivery).bodies_are_unique = unique)).await;
        }
        assert_eq!(runs.count(), 2);
    }
}

#[tokio::test]
async fn a_missing_id_is_refused_if_required_and_in_the_ietf_profile() {
    for layer in [IdempotencyLayer::in_memory().require_id(), IdempotencyLayer::in_memory().profile(Profile::Ietf)] {
        let runs = Runs::default();
        let service = layer.layer(handler(&runs, |_| ok()));
        let answer = send(&service, in_body("a")).await;
        assert_eq!((answer.status().as_u16(), reason(&answer)), (400, Some(Reason::MissingEventId)));
        assert_eq!(runs.count(), 0);
    }
}

#[tokio::test]
async fn a_key_header_is_read_quoted_or_bare() {
    let runs = Runs::default();
    let name = http::HeaderName::from_static("idempotency-key");
    let layer = IdempotencyLayer::in_memory().profile(Profile::Ietf).key_header(name.clone());
    let service = layer.layer(handler(&runs, |_| ok()));
    let with = |value: &'static str| {
        let mut request = delivery("e1");
        request.headers_mut().insert(name.clone(), HeaderValue::from_static(value));
        request
    };
    send(&service, with("\"k-1\"")).await;
    let again = send(&service, with("k-1")).await;
    assert_eq!((outcome(&again), runs.count()), (Some(Outcome::Duplicate), 1));
    assert_eq!(reason(&send(&service, with("\"k-1")).await), Some(Reason::MalformedEventId));
    assert_eq!(reason(&send(&service, delivery("e1")).await), Some(Reason::MissingEventId));
}

#[tokio::test(start_paused = true)]
async fn in_the_ietf_profile_a_copy_in_flight_is_a_conflict() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let service = IdempotencyLayer::in_memory().profile(Profile::Ietf).layer(gated(&runs, &gate));
    let first = tokio::spawn({
        let service = service.clone();
        async move { send(&service, same_id("a")).await }
    });
    settle().await;
    let answer = send(&service, same_id("a")).await;
    assert_eq!((answer.status().as_u16(), reason(&answer)), (409, Some(Reason::IdempotencyInFlight)));
    assert!(header(&answer, "retry-after").is_some());
    assert!(header(&answer, "link").unwrap().contains("describedby"));
    let begun = tokio::time::Instant::now();
    assert_eq!(send(&service, same_id("b")).await.status(), 422);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    gate.notify_one();
    assert_eq!(first.await.unwrap().status(), 200);
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn another_body_under_the_same_id_is_a_duplicate_or_a_conflict() {
    let strict = IdempotencyLayer::in_memory().strict_bodies();
    let ietf = IdempotencyLayer::in_memory().profile(Profile::Ietf);
    for (layer, status, link) in [(IdempotencyLayer::in_memory(), 200, false), (strict, 422, false), (ietf, 422, true)]
    {
        let runs = Runs::default();
        let service = layer.layer(handler(&runs, |_| ok()));
        send(&service, same_id("a")).await;
        assert_eq!(outcome(&send(&service, same_id("a")).await), Some(Outcome::Duplicate));
        let other = send(&service, same_id("b")).await;
        assert_eq!((other.status().as_u16(), header(&other, "link").is_some(), runs.count()), (status, link, 1));
        assert_eq!(reason(&other), (status == 422).then_some(Reason::IdempotencyConflict));
    }
}

/// A sender that does not sign its ids.
fn unsigned_id(id: &'static str, proof: u8) -> Request<VerifiedBody> {
    sent("{}", |delivery| {
        facts(delivery).id_is_signed = false;
        delivery.id = Value::Header(HeaderValue::from_static(id));
        delivery.proof = Some(SignedMaterial { bytes: [proof; 64], len: 32 });
    })
}

#[tokio::test]
async fn the_same_signed_bytes_under_another_id_are_treated_by_policy() {
    let counted = (200, Some(Outcome::ReplayCounted), 2);
    let duplicate = (200, Some(Outcome::Duplicate), 1);
    let reject = (409, None, 1);
    for (policy, expected) in
        [(ReplayGuard::Count, counted), (ReplayGuard::Duplicate, duplicate), (ReplayGuard::Reject, reject)]
    {
        let runs = Runs::default();
        let service = IdempotencyLayer::in_memory().replay_guard(policy).layer(handler(&runs, |_| ok()));
        assert_eq!(outcome(&send(&service, unsigned_id("e1", 1)).await), None);
        let answer = send(&service, unsigned_id("e2", 1)).await;
        assert_eq!((answer.status().as_u16(), outcome(&answer), runs.count()), expected, "{policy:?}");
        assert_eq!(reason(&answer), (policy == ReplayGuard::Reject).then_some(Reason::Replayed));
        // The same id is a plain duplicate, other bytes are another delivery.
        assert_eq!(outcome(&send(&service, unsigned_id("e1", 1)).await), Some(Outcome::Duplicate));
        assert_eq!(outcome(&send(&service, unsigned_id("e3", 2)).await), None);
    }
}

#[tokio::test]
async fn where_the_first_run_has_failed_the_same_bytes_run_whatever_the_policy() {
    let runs = Runs::default();
    let layer = IdempotencyLayer::in_memory().replay_guard(ReplayGuard::Reject);
    let service = layer.layer(handler(&runs, |run| {
        Response::builder().status(if run == 1 { 500 } else { 200 }).body(Full::from("")).unwrap()
    }));
    assert_eq!(send(&service, unsigned_id("e1", 1)).await.status(), 500);
    assert_eq!(send(&service, unsigned_id("e2", 1)).await.status(), 200);
    assert_eq!(send(&service, unsigned_id("e3", 1)).await.status(), 409);
    assert_eq!(runs.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_first_runs_the_same_bytes_are_in_flight() {
    let (runs, gate) = (Runs::default(), Arc::new(Notify::new()));
    let layer = IdempotencyLayer::in_memory().replay_guard(ReplayGuard::Duplicate);
    let service = layer.layer(gated(&runs, &gate));
    let spawn = |request| {
        let service = service.clone();
        tokio::spawn(async move { send(&service, request).await })
    };
    let first = spawn(unsigned_id("e1", 1));
    settle().await;
    assert_eq!(send(&service, unsigned_id("e2", 1)).await.status(), 503);
    let second = spawn(unsigned_id("e3", 1));
    settle().await;
    gate.notify_one();
    assert_eq!(outcome(&first.await.unwrap()), None);
    assert_eq!(outcome(&second.await.unwrap()), Some(Outcome::Duplicate));
    assert_eq!(runs.count(), 1);
}

#[tokio::test]
async fn where_the_body_is_not_covered_another_body_under_the_same_signature_is_a_replay() {
    for coverage in [Coverage::Fields(&["/signature/token"]), Coverage::Nothing] {
        for unique in [false, true] {
            let runs = Runs::default();
            let layer = IdempotencyLayer::in_memory().replay_guard(ReplayGuard::Reject);
            let layer = if unique { layer } else { layer.key_by_body() };
            let service = layer.layer(handler(&runs, |_| ok()));
            let same_signature = |body| {
                sent(body, |delivery| {
                    facts(delivery).covers = coverage;
                    facts(delivery).bodies_are_unique = unique;
                })
            };
            assert_eq!(outcome(&send(&service, same_signature("a")).await), None);
            assert_eq!(outcome(&send(&service, same_signature("a")).await), Some(Outcome::Duplicate));
            let changed = send(&service, same_signature("b")).await;
            assert_eq!((reason(&changed), runs.count()), (Some(Reason::Replayed), 1), "{coverage:?}");
        }
    }
}
