//! The layers as tower asks for them: ready when they should be, at rest under limits, with any body.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::unwrap_used)]

use std::convert::Infallible;
use std::fmt::Debug;
use std::future::{Ready, poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::buffer::Buffer;
use tower::limit::ConcurrencyLimit;
use tower::load_shed::{LoadShed, error::Overloaded};
use tower::{Layer, Service, ServiceBuilder, ServiceExt};
use tower_test::mock;
use tower_webhook::allowlist::AllowlistService;
use tower_webhook::body::{BodyBudget, ResponseBody};
use tower_webhook::challenge::{ChallengeService, HandshakeLayer, HandshakeService};
use tower_webhook::client_ip::TrustedProxies;
use tower_webhook::https_only::HttpsOnlyService;
use tower_webhook::idempotency::IdempotencyService;
use tower_webhook::metrics::MetricsService;
use tower_webhook::raw_body::RawBodyService;
use tower_webhook::signature::SignatureService;
use tower_webhook::stack::WebhookService;
use tower_webhook::testing::{self, TestDelivery};
use tower_webhook::{
    AllowlistLayer, ChallengeLayer, HttpsOnlyLayer, IdempotencyLayer, MetricsLayer, RawBodyLayer, Reason, Rejection,
    Secret, SignatureLayer, VerifiedBody, WebhookLayer, WebhookOptions, provider,
};

const SECRET: &str = "It's a Secret to Everybody";
const BODY: &str = r#"{"action":"opened"}"#;

fn github() -> WebhookLayer {
    WebhookLayer::new(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap()
}

fn delivery() -> TestDelivery {
    testing::delivery(provider::GITHUB, SECRET).json(BODY)
}

fn whole() -> Request<Full<Bytes>> {
    delivery().to_request()
}

/// The same delivery, its body in another form.
fn with_body<B>(body: B) -> Request<B> {
    delivery().to_request::<Bytes>().map(|_| body)
}

fn reason<B>(response: &Response<B>) -> Option<Reason> {
    response.extensions().get::<Rejection>().map(Rejection::reason)
}

async fn text<B: Body<Error: Debug>>(response: Response<B>) -> String {
    assert_eq!(response.status(), 200, "{:?}", reason(&response));
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().into()).unwrap()
}

/// Answers with the body of the request.
#[derive(Clone, Debug)]
struct Echo;

impl Service<Request<VerifiedBody>> for Echo {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<VerifiedBody>) -> Self::Future {
        ready(Ok(Response::new(Full::new(request.into_body().into_bytes()))))
    }
}

/// A body of these frames, which all are there at once.
struct Frames<I>(I);

impl<I> Body for Frames<I>
where
    I: Iterator<Item = Result<Frame<Bytes>, std::io::Error>> + Unpin,
{
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.0.next())
    }
}

fn data(byte: &[u8]) -> Result<Frame<Bytes>, std::io::Error> {
    Ok(Frame::data(Bytes::copy_from_slice(byte)))
}

mod limits {
    use super::*;

    type Handled = Response<Full<Bytes>>;

    #[tokio::test]
    async fn the_stack_works_inside_of_a_buffer_a_limit_and_a_load_shed() {
        let service = ServiceBuilder::new().buffer(4).concurrency_limit(1).load_shed().layer(github()).service(Echo);
        for _ in 0..3 {
            let answer = service.clone().oneshot(whole()).await.unwrap();
            assert_eq!(text(answer).await, BODY);
        }
        let refused = service.oneshot(delivery().tampered().to_request()).await.unwrap();
        assert_eq!(reason(&refused), Some(Reason::SignatureMismatch));
    }

    #[tokio::test]
    async fn the_stack_works_around_a_buffer_and_a_limit() {
        let service = github().layer(Buffer::new(ConcurrencyLimit::new(Echo, 1), 4));
        for _ in 0..3 {
            assert_eq!(text(service.clone().oneshot(whole()).await.unwrap()).await, BODY);
        }
    }

    #[tokio::test]
    async fn what_is_not_verified_holds_no_place_in_the_limit_around_the_handler() {
        let service = github().layer(ConcurrencyLimit::new(Echo, 1));
        let (mut drip, body) = Channel::<Bytes, Infallible>::new(4);
        let mut dripper = task::spawn(service.clone().oneshot(with_body(body)));
        drip.send_data(Bytes::from_static(b"{")).await.unwrap();
        assert_pending!(dripper.poll());

        assert_eq!(text(service.oneshot(whole()).await.unwrap()).await, BODY);

        drip.send_data(Bytes::from_static(&BODY.as_bytes()[1..])).await.unwrap();
        drop(drip);
        assert_eq!(text(dripper.await.unwrap()).await, BODY);
    }

