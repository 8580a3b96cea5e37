//! What becomes of the handler's answer.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use http_body::{Frame, SizeHint};
use http_body_util::Empty;

use super::*;

/// A body of frames that are there at once; at their end it is over, or waits for ever.
struct Frames {
    frames: VecDeque<Result<Frame<Bytes>, &'static str>>,
    length: Option<u64>,
    endless: bool,
}

impl Frames {
    fn of(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self { frames: frames.into_iter().map(Ok).collect(), length: None, endless: false }
    }

    fn data(text: &'static str) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(text.as_bytes()))
    }

    fn grpc(status: &'static str) -> Self {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static(status));
        Self::of([Self::data("message"), Frame::trailers(trailers)])
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        match self.frames.pop_front() {
            None if self.endless => Poll::Pending,
            frame => Poll::Ready(frame),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn status(status: u16) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from("x")).unwrap()
}

/// How often the handler runs for two deliveries of one id, and what the second is answered.
async fn twice<R>(layer: IdempotencyLayer, answer: impl Fn() -> Response<R> + Clone + Send + 'static) -> (usize, Answer)
where
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: std::fmt::Debug,
{
    let runs = Runs::default();
    let service = layer.layer(handler(&runs, move |_| answer()));
    drop(service.clone().oneshot(delivery("e1")).await.unwrap());
    let second = send(&service, delivery("e1")).await;
    (runs.count(), second)
}

#[tokio::test]
async fn success_is_recorded_and_everything_else_released() {
    for code in [200, 201, 202, 204] {
        let (runs, again) = twice(IdempotencyLayer::in_memory(), move || status(code)).await;
        assert_eq!((runs, again.status().as_u16(), outcome(&again)), (1, code, Some(Outcome::Duplicate)));
    }
    for code in [301, 302, 400, 404, 408, 409, 410, 422, 425, 429, 500, 502, 503] {
        let (runs, again) = twice(IdempotencyLayer::in_memory(), move || status(code)).await;
        assert_eq!((runs, again.status().as_u16(), outcome(&again)), (2, code, None));
    }
}

#[tokio::test]
async fn client_errors_are_recorded_if_asked_for() {
    for (code, expected) in [(400, 1), (422, 1), (408, 2), (425, 2), (429, 2), (500, 2), (302, 2)] {
        let (runs, _) = twice(IdempotencyLayer::in_memory().cache_client_errors(), move || status(code)).await;
        assert_eq!(runs, expected, "{code}");
    }
}

#[tokio::test]
async fn the_handlers_own_word_goes_before_the_status() {
    for (code, directive, expected) in [(500, Directive::Complete, 1), (200, Directive::Release, 2)] {
        let (runs, _) = twice(IdempotencyLayer::in_memory(), move || {
            let mut response = status(code);
            response.extensions_mut().insert(directive);
            response
        })
        .await;
        assert_eq!(runs, expected, "{code}");
    }
}

#[tokio::test]
async fn a_replay_has_status_headers_and_body_but_no_cookie() {
    let layer = IdempotencyLayer::in_memory().store_header(http::HeaderName::from_static("x-mine"));
    let (runs, again) = twice(layer, || {
        let builder = Response::builder().status(201).header("content-type", "text/plain").header("x-mine", "1");
        builder.header("set-cookie", "session=1").header("x-other", "1").body(Full::from("made")).unwrap()
    })
    .await;
    assert_eq!((runs, again.status().as_u16(), &again.body()[..]), (1, 201, &b"made"[..]));
    assert_eq!((header(&again, "content-type"), header(&again, "x-mine")), (Some("text/plain"), Some("1")));
    assert_eq!(header(&again, "idempotent-replayed"), Some("true"));
    assert_eq!((header(&again, "set-cookie"), header(&again, "x-other")), (None, None));
}

#[tokio::test]
async fn an_answer_without_a_body_is_replayed_as_it_was() {
    let (runs, again) = twice(IdempotencyLayer::in_memory(), || Response::new(Empty::<Bytes>::new())).await;
    assert_eq!((runs, header(&again, "idempotent-replayed")), (1, Some("true")));
}

#[tokio::test]
async fn a_body_over_the_limit_goes_out_whole_and_is_replayed_without() {
    let runs = Runs::default();
    let layer = IdempotencyLayer::in_memory().max_stored_body(4);
    let service = layer.layer(handler(&runs, |_| Response::new(Full::from("12345"))));
    assert_eq!(&send(&service, delivery("e1")).await.body()[..], b"12345");
    let again = send(&service, delivery("e1")).await;
    assert_eq!(header(&again, "idempotent-replayed"), Some("true; body=omitted"));
    assert_eq!((runs.count(), again.body().len(), again.status().as_u16()), (1, 0, 200));
    let (_, again) =
        twice(IdempotencyLayer::in_memory().max_stored_body(4), || Response::new(Full::from("1234"))).await;
    assert_eq!(&again.body()[..], b"1234");
}

#[tokio::test]
async fn a_stream_is_never_held_back() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory()
        .layer(handler(&runs, |_| Response::new(Frames { endless: true, ..Frames::of([Frames::data("first")]) })));
    let mut response = service.clone().oneshot(delivery("e1")).await.unwrap();
    let frame = response.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(&frame.into_data().unwrap()[..], b"first");
    let again = send(&service, delivery("e1")).await;
    assert_eq!((runs.count(), header(&again, "idempotent-replayed")), (1, Some("true; body=omitted")));
}

#[tokio::test]
async fn a_body_that_breaks_off_or_lies_about_its_length_is_recorded_without() {
    let broken = || Frames {
        frames: [Ok(Frames::data("ha")), Err("broken")].into_iter().collect(),
        length: Some(4),
        endless: false,
    };
    let long = || Frames { length: Some(4), ..Frames::of([Frames::data("half-way")]) };
    let short = || Frames { length: Some(4), ..Frames::of([Frames::data("ha")]) };
    for (make, first) in [(&broken as &(dyn Fn() -> Frames + Sync), "ha"), (&long, "half-way"), (&short, "ha")] {
        let runs = Runs::default();
        let bodies = Mutex::new(vec![make(), make()]);
        let bodies = Arc::new(bodies);
        let service = IdempotencyLayer::in_memory()
            .layer(handler(&runs, move |_| Response::new(bodies.lock().unwrap().pop().unwrap())));
        let response = service.clone().oneshot(delivery("e1")).await.unwrap();
        assert!(!response.body().is_end_stream());
        // What was promised is still promised, so the server sees that it is not kept.
        assert!(response.body().size_hint().exact().is_some_and(|length| length >= 4));
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), first);
        let again = send(&service, delivery("e1")).await;
        assert_eq!((runs.count(), header(&again, "idempotent-replayed")), (1, Some("true; body=omitted")));
    }
}

