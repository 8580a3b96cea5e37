//! Limits on bodies: of bytes, of time, of what is taken at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod scripted_body;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use scripted_body::{ScriptedBody, Step};
use tokio::time::Instant;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_test::mock;
use tower_webhook::body::{BodyBudget, BoxError, RawBodyError};
use tower_webhook::{ConfigErrorKind, RawBody, RawBodyLayer, Reason, Rejection};

const SECOND: Duration = Duration::from_secs(1);

fn post<B>(body: B) -> Request<B> {
    Request::post("/").body(body).unwrap()
}

/// Reads all of the body, and answers with it or as the rejection says.
async fn echo<B>(request: Request<RawBody<B>>) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Error: Into<BoxError>>,
{
    Ok(match request.into_body().collect().await {
        Ok(collected) => Response::new(Full::new(collected.to_bytes())),
        Err(error) => error.into_rejection().respond().map(Full::new),
    })
}

async fn answer<B>(layer: RawBodyLayer, request: Request<B>) -> Result<Bytes, Reason>
where
    B: Body<Error: Into<BoxError>>,
{
    let response = ServiceBuilder::new().layer(layer).service_fn(echo).oneshot(request).await.unwrap();
    match response.extensions().get::<Rejection>() {
        Some(rejection) => {
            assert_eq!(response.status().as_u16(), rejection.reason().status());
            Err(rejection.reason())
        }
        None => Ok(response.into_body().collect().await.unwrap().to_bytes()),
    }
}

#[tokio::test]
async fn a_body_within_the_limits_passes_in_whatever_frames_it_comes() {
    let text = b"a body of some length";
    for body in [
        ScriptedBody::whole(text),
        ScriptedBody::frames(text.chunks(1)),
        ScriptedBody::frames([&text[..7], b"", &text[7..], b""]),
        ScriptedBody::of([Step::Data(Bytes::from_static(text)), Step::Trailers]),
    ] {
        assert_eq!(answer(RawBodyLayer::new(), post(body)).await.unwrap(), &text[..]);
    }
    assert_eq!(answer(RawBodyLayer::new(), post(ScriptedBody::of([]))).await.unwrap(), "");
    // Buffers of any kind become bytes.
    let deque = Full::new(text.iter().copied().collect::<VecDeque<_>>());
    assert_eq!(answer(RawBodyLayer::new(), post(deque)).await.unwrap(), &text[..]);
}