    #[tokio::test]
    async fn a_handler_that_sheds_its_load_fails_with_its_own_error_and_the_claim_is_given_back() {
        let (handler, mut handle) = mock::pair::<Request<VerifiedBody>, Handled>();
        let service = github().layer(LoadShed::new(ConcurrencyLimit::new(handler, 1)));
        // The same signed bytes under another id would wait for the first.
        let (first, second) = (whole(), testing::delivery(provider::GITHUB, SECRET).json("{}"));
        let mut at_work = task::spawn(service.clone().oneshot(first));
        assert_pending!(at_work.poll());

        let shed = service.clone().oneshot(second.to_request::<Full<Bytes>>()).await.unwrap_err();
        assert!(shed.is::<Overloaded>(), "{shed}");

        let (_, answer) = handle.next_request().await.unwrap();
        answer.send_response(Response::new(Full::from("first")));
        assert_eq!(text(at_work.await.unwrap()).await, "first");

        let again = tokio::spawn(service.oneshot(second.to_request::<Full<Bytes>>()));
        let (_, answer) = handle.next_request().await.unwrap();
        answer.send_response(Response::new(Full::from("second")));
        assert_eq!(text(again.await.unwrap().unwrap()).await, "second");
    }
}

mod readiness {
    use super::*;

    type Handler = mock::Mock<Request<VerifiedBody>, Response<Full<Bytes>>>;

    #[tokio::test]
    async fn a_handler_that_becomes_ready_late_is_waited_for_by_who_is_verified_alone() {
        let (handler, mut handle): (Handler, _) = mock::pair();
        handle.allow(0);
        let mut service = github().layer(handler);
        assert_ready_ok!(task::spawn(()).enter(|cx, _| Service::<Request<Full<Bytes>>>::poll_ready(&mut service, cx)));

        let mut call = task::spawn(service.call(whole()));
        assert_pending!(call.poll());
        let refused = service.call(delivery().tampered().to_request::<Full<Bytes>>()).await.unwrap();
        assert_eq!(reason(&refused), Some(Reason::SignatureMismatch));
        assert_pending!(call.poll());

        handle.allow(1);
        assert!(call.is_woken());
        assert_pending!(call.poll());
        let (request, answer) = handle.next_request().await.unwrap();
        assert_eq!(request.body().bytes(), BODY);
        answer.send_response(Response::new(Full::from("late")));
        assert_eq!(text(call.await.unwrap()).await, "late");
    }

    #[tokio::test]
    async fn an_error_of_readiness_is_handed_on_as_it_is() {
        let (handler, mut handle): (Handler, _) = mock::pair();
        handle.send_error("the database is gone");
        let mut service = github().layer(handler);
        let error = service.call(whole()).await.unwrap_err();
        assert_eq!(error.to_string(), "the database is gone");
    }

    /// Whether a layer is ready while the service inside of it is not.
    fn is_ready<L, B>(layer: &L) -> bool
    where
        L: Layer<mock::Mock<Request<B>, Response<Full<Bytes>>>>,
        L::Service: Service<Request<Full<Bytes>>>,
    {
        let (inner, mut handle) = mock::pair();
        handle.allow(0);
        let mut service = layer.layer(inner);
        let mut ready = || task::spawn(()).enter(|cx, _| service.poll_ready(cx).is_ready());
        let at_once = ready();
        handle.allow(1);
        assert!(ready(), "it is ready when the inner one is");
        at_once
    }

    #[tokio::test]
    async fn layers_that_judge_the_head_are_as_ready_as_what_is_inside_of_them() {
        assert!(!is_ready(&HttpsOnlyLayer::new(TrustedProxies::none())));
        assert!(!is_ready(&AllowlistLayer::new(["192.0.2.0/24"]).unwrap()));
        assert!(!is_ready(&RawBodyLayer::new()));
        assert!(!is_ready(&(RawBodyLayer::new(), HandshakeLayer::new(provider::META))));
        assert!(!is_ready(&MetricsLayer::new("github")));
    }

    #[tokio::test]
    async fn layers_that_wait_for_a_body_are_always_ready() {
        let signature = SignatureLayer::new(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap();
        assert!(is_ready(&github()));
        // The limits outside of the signature forward what the signature says.
        assert!(is_ready(&(RawBodyLayer::new(), signature)));
    }
}

mod bodies {
    use super::*;

    async fn send<B>(layer: WebhookLayer, request: Request<B>) -> Response<impl Body<Data = Bytes, Error: Debug>>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        layer.layer(Echo).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn an_empty_body_is_a_body() {
        let delivery = testing::delivery(provider::GITHUB, SECRET).json("");
        assert_eq!(text(send(github(), delivery.to_request::<Full<Bytes>>()).await).await, "");
    }

    #[tokio::test]
    async fn a_body_in_frames_of_one_byte_is_the_same_body() {
        let frames = BODY.bytes().flat_map(|byte| [data(&[]), data(&[byte])]);
        assert_eq!(text(send(github(), with_body(Frames(frames))).await).await, BODY);
    }

    #[tokio::test]
    async fn trailers_belong_to_no_body() {
        let mut trailers = HeaderMap::new();
        trailers.insert("x-hub-signature-256", HeaderValue::from_static("sha256=00"));
        let frames = [data(BODY.as_bytes()), Ok(Frame::trailers(trailers))].into_iter();
        assert_eq!(text(send(github(), with_body(Frames(frames))).await).await, BODY);
    }