fn grpc(body: Frames) -> Response<Frames> {
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}

#[tokio::test]
async fn a_grpc_call_is_judged_by_its_status_and_replayed_with_its_trailers() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(handler(&runs, |_| grpc(Frames::grpc("0"))));
    for again in [false, true] {
        let response = service.clone().oneshot(delivery("e1")).await.unwrap();
        assert_eq!(response.extensions().get() == Some(&Outcome::Duplicate), again);
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        assert_eq!(&body.to_bytes()[..], b"message");
    }
    assert_eq!(runs.count(), 1);
    for status in ["14", "13", "x"] {
        assert_eq!(twice(IdempotencyLayer::in_memory(), move || grpc(Frames::grpc(status))).await.0, 2, "{status}");
    }
    let untold = || grpc(Frames::of([Frames::data("message")]));
    assert_eq!(twice(IdempotencyLayer::in_memory(), untold).await.0, 2);
}

#[tokio::test]
async fn a_grpc_answer_that_breaks_off_or_is_large_goes_out_as_it_is_and_is_released() {
    let broken = || {
        let frames = [Ok(Frames::data("ha")), Err("broken"), Ok(Frames::data("rest"))].into_iter().collect();
        grpc(Frames { frames, length: None, endless: false })
    };
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(handler(&runs, move |_| broken()));
    assert_eq!(&send(&service, delivery("e1")).await.body()[..], b"harest");
    send(&service, delivery("e1")).await;
    assert_eq!(runs.count(), 2);

    const MIB: usize = 1024 * 1024;
    let large = || grpc(Frames::of((0..6).map(|_| Frame::data(Bytes::from(vec![7; MIB])))));
    let (runs, again) = twice(IdempotencyLayer::in_memory(), large).await;
    assert_eq!((runs, again.body().len()), (2, 6 * MIB));
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let smaller = move || {
        let data = (0..3).map(|_| Frame::data(Bytes::from(vec![7; MIB])));
        grpc(Frames::of(data.chain([Frame::trailers(trailers.clone())])))
    };
    let (runs, again) = twice(IdempotencyLayer::in_memory(), smaller).await;
    assert_eq!((runs, outcome(&again)), (1, Some(Outcome::Duplicate)));
}