#[tokio::test]
async fn a_frame_is_handed_on_without_a_copy_and_trailers_with_it() {
    static TEXT: &[u8] = b"these very bytes";
    let body = ScriptedBody::of([Step::Data(Bytes::from_static(TEXT)), Step::Trailers]);
    let service = tower::service_fn(async |request: Request<RawBody<ScriptedBody>>| {
        let mut body = request.into_body();
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame.as_ptr(), TEXT.as_ptr());
        assert!(body.frame().await.unwrap().unwrap().is_trailers());
        assert!(body.frame().await.is_none());
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    ServiceBuilder::new().layer(RawBodyLayer::new()).service(service).oneshot(post(body)).await.unwrap();
}

#[tokio::test]
async fn the_limit_counts_bytes_whether_announced_or_not() {
    let layer = || RawBodyLayer::new().limit(8).unwrap();
    assert_eq!(answer(layer(), post(ScriptedBody::whole(b"8 bytes!"))).await.unwrap(), "8 bytes!");
    for body in [
        ScriptedBody::whole(b"9 bytes!!"),
        ScriptedBody::frames(b"9 bytes!!".chunks(1)),
        ScriptedBody::endless(Step::Data(Bytes::from_static(b"x"))),
        ScriptedBody::endless(Step::Data(Bytes::from_static(&[0; 100_000]))),
    ] {
        let polled = body.polled();
        assert_eq!(answer(layer(), post(body)).await, Err(Reason::BodyTooLarge));
        assert!(polled.load(Ordering::SeqCst) <= 9);
    }
    // What is announced too small is counted all the same.
    let mut small = post(ScriptedBody::whole(b"9 bytes!!"));
    small.headers_mut().insert("content-length", 1.into());
    assert_eq!(answer(layer(), small).await, Err(Reason::BodyTooLarge));
}

#[tokio::test]
async fn what_the_head_decides_is_refused_before_the_body_is_looked_at() {
    for (name, value, reason) in [
        ("content-length", "9", Reason::BodyTooLarge),
        ("content-length", "10737418240", Reason::BodyTooLarge),
        ("content-length", "18446744073709551615", Reason::BodyTooLarge),
        ("content-length", "99999999999999999999999999", Reason::BodyTooLarge),
        ("content-length", "", Reason::BodyMalformed),
        ("content-length", "-1", Reason::BodyMalformed),
        ("content-length", "+1", Reason::BodyMalformed),
        ("content-length", " 1", Reason::BodyMalformed),
        ("content-length", "1, 1", Reason::BodyMalformed),
        ("content-length", "0x1", Reason::BodyMalformed),
        ("content-encoding", "gzip", Reason::ContentEncoding),
        ("content-encoding", "x-unheard-of", Reason::ContentEncoding),
        ("content-encoding", "identity, gzip", Reason::ContentEncoding),
        ("content-encoding", "", Reason::ContentEncoding),
    ] {
        let mut request = post(ScriptedBody::untouchable());
        request.headers_mut().insert(name, value.parse().unwrap());
        let layer = RawBodyLayer::new().limit(8).unwrap();
        let response = ServiceBuilder::new().layer(layer).service_fn(echo).oneshot(request).await.unwrap();
        assert_eq!(response.extensions().get::<Rejection>().unwrap().reason(), reason, "{name}: {value}");
        assert_eq!(response.status().as_u16(), reason.status());
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    // On the second line, too.
    let mut request = post(ScriptedBody::untouchable());
    request.headers_mut().append("content-encoding", "identity".parse().unwrap());
    request.headers_mut().append("content-encoding", "br".parse().unwrap());
    assert_eq!(answer(RawBodyLayer::new(), request).await, Err(Reason::ContentEncoding));
    for (first, second) in [("1", "9"), ("9", "1"), ("1", "x")] {
        let mut request = post(ScriptedBody::untouchable());
        request.headers_mut().append("content-length", first.parse().unwrap());
        request.headers_mut().append("content-length", second.parse().unwrap());
        assert!(answer(RawBodyLayer::new().limit(8).unwrap(), request).await.is_err());
    }
    // A body that knows how long it is says so itself.
    let long = Full::new(Bytes::from_static(&[0; 9]));
    assert_eq!(answer(RawBodyLayer::new().limit(8).unwrap(), post(long)).await, Err(Reason::BodyTooLarge));
}

#[tokio::test]
async fn bodies_as_they_are_pass_and_compressed_ones_where_asked_for() {
    for (value, layer) in [
        ("identity", RawBodyLayer::new()),
        ("Identity", RawBodyLayer::new()),
        ("gzip", RawBodyLayer::new().take_compressed()),
    ] {
        let mut request = post(ScriptedBody::whole(b"as it is"));
        request.headers_mut().insert("content-encoding", value.parse().unwrap());
        assert_eq!(answer(layer, request).await.unwrap(), "as it is", "{value}");
    }
}

#[tokio::test]
async fn frames_without_end_that_hold_nothing_are_refused() {
    for step in [Step::Data(Bytes::new()), Step::Trailers] {
        let body = ScriptedBody::endless(step.clone());
        let polled = body.polled();
        assert_eq!(answer(RawBodyLayer::new(), post(body)).await, Err(Reason::BodyMalformed), "{step:?}");
        assert!(polled.load(Ordering::SeqCst) <= 1024);
    }
}

#[tokio::test]
async fn a_body_that_fails_is_the_sender_s_fault() {
    let begun = || Step::Data(Bytes::from_static(b"half"));
    for (kind, reason) in [
        (ErrorKind::ConnectionReset, Reason::BodyIncomplete),
        (ErrorKind::UnexpectedEof, Reason::BodyIncomplete),
        (ErrorKind::Other, Reason::BodyIncomplete),
        (ErrorKind::InvalidData, Reason::BodyMalformed),
        (ErrorKind::TimedOut, Reason::BodyTimeout),
    ] {
        let body = ScriptedBody::of([begun(), Step::Error(kind)]);
        assert_eq!(answer(RawBodyLayer::new(), post(body)).await, Err(reason), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_pauses_too_long_is_out_of_time() {
    let layer = || RawBodyLayer::new().idle_timeout(3 * SECOND).unwrap().deadline(60 * SECOND).unwrap();
    let byte = || Step::Data(Bytes::from_static(b"x"));
    for (steps, reads, ends) in [
        (vec![Step::Never], false, 3),
        (vec![byte(), Step::Never], false, 3),
        (vec![byte(), Step::Wait(2 * SECOND), byte(), Step::Never], false, 5),
        (vec![byte(), Step::Wait(2 * SECOND), byte(), Step::Wait(2 * SECOND), byte()], true, 4),
        (vec![Step::Wait(4 * SECOND), byte()], false, 3),
    ] {
        let began = Instant::now();
        let read = answer(layer(), post(ScriptedBody::of(steps.clone()))).await;
        assert_eq!(read.is_ok(), reads, "{steps:?}");
        assert!(reads || read == Err(Reason::BodyTimeout));
        assert_eq!(began.elapsed().as_secs(), ends, "{steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dripping_body_ends_with_its_deadline() {
    for (drip, limit) in [(SECOND, 10), (4 * SECOND, 10), (Duration::from_millis(1), 2)] {
        let deadline = Duration::from_secs(limit);
        let layer = RawBodyLayer::new().idle_timeout(5 * SECOND).unwrap().deadline(deadline).unwrap();
        let mut steps = Vec::new();
        for _ in 0..60_000 {
            steps.extend([Step::Wait(drip), Step::Data(Bytes::from_static(b"x"))]);
        }
        let began = Instant::now();
        assert_eq!(answer(layer, post(ScriptedBody::of(steps))).await, Err(Reason::BodyTimeout));
        assert_eq!(began.elapsed().as_secs(), limit, "{drip:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_grpc_is_one() {
    let mut request = post(ScriptedBody::untouchable());
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    request.headers_mut().insert("content-length", "9".parse().unwrap());
    let layer = RawBodyLayer::new().limit(8).unwrap();
    let response = ServiceBuilder::new().layer(layer).service_fn(echo).oneshot(request).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["grpc-status"]), (200, &"8".parse().unwrap()));
}

#[tokio::test]
async fn the_inner_service_is_asked_whether_it_is_ready_and_its_errors_are_its_own() {
    let (mock, mut handle) = mock::pair::<Request<RawBody<ScriptedBody>>, Response<Full<Bytes>>>();
    let mut service = ServiceBuilder::new().layer(RawBodyLayer::new()).service(mock);
    handle.allow(0);
    tokio_test::assert_pending!(tokio_test::task::spawn(service.ready()).poll());
    handle.allow(1);
    let answer = service.ready().await.unwrap().call(post(ScriptedBody::whole(b"x")));
    let (_, respond) = handle.next_request().await.unwrap();
    respond.send_error("the handler's own");
    assert_eq!(answer.await.unwrap_err().to_string(), "the handler's own");
}

#[tokio::test]
async fn limits_that_are_none_are_configuration_errors() {
    for error in [
        RawBodyLayer::new().limit(0).unwrap_err(),
        RawBodyLayer::new().limit(usize::MAX).unwrap_err(),
        RawBodyLayer::new().deadline(Duration::ZERO).unwrap_err(),
        RawBodyLayer::new().deadline(Duration::from_secs(3601)).unwrap_err(),
        RawBodyLayer::new().idle_timeout(Duration::ZERO).unwrap_err(),
        RawBodyLayer::new().idle_timeout(Duration::MAX).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ConfigErrorKind::Limit);
    }
}

#[tokio::test]
async fn a_body_is_never_shown() {
    let service = tower::service_fn(async |request: Request<RawBody<Full<Bytes>>>| {
        let shown = format!("{:?}", request.body());
        assert!(!shown.contains("hunter2"), "{shown}");
        Ok::<_, RawBodyError>(Response::new(Full::new(Bytes::new())))
    });
    let layer = RawBodyLayer::new().budget(BodyBudget::new(1));
    let service = ServiceBuilder::new().layer(layer.clone()).service(service);
    service.oneshot(post(Full::from("hunter2"))).await.unwrap();
    assert!(format!("{layer:?}").contains("RawBodyLayer"));
}
