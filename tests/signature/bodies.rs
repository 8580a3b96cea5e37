//! What becomes of bodies.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;
use tower::{ServiceBuilder, ServiceExt};
use tower_webhook::body::BodyBudget;
use tower_webhook::{RawBodyLayer, Reason, SignatureLayer, VerifiedBody, provider};

use crate::deliveries::{TEXT, answer, github, read, reason, secret, signed, verdict};
use crate::scripted_body::{ScriptedBody, Step};

fn layer() -> SignatureLayer {
    SignatureLayer::new(provider::GITHUB, secret()).unwrap()
}

#[tokio::test]
async fn a_signed_body_passes_in_whatever_frames_it_comes() {
    for body in [
        ScriptedBody::whole(TEXT),
        ScriptedBody::frames(TEXT.chunks(1)),
        ScriptedBody::frames([b"", &TEXT[..5], b"", &TEXT[5..]]),
        ScriptedBody::of([Step::Data(Bytes::from_static(TEXT)), Step::Trailers]),
    ] {
        assert_eq!(verdict(github(body)).await.unwrap(), TEXT);
    }
    for body in [ScriptedBody::of([]), ScriptedBody::frames([&b""[..], b""]), ScriptedBody::of([Step::Trailers])] {
        assert_eq!(verdict(signed(provider::GITHUB, b"", body)).await.unwrap(), "");
    }
    // More than is taken in one turn, and more than one buffer.
    let long: Vec<u8> = (0..100_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let body = ScriptedBody::frames(long.chunks(7));
    assert_eq!(verdict(signed(provider::GITHUB, &long, body)).await.unwrap(), long);
}

#[tokio::test]
async fn a_body_that_is_not_the_signed_one_is_refused() {
    for body in [
        ScriptedBody::of([]),
        ScriptedBody::whole(b"forged"),
        ScriptedBody::frames([TEXT, b" "]),
        ScriptedBody::frames([&TEXT[5..], &TEXT[..5]]),
    ] {
        assert_eq!(verdict(github(body)).await, Err(Reason::SignatureMismatch));
    }
}

#[tokio::test]
async fn a_body_of_one_frame_is_never_copied() {
    let service = tower::service_fn(async |request: Request<VerifiedBody>| {
        assert_eq!(request.body().bytes().as_ptr(), TEXT.as_ptr());
        Ok::<_, std::convert::Infallible>(Response::new(String::new()))
    });
    let service = ServiceBuilder::new().layer(RawBodyLayer::new()).layer(layer()).service(service);
    assert_eq!(service.oneshot(github(ScriptedBody::whole(TEXT))).await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_breaks_the_limits_is_refused_as_the_raw_body_says() {
    for (body, expected) in [
        (ScriptedBody::endless(Step::Data(Bytes::from_static(b"x"))), Reason::BodyTooLarge),
        (ScriptedBody::endless(Step::Data(Bytes::from_static(&[0; 1000]))), Reason::BodyTooLarge),
        (ScriptedBody::endless(Step::Data(Bytes::new())), Reason::BodyMalformed),
        (ScriptedBody::endless(Step::Trailers), Reason::BodyMalformed),
        (
            ScriptedBody::of([Step::Data(Bytes::from_static(&TEXT[..9])), Step::Error(ErrorKind::ConnectionReset)]),
            Reason::BodyIncomplete,
        ),
        (ScriptedBody::of([Step::Error(ErrorKind::InvalidData)]), Reason::BodyMalformed),
        // All that was signed is there, but the body does not end well.
        (
            ScriptedBody::of([Step::Data(Bytes::from_static(TEXT)), Step::Error(ErrorKind::UnexpectedEof)]),
            Reason::BodyIncomplete,
        ),
    ] {
        let (polled, dropped) = (body.polled(), body.dropped());
        let raw = RawBodyLayer::new().limit(5000).unwrap();
        let refused = answer(raw, layer(), github(body)).await;
        assert_eq!((reason(&refused), refused.status().as_u16()), (Some(expected), expected.status().as_u16()));
        assert!(polled.load(Ordering::SeqCst) <= 5001, "it does not spin");
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_body_that_is_always_ready_lets_others_have_their_turn() {
    let mut future =
        tokio_test::task::spawn(verdict(github(ScriptedBody::endless(Step::Data(b"x".as_slice().into())))));
    let mut turns = 0;
    while future.poll().is_pending() {
        assert!(future.is_woken(), "it comes back by itself");
        turns += 1;
    }
    assert!(turns > 100, "{turns}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_in_time_is_refused_and_given_up() {
    let byte = || Step::Data(Bytes::from_static(b"x"));
    let drip: Vec<_> = (0..100).flat_map(|_| [Step::Wait(Duration::from_secs(1)), byte()]).collect();
    for (body, seconds) in [(ScriptedBody::of([byte()]).then_for_ever(Step::Never), 5), (ScriptedBody::of(drip), 10)] {
        let (dropped, began) = (body.dropped(), Instant::now());
        assert_eq!(verdict(github(body)).await, Err(Reason::BodyTimeout));
        assert_eq!((began.elapsed().as_secs(), dropped.load(Ordering::SeqCst)), (seconds, 1));
    }
}

#[tokio::test]
async fn what_is_over_the_budget_is_told_to_come_back() {
    let budget = BodyBudget::new(TEXT.len());
    let raw = || RawBodyLayer::new().budget(budget.clone());
    // It fits, once.
    let held = ScriptedBody::of([Step::Data(Bytes::from_static(TEXT))]).then_for_ever(Step::Never);
    let mut waiting = tokio_test::task::spawn(answer(raw(), layer(), github(held)));
    assert!(waiting.poll().is_pending());
    assert_eq!(budget.used(), TEXT.len());

    let refused = answer(raw(), layer(), github(ScriptedBody::whole(TEXT))).await;
    assert_eq!((reason(&refused), refused.status().as_u16()), (Some(Reason::OverCapacity), 503));
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(budget.used(), TEXT.len(), "what another one holds stays held");

    drop(waiting);
    assert_eq!(budget.used(), 0);
    assert!(read(answer(raw(), layer(), github(ScriptedBody::whole(TEXT))).await).await.is_ok());
    assert_eq!(budget.used(), 0);
    // A buffer counts with all its room, not with what stands in it.
    let refused = answer(raw(), layer(), github(ScriptedBody::frames(TEXT.chunks(1)))).await;
    assert_eq!(reason(&refused), Some(Reason::OverCapacity));
    assert_eq!(budget.used(), 0);
}