#[tokio::test(start_paused = true)]
async fn a_large_grpc_answer_goes_out_before_it_has_ended() {
    let large = || (0..6).map(|_| Frame::data(Bytes::from(vec![7; 1024 * 1024])));
    let answer = move |_| grpc(Frames { endless: true, ..Frames::of(large()) });
    let service = IdempotencyLayer::in_memory().layer(handler(&Runs::default(), answer));
    let answer = tokio::time::timeout(Duration::from_secs(10), service.oneshot(delivery("e1"))).await;
    let mut answer = answer.expect("it is not held back").unwrap();
    assert!(!answer.body_mut().frame().await.unwrap().unwrap().into_data().unwrap().is_empty());
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_with_500_and_the_next_delivery_runs() {
    let runs = Runs::default();
    let layer = IdempotencyLayer::in_memory();
    let service = layer.layer(handler(&runs, |run| if run < 3 { panic!("secret detail") } else { ok() }));
    let answer = send(&service, delivery("e1")).await;
    assert_eq!((answer.status().as_u16(), outcome(&answer)), (500, Some(Outcome::HandlerPanic)));
    assert_eq!(header(&answer, "content-type"), Some("application/problem+json"));
    assert!(!String::from_utf8_lossy(answer.body()).contains("secret") && reason(&answer).is_none());
    let mut grpc = delivery("e1");
    grpc.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    let answer = send(&service, grpc).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "grpc-status")), (200, Some("13")));
    assert_eq!(send(&service, delivery("e1")).await.status(), 200);
    assert_eq!((runs.count(), layer.drain().running(), layer.drain().abandoned()), (3, 0, 0));
}

#[tokio::test]
async fn a_panic_in_the_future_or_in_dropping_it_is_no_different() {
    struct PanicsInDrop;
    impl Drop for PanicsInDrop {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(service_fn({
        let runs = runs.clone();
        move |_: Request<VerifiedBody>| {
            let run = runs.add();
            async move {
                tokio::task::yield_now().await;
                match run {
                    1 => panic!("in the future"),
                    2 => {
                        let guard = PanicsInDrop;
                        std::future::pending::<()>().await;
                        drop(guard);
                    }
                    _ => {}
                }
                Ok::<_, Infallible>(ok())
            }
        }
    }));
    let service = service;
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::HandlerPanic));
    tokio::time::pause();
    // The handler is dropped when its time is over, and panics then.
    assert_eq!(outcome(&send(&service, delivery("e1")).await), Some(Outcome::HandlerTimeout));
    assert_eq!(send(&service, delivery("e1")).await.status(), 200);
    assert_eq!(runs.count(), 3);
}

#[tokio::test]
async fn an_error_of_the_inner_service_is_passed_on_and_the_claim_released() {
    let runs = Runs::default();
    let service = IdempotencyLayer::in_memory().layer(service_fn({
        let runs = runs.clone();
        move |_: Request<VerifiedBody>| {
            let run = runs.add();
            async move { if run == 1 { Err("down") } else { Ok(ok()) } }
        }
    }));
    assert_eq!(service.clone().oneshot(delivery("e1")).await.unwrap_err(), "down");
    assert_eq!(send(&service, delivery("e1")).await.status(), 200);
    assert_eq!(runs.count(), 2);
}