    #[tokio::test]
    async fn a_body_without_end_ends_at_the_limit() {
        let budget = BodyBudget::new(1 << 20);
        let layer = github().body_limit(64 * 1024).unwrap().body_budget(budget.clone());
        let endless = Frames(std::iter::repeat_with(|| data(&[b'x'; 1000])));
        assert_eq!(reason(&send(layer, with_body(endless)).await), Some(Reason::BodyTooLarge));
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn a_body_of_empty_frames_without_end_is_no_body() {
        let endless = Frames(std::iter::repeat_with(|| data(&[])));
        assert_eq!(reason(&send(github(), with_body(endless)).await), Some(Reason::BodyMalformed));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused_and_its_bytes_are_given_back() {
        let budget = BodyBudget::new(1 << 20);
        let broken = Frames([data(b"{"), Err(std::io::ErrorKind::ConnectionReset.into())].into_iter());
        let refused = send(github().body_budget(budget.clone()), with_body(broken)).await;
        assert_eq!(reason(&refused), Some(Reason::BodyIncomplete));
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_to_come_is_not_waited_for_for_ever() {
        let (mut drip, body) = Channel::<Bytes, Infallible>::new(4);
        drip.send_data(Bytes::from_static(b"{")).await.unwrap();
        let began = tokio::time::Instant::now();
        let refused = send(github().body_deadline(Duration::from_secs(3)).unwrap(), with_body(body)).await;
        assert_eq!(reason(&refused), Some(Reason::BodyTimeout));
        assert!(began.elapsed() <= Duration::from_secs(4), "{:?}", began.elapsed());
        assert!(drip.send_data(Bytes::from_static(b"}")).await.is_err(), "the body is dropped");
    }

    #[tokio::test]
    async fn a_delivery_whose_sender_goes_away_in_the_body_leaves_nothing_behind() {
        let budget = BodyBudget::new(1 << 20);
        let service = github().body_budget(budget.clone()).layer(ConcurrencyLimit::new(Echo, 1));
        let (mut drip, body) = Channel::<Bytes, Infallible>::new(4);
        drip.send_data(Bytes::from_static(b"{")).await.unwrap();
        let mut call = task::spawn(service.clone().oneshot(with_body(body)));
        assert_pending!(call.poll());
        assert_eq!(budget.used(), 1);
        drop(call);
        assert_eq!(budget.used(), 0);
        assert_eq!(text(service.oneshot(whole()).await.unwrap()).await, BODY);
    }
}

mod types {
    use super::*;

    fn shareable<T: Clone + Debug + Send + Sync + 'static>() {}

    fn travels<T: Debug + Send + 'static>(_: &T) {}

    #[test]
    fn layers_and_services_are_shared_cloned_and_shown() {
        shareable::<AllowlistLayer>();
        shareable::<AllowlistService<Echo>>();
        shareable::<ChallengeLayer>();
        shareable::<ChallengeService<Echo>>();
        shareable::<HandshakeLayer>();
        shareable::<HandshakeService<Echo>>();
        shareable::<HttpsOnlyLayer>();
        shareable::<HttpsOnlyService<Echo>>();
        shareable::<IdempotencyLayer>();
        shareable::<IdempotencyService<Echo>>();
        shareable::<MetricsLayer>();
        shareable::<MetricsService<Echo>>();
        shareable::<RawBodyLayer>();
        shareable::<RawBodyService<Echo>>();
        shareable::<SignatureLayer>();
        shareable::<SignatureService<Echo>>();
        shareable::<WebhookLayer>();
        shareable::<WebhookOptions>();
        shareable::<WebhookService<Echo>>();
        shareable::<tower_webhook::axum::IntoAxumBodyLayer>();
        shareable::<tower_webhook::axum::IntoAxumBodyService<Echo>>();
        shareable::<tower_webhook::Delivery>();
        shareable::<tower_webhook::Secrets>();
        shareable::<VerifiedBody>();
    }

    #[tokio::test]
    async fn futures_travel_between_threads_and_stay_small() {
        let mut stack = github().layer(Echo);
        let mut single = ServiceBuilder::new()
            .layer(RawBodyLayer::new())
            .layer(SignatureLayer::new(provider::GITHUB, Secret::new(SECRET).unwrap()).unwrap())
            .service(Echo);
        poll_fn(|cx| Service::<Request<Full<Bytes>>>::poll_ready(&mut single, cx)).await.unwrap();

        let (of_stack, of_single) = (stack.call(whole()), single.call(whole()));
        let of_axum = stack.call(with_body(axum::body::Body::from(BODY)));
        travels(&of_stack);
        travels(&of_single);
        let sizes = [size_of_val(&of_stack), size_of_val(&of_axum), size_of_val(&of_single)];
        println!("bytes: the stack {}, with axum's body {}, raw body and signature {}", sizes[0], sizes[1], sizes[2]);
        assert!(sizes.iter().all(|size| *size <= 2048), "{sizes:?}");

        let response: Response<ResponseBody<_>> = of_stack.await.unwrap();
        travels(&response);
    }
}
