//! What every layer must do that decides by the head alone, around whatever else stands in the stack.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::util::BoxCloneService;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// A body that nobody may ask for.
pub(crate) struct Untouchable;

impl Body for Untouchable {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("the body was polled");
    }
}

/// A refusal takes no place from those who pass: one in flight at a time, queued, shed, from inside and outside.
pub(crate) async fn works_around_limits_and_queues<L, ResBody>(
    layer: L,
    stranger: impl Fn() -> Request<Untouchable>,
    welcome: impl Fn() -> Request<Untouchable>,
) where
    L: Layer<Inner>,
    L::Service: Service<Request<Untouchable>, Response = Response<ResBody>, Error = tower::BoxError>,
    L::Service: Clone + Send + 'static,
    <L::Service as Service<Request<Untouchable>>>::Future: Send + 'static,
    ResBody: 'static,
{
    let reached = Arc::new(AtomicUsize::new(0));
    let handler = || {
        let reached = Arc::clone(&reached);
        service_fn(move |_: Request<Untouchable>| {
            reached.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, tower::BoxError>(Response::new(String::new())) }
        })
    };
    let one = || ConcurrencyLimitLayer::new(1);
    let (queue, shed) = (|| BufferLayer::<Request<Untouchable>>::new(1), LoadShedLayer::new);
    let limited = Inner::new(ServiceBuilder::new().layer(one()).service(handler()));
    let queued = Inner::new(ServiceBuilder::new().layer(queue()).service(handler()));
    let shedding = Inner::new(ServiceBuilder::new().layer(shed()).layer(one()).service(handler()));
    let plain = Inner::new(handler());
    let stacks = [
        BoxCloneService::new(layer.layer(limited)),
        BoxCloneService::new(layer.layer(queued)),
        BoxCloneService::new(ServiceBuilder::new().layer(shed()).service(layer.layer(shedding))),
        BoxCloneService::new(ServiceBuilder::new().layer(queue()).layer(one()).service(layer.layer(plain))),
    ];
    for service in stacks {
        reached.store(0, Ordering::Relaxed);
        for round in 1..=5 {
            let mut first = service.clone();
            let refused = first.ready().await.unwrap().call(stranger()).await.unwrap();
            assert_eq!(refused.status(), 403);
            drop(first);
            let mut second = service.clone();
            let ready = tokio::time::timeout(Duration::from_secs(5), second.ready()).await.unwrap().unwrap();
            assert_eq!(ready.call(welcome()).await.unwrap().status(), 200);
            assert_eq!(reached.load(Ordering::Relaxed), round);
        }
    }
}

/// What stands inside of the layer.
pub(crate) type Inner = BoxCloneService<Request<Untouchable>, Response<String>, tower::BoxError>;
